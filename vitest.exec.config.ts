/** Tests that run real programs under `dmaheap exec`: they need Linux and a C compiler. `npm run test:exec`. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/native/**/*.test.ts'],
    globalSetup: ['test/cli/build-once.ts'],
    pool: 'forks',
    maxWorkers: 2,
    maxConcurrency: 3,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
