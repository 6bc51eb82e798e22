/** Builds the command before the tests run it. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export function setup(): void {
  const build = fileURLToPath(new URL('../../scripts/build.mjs', import.meta.url));
  execFileSync(process.execPath, [build, '--bundle-only'], { stdio: ['ignore', 'ignore', 'inherit'] });
}
