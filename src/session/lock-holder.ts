/**
 * Who holds a store's write lock: a note beside the store, because SQLite does not tell. It is a hint and
 * no lock: the lock is the kernel's, and a note that was left by a killed process is checked before it is
 * shown.
 */
import { closeSync, readFileSync } from 'node:fs';
import { createOwn, openOwn, readOwn, writeHost } from './host-files.ts';
import { isAlive } from './process-identity.ts';
import { SessionError, systemCode } from './session-error.ts';

/** Longer than any process number. */
const WIDTH = 12;

export class LockHolder {
  readonly #path: string;
  #fd: number | undefined;

  /** @param path of the note */
  constructor(path: string) {
    this.#path = path;
  }

  /** This process holds the lock. */
  take(): void {
    this.#write(process.pid);
  }

  /** Nobody does: to be said before it is let go. */
  leave(): void {
    this.#write(0);
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Whose the lock is, in words. */
  get who(): string {
    const pid = this.#read();
    return pid === undefined ? 'another process' : describe(pid);
  }

  /** What to say when the lock did not come free within `wait` milliseconds. */
  busy(wait: number, cause: unknown): SessionError {
    const who = this.#read();
    const whose = this.who;
    return new SessionError(
      'session-busy',
      `the session is in use: after ${wait / 1000} s of waiting ${whose} has its lock`,
      who === undefined
        ? 'wait longer with --wait SECONDS'
        : `wait longer with --wait SECONDS, or look what process ${who} does`,
      cause,
    );
  }

  #write(pid: number): void {
    try {
      this.#fd ??= this.#openNote();
      writeHost(this.#fd, this.#path, Buffer.from(`${pid}\n`.padStart(WIDTH + 1)), 0);
    } catch (error) {
      // A hint that cannot be written, on a full disk say, is no reason to fail.
      if (systemCode(error) === undefined && !(error instanceof SessionError)) throw error;
    }
  }

  #openNote(): number {
    try {
      return openOwn(this.#path, 'write');
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error;
      return createOwn(this.#path);
    }
  }

  #read(): number | undefined {
    try {
      const pid = Number(Buffer.from(readOwn(this.#path, WIDTH + 1)).toString());
      return isAlive(pid) ? pid : undefined;
    } catch {
      return undefined;
    }
  }
}

/** `process 4711`, with its state where the host tells. */
function describe(pid: number): string {
  try {
    const state = /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
      ? ', which is stopped,'
      : '';
    return `process ${pid}${state}`;
  } catch {
    return `process ${pid}`;
  }
}
