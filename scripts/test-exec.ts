// Runs the tests of real programs under `dmaheap exec` (test/native), which need Linux and a C compiler:
//   npm run test:exec [-- FILE…]
import { runCounted } from './counted-tests.ts';

runCounted('vitest.exec.config.ts');
