/** Makes the empty store of a session. */
import { closeSync, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { createOwn, makeFreshDirectory, removeDirectory, renameHost, syncDirectory } from './host-files.ts';
import { fileError, SessionError, systemCode } from './session-error.ts';
import { Connection, CREATE, filesOf } from './sqlite-connection.ts';
import { storeError } from './sqlite-error.ts';

/**
 * Makes an empty store, whole or not at all: it is built under another name and renamed. So there is never
 * a log of an older store beside a new one, from which that would rise again.
 *
 * @returns false when there is one
 */
export function createStore(directory: string): boolean {
  let fresh: string | undefined;
  try {
    fresh = makeFreshDirectory(`${directory}.`);
    const [database = ''] = filesOf(fresh);
    // SQLite would make it 0644; its other files inherit the mode.
    closeSync(createOwn(database));
    const connection = new Connection(database);
    try {
      connection.run(CREATE);
      const [mode] = connection.run('SELECT row(journal_mode) FROM pragma_journal_mode');
      if (mode?.[0] !== 'wal') {
        throw new SessionError(
          'session-unreadable',
          `the file system of ${dirname(directory)} cannot hold a session: it has no shared memory maps`,
          'name a directory on a local disk with --session',
        );
      }
    } finally {
      connection.close();
    }
    syncDirectory(fresh);
    renameHost(fresh, directory);
    syncDirectory(dirname(directory));
    return true;
  } catch (error) {
    const cleared = fresh !== undefined && !existsSync(fresh);
    // Before what takes the room is removed.
    const told = storeError(fileError(error, `make ${directory}`), directory);
    try {
      if (fresh !== undefined) removeDirectory(fresh);
    } catch {
      // The first error is the one that says something; what is left is swept by a later boot.
    }
    // Another boot was faster. It may have cleared this one's half away, too.
    if (['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) return false;
    if (cleared && existsSync(directory)) return false;
    throw told;
  }
}
