/**
 * Opens the files that users name, and those that scenarios and sources name in turn: one place for all of them.
 * Read are regular files (links are followed) and nothing else: a FIFO could be waited for without end, and a
 * device has no end. What it is is asked of the descriptor, so that nobody can change it in between.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';

/** Why a file cannot be read; whoever asked for it says which one it is. */
export class UnusableFile extends Error {
  /** A stable name: `file-not-found`. */
  readonly code: string;

  constructor(code: string, text: string) {
    super(text);
    this.name = 'UnusableFile';
    this.code = code;
  }
}

export interface OpenedFile {
  readonly fd: number;
  readonly stats: Stats;
}

const PART = 64 * 1024;
/** A FIFO is opened without waiting for its writer; a terminal does not become ours. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
const WAIT = new Int32Array(new SharedArrayBuffer(4));

const WORDS: ReadonlyMap<string, readonly [code: string, text: string]> = new Map([
  ['ENOENT', ['file-not-found', 'no such file']],
  ['EACCES', ['file-unreadable', 'permission denied']],
  // What open(2) says of a socket.
  ['ENXIO', ['not-a-file', notRegular('a socket')]],
]);

function notRegular(kind: string): string {
  return `is ${kind}: only regular files are read, and - for standard input`;
}

const kindOf = (stats: Stats): string =>
  stats.isFIFO() ? 'a FIFO' : stats.isSocket() ? 'a socket' : 'a device';

/** The one device that ends at once, which people give where they have no file. */
function isNull(stats: Stats): boolean {
  if (!stats.isCharacterDevice()) return false;
  return statSync('/dev/null', { throwIfNoEntry: false })?.rdev === stats.rdev;
}

/** Whether a path has what no system takes. Asked before any call, whose error would be another one. */
export const hasNul = (path: string): boolean => path.includes('\0');

/** A system error in our words; anything else stays what it is. */
export function unusable(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (error instanceof UnusableFile || typeof code !== 'string') return error;
  return new UnusableFile(...(WORDS.get(code) ?? ['file-unreadable', `cannot be read (${code})`]));
}

/** Opens a regular file for reading. @throws UnusableFile */
export function openRegular(path: string): OpenedFile {
  if (hasNul(path)) throw new UnusableFile('nul-in-path', 'a path cannot have a NUL character in it');
  let fd: number | undefined;
  try {
    fd = openSync(path, FLAGS);
    const stats = fstatSync(fd);
    if (stats.isDirectory()) throw new UnusableFile('is-a-directory', 'is a directory, not a file');
    if (!stats.isFile() && !isNull(stats)) throw new UnusableFile('not-a-file', notRegular(kindOf(stats)));
    return { fd, stats };
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw unusable(error);
  }
}

/** The first bytes of a file, which stay to be read; fewer where it is shorter. @throws UnusableFile */
export function headOf({ fd }: OpenedFile, length: number): Uint8Array {
  const head = new Uint8Array(length);
  try {
    return head.subarray(0, readSync(fd, head, 0, length, 0));
  } catch (error) {
    throw unusable(error);
  }
}

/** Whether a file begins as gzip's do. @throws UnusableFile */
export function isGzip(file: OpenedFile): boolean {
  const [first, second] = headOf(file, 2);
  return first === 0x1f && second === 0x8b;
}

/** A read that waits where somebody made standard input non-blocking. */
function readPart(fd: number, into: Uint8Array, mayWait: boolean): number {
  for (;;) {
    try {
      return readSync(fd, into);
    } catch (error) {
      if (!mayWait || (error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(WAIT, 0, 0, 5);
    }
  }
}

/** All that a descriptor has. @param limit bytes, a multiple of a MiB @throws UnusableFile when there is more */
export function readDescriptor(fd: number, limit: number, mayWait = false): Uint8Array {
  const parts: Uint8Array[] = [];
  let total = 0;
  try {
    for (;;) {
      const part = new Uint8Array(PART);
      const got = readPart(fd, part, mayWait);
      if (got === 0) return Buffer.concat(parts);
      parts.push(part.subarray(0, got));
      total += got;
      if (total > limit) throw new UnusableFile('file-too-large', `larger than ${limit >> 20} MiB`);
    }
  } catch (error) {
    throw unusable(error);
  }
}

/** Reads a whole regular file. @param check told of what was opened before it is read @throws UnusableFile */
export function readRegular(path: string, limit: number, check?: (opened: OpenedFile) => void): Uint8Array {
  const opened = openRegular(path);
  try {
    check?.(opened);
    return readDescriptor(opened.fd, limit);
  } finally {
    closeSync(opened.fd);
  }
}
