// Runs the tests that look at pages in headless Chromium (test/browser), which need Debian's package chromium:
//   npm run test:browser [-- FILE…]
import { runCounted } from './counted-tests.ts';

runCounted('vitest.browser.config.ts');
