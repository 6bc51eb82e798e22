/**
 * The files of exported buffers, `exec/b/NAME` in a session's directory: made, allocated and mapped by real programs,
 * read and written here.
 *
 * A program has its file in its hands: it may have cut it short, put another in its place, or opened it to others. Nothing
 * of that may hurt who reads: files are never mapped here, beyond their end they hold zeros, and what is not a regular
 * file of the user's own with one name is refused.
 */
import { closeSync, fstatSync, readdirSync, readSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isBufferFileName } from '../dma-buf/exported-buffers.ts';
import { execPath } from './exec-directory.ts';
import { openOwn, unlinkHost, writeHost } from './host-files.ts';
import { CHECK, fileError, SessionError, systemCode } from './session-error.ts';

/** Files that stay open: a program has a few buffers that it works on. */
const OPEN = 32;

/** Where the files of a session's exported buffers are. */
export const buffersPath = (dir: string): string => join(execPath(dir), 'b');

interface OpenBuffer {
  readonly fd: number;
  readonly writable: boolean;
}

export class BufferFiles {
  readonly #dir: string;
  /** By name, the one used last at the end. */
  readonly #open = new Map<string, OpenBuffer>();

  /** @param dir the buffers' directory, which may be missing when there are none */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Fills `into` from a file; beyond its end it holds zeros. @throws SessionError when it is missing or not to be trusted */
  read(name: string, at: number, into: Uint8Array): void {
    const path = this.#path(name);
    try {
      const fd = this.#fd(name, path, false);
      let done = 0;
      for (let got = -1; got !== 0 && done < into.length; done += got) {
        got = readSync(fd, into, done, into.length - done, at + done);
      }
      into.fill(0, done);
    } catch (error) {
      throw missing(path, error) ?? fileError(error, `read ${path}`);
    }
  }

  /** Writes to a file, which grows to what is written and no further. @throws SessionError as `read`, or when the disk is full */
  write(name: string, at: number, bytes: Uint8Array): void {
    const path = this.#path(name);
    try {
      writeHost(this.#fd(name, path, true), path, bytes, at);
    } catch (error) {
      throw missing(path, error) ?? fileError(error, `write ${path}`);
    }
  }

  /** How many bytes a file has. @throws SessionError as `read` */
  size(name: string): number {
    const path = this.#path(name);
    try {
      return fstatSync(this.#fd(name, path, false)).size;
    } catch (error) {
      throw missing(path, error) ?? fileError(error, `look at ${path}`);
    }
  }

  /** Which of these files an error says is missing, if it is one of them. */
  nameIn(error: SessionError): string | undefined {
    const { cause } = error;
    const path = cause instanceof Error && 'path' in cause ? cause.path : undefined;
    return typeof path === 'string' && dirname(path) === this.#dir ? basename(path) : undefined;
  }

  /** Removes a file that may be gone. What cannot be removed stays until `sweep`. */
  remove(name: string): void {
    this.release(name);
    try {
      unlinkHost(this.#path(name));
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
    }
  }

  /** Removes what no record speaks of: what a server that was killed left. @returns how many */
  sweep(isKept: (name: string) => boolean): number {
    let names: string[] = [];
    try {
      names = readdirSync(this.#dir);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw fileError(error, `look at ${this.#dir}`);
    }
    const left = names.filter((name) => isBufferFileName(name) && !isKept(name));
    for (const name of left) this.remove(name);
    return left.length;
  }

  /** Lets go of a file: its name may be another's soon. */
  release(name: string): void {
    const known = this.#open.get(name);
    if (known === undefined) return;
    this.#open.delete(name);
    closeSync(known.fd);
  }

  close(): void {
    for (const name of [...this.#open.keys()]) this.release(name);
  }

  #path(name: string): string {
    if (isBufferFileName(name)) return join(this.#dir, name);
    throw new SessionError(
      'session-damaged',
      `a buffer's file is called ${JSON.stringify(name)}: it is not used`,
      CHECK,
    );
  }

  #fd(name: string, path: string, writable: boolean): number {
    const known = this.#open.get(name);
    if (known !== undefined && (known.writable || !writable)) {
      this.#open.delete(name);
      this.#open.set(name, known);
      return known.fd;
    }
    this.release(name);
    const fd = openOwn(path, writable ? 'write' : 'read');
    this.#open.set(name, { fd, writable });
    const [oldest] = this.#open.keys();
    if (this.#open.size > OPEN && oldest !== undefined) this.release(oldest);
    return fd;
  }
}

function missing(path: string, error: unknown): SessionError | undefined {
  if (systemCode(error) !== 'ENOENT') return undefined;
  return new SessionError(
    'session-damaged',
    `${path} is missing: the bytes of that buffer are lost`,
    CHECK,
    error,
  );
}
