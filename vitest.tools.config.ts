/** Tests against tools of others: dtc, cpp, the shells of a target. `npm run test:tools`; .ci/run installs them. */
import { defineConfig } from 'vitest/config';
import { WITH_TOOLS } from './vitest.config.ts';

export default defineConfig({
  test: {
    include: WITH_TOOLS,
    maxWorkers: 2,
    setupFiles: ['test/fuzz/seed.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
