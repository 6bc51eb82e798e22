/** Files of the fixtures as seeds, read once. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every file with that ending below fixtures/, from the project's root, which is the working directory. */
export function fixtureSeeds(ending: string): { name: string; bytes: Uint8Array }[] {
  return readdirSync('fixtures', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => ({ name, bytes: new Uint8Array(readFileSync(join('fixtures', name))) }));
}
