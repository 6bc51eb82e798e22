/**
 * What other processes ask the owner of a session for: each request is an empty file in `SESSION/exec/requests/`, whose
 * name says who asks for what.
 *
 *     PID.STARTED.N.store     store what you have: the owner does, and removes the file
 *     PID.STARTED.N.lease     let the lock go: the owner stores, lets it go, and says so by another name for the file,
 *     PID.STARTED.N.granted   which it waits for until the file is gone, or the process
 *
 * None of them is a lock: whoever has the store's lock has the session. They keep those who want it from taking it out of
 * turn, so that the owner can go on between two leases.
 */
import { closeSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { requestsPath } from './exec-directory.ts';
import { createOwn, renameHost, unlinkQuietly } from './host-files.ts';
import { isRunning, type ProcessIdentity, thisProcess } from './process-identity.ts';
import { fileError, systemCode } from './session-error.ts';

export type RequestKind = 'lease' | 'store';

const GRANTED = 'granted';

/** One that was found. */
export interface FoundRequest {
  readonly name: string;
  readonly kind: RequestKind | typeof GRANTED;
  readonly by: ProcessIdentity;
}

const NAME = /^(\d+)\.([^.]*)\.\d+\.(lease|store|granted)$/;

/** How many this process has made. */
let made = 0;

/** A request of this process, from its making to `withdraw`. */
export class Request {
  readonly #path: string;
  readonly #granted: string;

  /** @throws SessionError when it cannot be made */
  constructor(dir: string, kind: RequestKind) {
    const { pid, started } = thisProcess();
    const name = `${pid}.${started}.${++made}`;
    this.#path = join(requestsPath(dir), `${name}.${kind}`);
    this.#granted = join(requestsPath(dir), `${name}.${GRANTED}`);
    this.#write();
  }

  /** Whether it still waits to be answered. */
  get isPending(): boolean {
    return existsSync(this.#path);
  }

  /** Whether a lease was given. */
  get isGranted(): boolean {
    return existsSync(this.#granted);
  }

  withdraw(): void {
    unlinkQuietly(this.#path);
    unlinkQuietly(this.#granted);
  }

  #write(): void {
    try {
      closeSync(createOwn(this.#path));
    } catch (error) {
      throw fileError(error, `ask the owner of the session (${this.#path})`);
    }
  }
}

/** What is asked for at this moment. Requests of processes that have ended are removed. @throws SessionError */
export function pendingRequests(dir: string): readonly FoundRequest[] {
  const found: FoundRequest[] = [];
  for (const name of namesIn(requestsPath(dir))) {
    const [, pid, started = '', kind] = NAME.exec(name) ?? [];
    if (pid === undefined) continue;
    const by = { pid: Number(pid), started };
    if (isRunning(by)) found.push({ name, kind: kind as FoundRequest['kind'], by });
    else answer(dir, { name });
  }
  return found;
}

/** Gives a lease to who asked for it; nothing happens when it was withdrawn. @returns whether it was there */
export const grant = (dir: string, { name }: FoundRequest): boolean =>
  rename(dir, name, name.replace(/lease$/, GRANTED));

/** Takes a lease back that nobody has used: it is asked for still. */
export const revoke = (dir: string, { name }: FoundRequest): boolean =>
  rename(dir, name, name.replace(/granted$/, 'lease'));

function rename(dir: string, from: string, to: string): boolean {
  try {
    renameHost(join(requestsPath(dir), from), join(requestsPath(dir), to));
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw fileError(error, `answer ${from} in ${requestsPath(dir)}`);
  }
}

/** Removes a request: it is answered, or nobody waits for it any more. */
export const answer = (dir: string, { name }: Pick<FoundRequest, 'name'>): void =>
  unlinkQuietly(join(requestsPath(dir), name));

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw fileError(error, `look at ${path}`);
  }
}
