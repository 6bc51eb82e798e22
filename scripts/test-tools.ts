// Runs the tests against tools of others: dtc, cpp, the shells of a target.
//   npm run test:tools [-- FILE…]
import { runCounted } from './counted-tests.ts';

runCounted('vitest.tools.config.ts');
