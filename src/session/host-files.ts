/**
 * The files of the host that sessions are kept in: one place for every call that opens, writes, syncs,
 * renames, cuts or removes one, so that tests can let each of them fail (`onHostCall`), and so that no
 * file is used that somebody else could have put there (`openOwn`).
 *
 * The store's own files are SQLite's alone: opening and closing them here would drop its locks.
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { fileError, SessionError, systemCode } from './session-error.ts';

export type HostCall =
  | 'open'
  | 'write'
  | 'fsync'
  | 'truncate'
  | 'rename'
  | 'unlink'
  | 'mkdir'
  | 'rmdir'
  | 'chmod';

/**
 * Called before each call that changes something; it may throw a system error instead of it. For a write
 * it may also return how many bytes are written before the write fails with ENOSPC.
 */
export type HostCallHook = (call: HostCall, path: string) => number | undefined;

let hook: HostCallHook | undefined;

/** Sets or removes the hook: for tests. */
export function onHostCall(next: HostCallHook | undefined): void {
  hook = next;
}

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_WRONLY } = constants;
/** Not on every host; where there are none, links are found by lstat alone. */
const O_NOFOLLOW = constants.O_NOFOLLOW ?? 0;
const O_NONBLOCK = constants.O_NONBLOCK ?? 0;

const GROUP_OR_OTHERS_WRITE = 0o022;

/**
 * Why a file or directory could have been made or changed by somebody else; `undefined` when nobody else
 * could. Where the host has no users (Windows) there is nothing to say.
 */
function strangerIn(stat: Stats): string | undefined {
  const uid = process.geteuid?.();
  if (uid === undefined) return undefined;
  if (stat.uid !== uid) return `belongs to user ${stat.uid}, and you are user ${uid}`;
  if ((stat.mode & GROUP_OR_OTHERS_WRITE) !== 0) {
    return `can be written by others (mode ${(stat.mode & 0o7777).toString(8).padStart(4, '0')})`;
  }
  return undefined;
}

const untrusted = (path: string, why: string): SessionError =>
  new SessionError(
    'session-untrusted',
    `${path} ${why}: it is not used`,
    why.startsWith('can be written')
      ? `if nobody else wrote to it: chmod go-w ${path}`
      : 'name a directory of your own with --session',
  );

function checkOwnFile(path: string, stat: Stats): void {
  if (stat.isSymbolicLink()) throw untrusted(path, 'is a symbolic link');
  if (!stat.isFile()) throw untrusted(path, 'is not a regular file');
  const why = strangerIn(stat) ?? (stat.nlink > 1 ? 'has a second name (a hard link)' : undefined);
  if (why !== undefined) throw untrusted(path, why);
}

/**
 * Checks a file by name: for those that only SQLite opens.
 *
 * @returns whether it is there
 * @throws SessionError `session-untrusted` when somebody else could have made it
 */
export function checkOwn(path: string): boolean {
  const stat = lstat(path);
  if (stat === undefined) return false;
  checkOwnFile(path, stat);
  return true;
}

function lstat(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR') return undefined;
    throw fileError(error, `look at ${path}`);
  }
}

/** Checks a directory that is there. @throws SessionError `session-untrusted` */
export function checkOwnDirectory(path: string, stat: Stats): void {
  const why = strangerIn(stat);
  if (why !== undefined) throw untrusted(path, why);
}

/** Makes a directory, with those above it when asked. @returns whether it was not there */
export function makeDirectory(path: string, recursive: boolean): boolean {
  hook?.('mkdir', path);
  return recursive ? makeWithParents(path) : makeOne(path);
}

function makeOne(path: string): true {
  mkdirSync(path, { mode: 0o700 });
  return true;
}

/** Node's own recursion never ends below a directory that takes no new ones and says ENOENT, as /proc does. */
function makeWithParents(path: string): boolean {
  try {
    try {
      return makeOne(path);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      makeWithParents(dirname(path));
      return makeOne(path);
    }
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && statSync(path, { throwIfNoEntry: false })?.isDirectory())
      return false;
    throw error;
  }
}

/** Lets nobody but the owner into a directory. */
export function makePrivate(path: string): void {
  hook?.('chmod', path);
  chmodSync(path, 0o700);
}

/** Makes a directory of a new name that starts with `prefix`. */
export function makeFreshDirectory(prefix: string): string {
  hook?.('mkdir', prefix);
  return mkdtempSync(prefix);
}

/**
 * Opens a file of the session, which must be a regular one with one name, the user's own, and not
 * writable by others; a FIFO does not block.
 *
 * @throws SessionError `session-untrusted`, or the system's own error
 */
export function openOwn(path: string, access: 'read' | 'write'): number {
  if (access === 'write') hook?.('open', path);
  let fd: number;
  try {
    fd = openSync(path, (access === 'write' ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    switch (systemCode(error)) {
      case 'ELOOP':
        throw untrusted(path, 'is a symbolic link');
      // A directory, or a socket.
      case 'EISDIR':
      case 'ENXIO':
        throw untrusted(path, 'is not a regular file');
      default:
        throw error;
    }
  }
  try {
    checkOwnFile(path, fstatSync(fd));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Makes a file that is not there yet, 0600. @throws the system's own error, EEXIST among them */
export function createOwn(path: string): number {
  hook?.('open', path);
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  // Whatever the umask made of it: an owner who cannot read his own file would be told of damage.
  fchmodSync(fd, 0o600);
  return fd;
}

/** Opens a file to be written from its start, made when it is missing: for what is no part of a session. */
export function openOutput(path: string): number {
  hook?.('open', path);
  return openSync(path, O_WRONLY | O_CREAT | O_TRUNC, 0o666);
}

/**
 * Makes a file that is not there yet and is no part of a session.
 *
 * @param mode as the umask makes it unless given
 * @throws the system's own error; then there is no file
 */
export function createOutput(path: string, mode?: number): number {
  hook?.('open', path);
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL, 0o666);
  try {
    if (mode !== undefined) fchmodSync(fd, mode);
    return fd;
  } catch (error) {
    closeSync(fd);
    unlinkSync(path);
    throw error;
  }
}

/** Asks the system whether a file may be written, and changes nothing. @throws the system's own error */
export function checkWritable(path: string): void {
  hook?.('open', path);
  closeSync(openSync(path, O_RDWR));
}

/** Writes all of `bytes` at a place of the file, or where it stands when `position` is null. */
export function writeHost(fd: number, path: string, bytes: Uint8Array, position: number | null): void {
  const torn = hook?.('write', path);
  const end = torn === undefined ? bytes.length : Math.min(torn, bytes.length);
  for (let done = 0; done < end; ) {
    done += writeSync(fd, bytes, done, end - done, position === null ? null : position + done);
  }
  if (torn !== undefined) {
    throw Object.assign(new Error(`ENOSPC: torn write of ${path}`), { code: 'ENOSPC' });
  }
}

/** Reads a whole file of the session, of at most `limit` bytes. @throws the system's own error, EFBIG beyond it */
export function readOwn(path: string, limit: number): Uint8Array {
  const fd = openOwn(path, 'read');
  try {
    const bytes = Buffer.alloc(limit + 1);
    let length = 0;
    for (let got = -1; got !== 0 && length <= limit; length += got) {
      got = readSync(fd, bytes, length, bytes.length - length, length);
    }
    if (length > limit) throw Object.assign(new Error(`${path} is too long`), { code: 'EFBIG' });
    return bytes.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

/** Reads a small note of the session. @returns `undefined` when there is none, or one longer than any of ours */
export function readNote(path: string, limit: number): string | undefined {
  try {
    return Buffer.from(readOwn(path, limit)).toString();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EFBIG'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** Writes a note under another name and renames it: who reads finds the old one or this. @throws the system's own error */
export function replaceNote(path: string, text: string): void {
  const fresh = `${path}.${process.pid}`;
  unlinkHost(fresh);
  const fd = createOwn(fresh);
  try {
    writeHost(fd, fresh, Buffer.from(text), 0);
  } finally {
    closeSync(fd);
  }
  renameHost(fresh, path);
}

/** Waits until a file's bytes are on disk. */
export function syncHost(fd: number, path: string): void {
  hook?.('fsync', path);
  fdatasyncSync(fd);
}

/** Waits until the names in a directory are on disk. @throws SessionError */
export function syncDirectory(path: string): void {
  try {
    hook?.('fsync', path);
    const fd = openSync(path, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw fileError(error, `write the names in ${path}`);
  }
}

export function truncateHost(fd: number, path: string, size: number): void {
  hook?.('truncate', path);
  ftruncateSync(fd, size);
}

export function renameHost(from: string, to: string): void {
  hook?.('rename', to);
  renameSync(from, to);
}

/** Removes a file that may be gone. */
export function unlinkHost(path: string): void {
  hook?.('unlink', path);
  ignoreMissing(() => unlinkSync(path));
}

/** Removes a file after an error that says more than the one of this could. */
export function unlinkQuietly(path: string): void {
  try {
    unlinkHost(path);
  } catch {
    // What is left is swept by a later boot.
  }
}

/** Removes an empty directory that may be gone. */
export function rmdirHost(path: string): void {
  hook?.('rmdir', path);
  ignoreMissing(() => rmdirSync(path));
}

/** Closes a file that was opened here. */
export function closeHost(fd: number): void {
  closeSync(fd);
}

/** Removes a directory with all that is in it, where it is; links are removed, not followed. */
export function removeTree(path: string): void {
  hook?.('rmdir', path);
  rmSync(path, { recursive: true, force: true });
}

/** Removes a directory of files; links in it are removed, not followed. */
export function removeDirectory(path: string): void {
  let names: string[] = [];
  ignoreMissing(() => {
    names = readdirSync(path);
  });
  for (const name of names) unlinkHost(`${path}/${name}`);
  rmdirHost(path);
}

function ignoreMissing(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
