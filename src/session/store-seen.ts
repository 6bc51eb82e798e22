/**
 * Whether store.mdb is as one of us left it. After each commit, what stat(2) says of the file is noted
 * beside it (store.mdb.seen); when it still says so, nobody else has written to it, and it need not be
 * read through. The note is a hint: when it is missing, torn or late because its writer was killed, or
 * the session was copied, the next one to open the session reads the store through and notes it again.
 */
import { closeSync, fstatSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { fileError, REBOOT, SessionError, systemCode } from './session-error.ts';
import { type CheckValue, findDamage, lastTransaction, StoreFile } from './store-check.ts';

const notePath = (path: string): string => `${path}.seen`;

interface Identity {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** The time of the last change cannot be set, so a tool that restores the others is noticed too. */
const describe = (stat: Identity): string => `${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}\n`;

/** Notes that the store is good as it is: to be called after a commit. */
export function noteStore(path: string): void {
  try {
    writeFileSync(notePath(path), describe(statSync(path, { bigint: true })), { mode: 0o600 });
  } catch (error) {
    // A hint that cannot be written, on a full or read-only disk, costs the next one some time.
    if (systemCode(error) === undefined) throw error;
  }
}

/**
 * Checks a store before LMDB gets it.
 *
 * @param check says of each value whether it is good, when the store has to be read through
 * @returns false when there is no store yet
 * @throws SessionError when it is damaged or unreadable
 */
export function checkStore(path: string, check: CheckValue): boolean {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw fileError(error, `read ${path}`);
  }
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (stat.isFile() && stat.size === 0n) return false;
    if (readNote(path) === describe(stat)) return true;
    checkPages(path, fd, check);
    noteStore(path);
    return true;
  } catch (error) {
    throw fileError(error, `read ${path}`);
  } finally {
    closeSync(fd);
  }
}

/** Enough for a reader that is always overtaken to be sure that writers are at work. */
const ATTEMPTS = 5;

function checkPages(path: string, fd: number, check: CheckValue): void {
  const file = new StoreFile(fd);
  // Without LMDB's locks a walk may meet pages that a writer is using again: then the last transaction
  // is another one afterwards. A store that others commit to all the time is in use and not damaged.
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = lastTransaction(file);
    const damage = findDamage(file, check);
    if (damage === undefined) return;
    if (before !== undefined && before !== lastTransaction(file)) continue;
    throw new SessionError('session-damaged', `${path} is damaged: ${damage}`, REBOOT);
  }
}

function readNote(path: string): string | undefined {
  try {
    return readFileSync(notePath(path), 'utf8');
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}
