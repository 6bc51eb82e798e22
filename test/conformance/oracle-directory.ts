/** Where recorded cases lie on disk. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OracleCase } from './oracle-case.ts';
import { parseCase } from './oracle-case.ts';

/** Where a case lies. */
export interface CaseFile {
  /** `mixed` for `cases/mixed.json`, `cases-6.12/mixed` for another kernel's. */
  readonly id: string;
  readonly file: string;
  readonly boards: string;
}

/**
 * The cases of an oracle directory: `cases/*.json`, then `cases-*` of other kernels, by name.
 *
 * @throws when the directory cannot be read
 */
export function findCases(directory: string): CaseFile[] {
  const folders = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^cases(-.+)?$/.test(entry.name))
    .map((entry) => entry.name)
    .sort();
  return folders.flatMap((folder) =>
    readdirSync(join(directory, folder))
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => {
        const base = name.slice(0, -'.json'.length);
        return {
          id: folder === 'cases' ? base : `${folder}/${base}`,
          file: join(directory, folder, name),
          boards: join(directory, 'boards'),
        };
      }),
  );
}

/** Reads a case. @throws BadCase */
export const readCase = (found: CaseFile): OracleCase =>
  parseCase(readFileSync(found.file, 'utf8'), found.file);
