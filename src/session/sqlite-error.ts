/** What the errors of SQLite mean for a session. */
import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { CHECK, FREE_SPACE, SessionError } from './session-error.ts';

/** The (extended) result code that SQLite gave, or `undefined` for other errors. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}

/** Another connection has the lock. */
const BUSY = 5;
/** What SQLite says when others kept it from beginning a view again and again, for ten seconds. */
const PROTOCOL = 15;

/**
 * Whether others are at work. Of the extended codes too: one says that another process reads a log through
 * that a killed one has left.
 */
export function isBusy(error: unknown): boolean {
  const code = (sqliteCode(error) ?? 0) & 0xff;
  return code === BUSY || code === PROTOCOL;
}

const ERROR = 1;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;
/** Of IOERR: what a write answers at a file-size limit, and what the shared index does on a full disk. */
const IOERR_WRITE = 778;
const IOERR_SHMSIZE = 4874;

/** What an error of SQLite means; other errors are returned as they are. */
export function storeError(error: unknown, directory: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined || error instanceof SessionError) return error;
  const text = error instanceof Error ? error.message : '';
  const named = (name: 'damaged' | 'unreadable' | 'disk-full', message: string, hint?: string) =>
    new SessionError(
      `session-${name}`,
      `${message} ${dirname(directory)}: ${text} (SQLite ${code})`,
      hint,
      error,
    );
  if (code === FULL || code === IOERR_WRITE || code === IOERR_SHMSIZE) return diskFull(named);
  switch (code & 0xff) {
    case FULL:
      return diskFull(named);
    case CORRUPT:
    case NOTADB:
    case ERROR:
      return named('damaged', 'damage was found in the session', CHECK);
    case IOERR:
      if (isFull(directory)) return diskFull(named);
      return named('unreadable', 'cannot use the session');
    case READONLY:
    case CANTOPEN:
      return named(
        'unreadable',
        'cannot use the session',
        'see that its directory and its disk are writable',
      );
    default:
      return error;
  }
}

type Named = (name: 'disk-full', message: string, hint: string) => SessionError;

const diskFull = (named: Named): SessionError =>
  named('disk-full', 'its disk is full or a limit is reached: cannot write the session', FREE_SPACE);

/** What SQLite makes at a time, its shared index, is 32 KiB. */
const LEAST = 64 << 10;

/** @param directory the store's, which may not be there yet; that of the session is */
function isFull(directory: string): boolean {
  try {
    const { bavail, bsize, ffree } = statfsSync(dirname(directory));
    return bavail * bsize < LEAST || ffree === 0;
  } catch {
    return false;
  }
}
