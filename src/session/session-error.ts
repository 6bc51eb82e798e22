/**
 * Why a session cannot be used: the answer that ends in exit code 4. Not a bug, and no emulated errno.
 */

export type SessionErrorCode =
  | 'session-missing' // nothing there, or made but never booted
  | 'session-exists' // something is there that must not be overwritten
  | 'session-has-buffers' // a boot would throw live buffers away
  | 'session-not-a-session' // the path is something else
  | 'session-busy' // another process held its lock for too long
  | 'session-served' // programs run on it, from whom it would be taken
  | 'session-untrusted' // somebody else could have made or changed it
  | 'session-format' // written by another version, or for another architecture or byte order
  | 'session-history-cut' // its journal has dropped the oldest entries
  | 'session-damaged' // its files contradict themselves
  | 'session-unreadable' // permissions, a read-only disk, an input or output error
  | 'session-disk-full'; // no space, quota or file-size limit reached

export class SessionError extends Error {
  readonly code: SessionErrorCode;
  /** What to do about it, in one sentence. */
  readonly hint?: string;

  constructor(code: SessionErrorCode, message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SessionError';
    this.code = code;
    if (hint !== undefined) this.hint = hint;
  }
}

/** The `code` of a system error (`ENOSPC`), or `undefined` for anything else: those of Node and SQLite have a `_` in it. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && !error.code.includes('_') ? error.code : undefined;
}

/**
 * Turns a failed file operation into a SessionError by name; anything that is not a system error is
 * returned as it is, because it is a bug.
 *
 * @param what the operation, as in `cannot write <path>`
 */
export function fileError(error: unknown, what: string): unknown {
  const code = systemCode(error);
  if (code === undefined || error instanceof SessionError) return error;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new SessionError(
        'session-disk-full',
        `cannot ${what}: no space left for the session (${code})`,
        FREE_SPACE,
        error,
      );
    case 'ENOENT':
      return new SessionError('session-damaged', `cannot ${what}: the file is gone`, CHECK, error);
    default:
      return new SessionError('session-unreadable', `cannot ${what}: ${code}`, undefined, error);
  }
}

export const FREE_SPACE = 'free some space; nothing that was committed is lost';
/** After a damage that was met in passing: no command advises to remove a session on a suspicion. */
export const CHECK = 'see what is wrong, and what can be done, with: dmaheap session check';
/** Where there is nothing left to find out. */
export const ANOTHER =
  'use the dmaheap that made it, or another directory (--session DIR); dmaheap session rm removes it';
