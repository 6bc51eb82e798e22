/** A process that owns a session while others run commands on it, and another one in its place whenever it is killed. */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { startChild } from './bundle-child.ts';
import { follow, type OwnersWork } from './readers-writers.ts';

/** Its task. */
export const OWNER = 'owner';

export interface MixedOwnerOptions {
  /** The children's bundle. */
  readonly bundle: string;
  /** So many milliseconds after it began it is killed; absent: it is not. */
  readonly killedAfter?: number;
}

export class MixedOwner {
  readonly #dir: string;
  readonly #options: MixedOwnerOptions;
  readonly #run: Promise<void>;
  readonly failures: string[] = [];
  #ends = false;
  /** What all of them did. */
  readonly work = { done: 0, longest: 0, leases: 0, killed: 0 };

  constructor(dir: string, options: MixedOwnerOptions) {
    this.#dir = dir;
    this.#options = options;
    this.#run = this.#go();
  }

  /** Lets the last one come to its end. */
  async end(): Promise<void> {
    this.#ends = true;
    await this.#run;
  }

  async #go(): Promise<void> {
    while (!this.#ends) await this.#one();
    // What a killed one has left is closed by one that is not.
    if (this.work.killed > 0) await this.#one(true);
  }

  async #one(isLast = this.#options.killedAfter === undefined): Promise<void> {
    const child = startChild(this.#options.bundle, ['own', this.#dir, OWNER, '400']);
    const ended = follow(child);
    if (child.stdout) await Promise.race([once(child.stdout, 'data'), ended]);
    for (let waited = 0; waited < (this.#options.killedAfter ?? Number.POSITIVE_INFINITY); waited += 50) {
      if (isLast ? this.#ends : child.exitCode !== null) break;
      await setTimeout(50);
    }
    child.kill(isLast ? 'SIGTERM' : 'SIGKILL');
    const end = await ended;
    if ('done' in end) {
      const { done, longest, leases } = end.done as OwnersWork;
      this.work.done += done;
      this.work.longest = Math.max(this.work.longest, longest);
      this.work.leases += leases;
    } else if (isLast || child.signalCode !== 'SIGKILL') this.failures.push(`the owner: ${end.failure}`);
    else this.work.killed++;
  }
}
