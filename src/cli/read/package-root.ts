/** Where this package lies. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Above `dist` when this is built, else above the sources. */
export function packageRoot(): string {
  const here = import.meta.url;
  const file = here.startsWith('file:') ? fileURLToPath(here) : here;
  return join(dirname(file), file.endsWith('.ts') ? '../../..' : '..');
}
