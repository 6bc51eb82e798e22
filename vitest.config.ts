import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/cli/build-once.ts'],
    setupFiles: ['test/fuzz/seed.ts'],
    pool: 'threads',
    // Most of the time is that of commands which are run: two at a time also where there are two cores.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
