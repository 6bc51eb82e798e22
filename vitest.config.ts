import { defineConfig } from 'vitest/config';

/** Tests of command lines, which have a directory of their own as the current one: a thread cannot have one. */
const COMMAND_LINES = ['test/{cli,docs}/**/*.test.ts'];

/** What is compared with dtc, cpp and the shells of a target at length: vitest.tools.config.ts. */
export const WITH_TOOLS = [
  'test/devicetree/dtb-against-dtc.test.ts',
  'test/devicetree/dts/differential.test.ts',
  'test/devicetree/cpp/against-cpp.test.ts',
  'test/reconstruct/capture.test.ts',
];

export default defineConfig({
  test: {
    globalSetup: ['test/cli/build-once.ts'],
    // Most of the time is that of commands which are run: two at a time also where there are two cores.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'core',
          include: ['test/**/*.test.ts'],
          // Those of test/native run real programs: npm run test:exec. Those of test/browser a browser: test:browser.
          exclude: [...COMMAND_LINES, ...WITH_TOOLS, 'test/native/**', 'test/browser/**'],
          pool: 'threads',
          // Modules keep nothing that another file could see; loading them anew for each costs a fifth of the time.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'command lines', include: COMMAND_LINES, pool: 'forks' } },
    ],
    setupFiles: ['test/fuzz/seed.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
