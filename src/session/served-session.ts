/**
 * A session that this process owns while programs run on it: the second implementation of `Session`.
 *
 * It keeps the store's write lock, and the kernel's records decoded in memory. What a transaction changed is
 * appended to a log by one write(2) before it returns; the log is put into the store when it is long, when
 * nobody has called for a while, when somebody else wants the session, and at the end.
 *
 *     transact ─► resident records ─► log ─ ─ ─► store          (─ ─: later, many at once)
 *
 * A killed process loses nothing that was answered: whoever opens the session puts its log into the store
 * first (`replay-log.ts`). The log is not synced for each call: see docs/reliability.md for power cuts.
 *
 * Other processes ask for the lock by a file (`lease-requests.ts`), and get it between two transactions.
 */
import { existsSync, realpathSync } from 'node:fs';
import type { Diagnostic } from '../diagnostic.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { PhysMemory } from '../mm/phys-memory.ts';
import { type BootState, bootState, inputsOf } from './boot-state.ts';
import type { SessionLocation } from './directory.ts';
import { checkDirectory, neverBooted, storePath } from './directory.ts';
import { DirectoryBacking } from './directory-backing.ts';
import { makeExecDirectory, noteOwner, removeOwner, requestsPath } from './exec-directory.ts';
import { type JournalEntry, journalLength, readJournal } from './journal.ts';
import { answer, type FoundRequest, grant, pendingRequests, revoke } from './lease-requests.ts';
import type { SessionOptions } from './local-session.ts';
import { refuseOwned } from './owned-session.ts';
import { OwnedStore } from './owned-store.ts';
import { record } from './recorder.ts';
import { RequestWatch } from './request-watch.ts';
import { ResidentRecords, readOnly } from './resident-records.ts';
import type { Session, SessionInfo, SessionView } from './session.ts';
import { SessionError } from './session-error.ts';
import { sessionView } from './session-view.ts';
import { sleep } from './sleep.ts';
import { SqliteStore } from './sqlite-store.ts';

export interface ServeOptions extends SessionOptions {
  /** How long the log may get before it is put into the store, in bytes. */
  readonly logLimit?: number;
  /** So many milliseconds after the last call it is put there. */
  readonly idleAfter?: number;
  /** Called when others get the session for a transaction, and when it is this process's again. */
  readonly onLease?: (what: 'begins' | 'ends') => void;
}

/** So much is put into the store in less than a tenth of a second, in which no call is answered. */
const LOG_LIMIT = 8 << 20;
const IDLE_AFTER = 200;

/** So long, milliseconds, is waited for those who got a lease, unless they have the lock then. */
const LEASE = 1000;
/** Between two leases this process goes on for as long as the one before took, and at most for so long, milliseconds. */
const MOST_BETWEEN = 50;
/** How often a lease is looked at, milliseconds. */
const PAUSE = 0.5;
/** How often requests are looked for by who never waits for events, milliseconds. */
const LOOK_AFTER = 5;

/** What is kept in memory while nobody else changes the session. */
interface Resident {
  readonly state: BootState;
  readonly records: ResidentRecords;
  readonly kernel: Kernel;
  /** Makes the kernel as it was: a body may have hooked itself in. */
  readonly unhook: () => void;
  readonly memory: PhysMemory;
  /** A kernel and memory for those who look. */
  readonly look: Kernel;
  readonly seen: PhysMemory;
}

/**
 * Takes a session over until `close`.
 *
 * @throws SessionError by name when there is none, when it cannot be used, or when another process serves it
 *   (`session-served`)
 */
export const serveSession = (location: SessionLocation, options: ServeOptions = {}): ServedSession =>
  new ServedSession(location, options);

export class ServedSession implements Session {
  readonly path: string;
  readonly #options: ServeOptions;
  readonly #owned: OwnedStore;
  readonly #backing: DirectoryBacking;
  readonly #watch: RequestWatch;
  readonly #idle: NodeJS.Timeout;
  #resident: Resident | undefined;
  #isRunning = false;
  #isClosed = false;
  /** Whether the note of the owner is this process's. */
  #isOwner = false;
  /** When requests were looked for last, and when others may have a lease again. */
  #looked = 0;
  #nextLease = 0;

  constructor(location: SessionLocation, options: ServeOptions) {
    checkDirectory(location);
    this.path = realpathSync(location.path);
    if (!existsSync(storePath(this.path))) throw neverBooted(location);
    refuseOwned(this.path, 'serve it');
    this.#options = options;
    const onBusy = (waited: number): void => {
      options.onBusy?.(waited);
      // Who owns it keeps the lock as long as it lives.
      if (!this.#isOwner) refuseOwned(this.path, 'serve it');
    };
    const store = new SqliteStore(storePath(this.path), { ...options, durable: false, onBusy });
    this.#owned = new OwnedStore(this.path, store, options);
    this.#backing = new DirectoryBacking(location, { ...options, served: true }, store);
    makeExecDirectory(this.path);
    this.#idle = setTimeout(() => this.#storeQuietly(true), options.idleAfter ?? IDLE_AFTER).unref();
    this.#watch = new RequestWatch(requestsPath(this.path), () => this.idle());
    try {
      this.#take(options.wait);
      // Another one may have come first and have let the lock go just now, as it does now and then.
      refuseOwned(this.path, 'serve it');
      this.#own();
      noteOwner(this.path);
    } catch (error) {
      this.#letGo();
      throw error;
    }
    this.#isOwner = true;
  }

  transact<T>(body: (kernel: Kernel) => T): T {
    const { records, kernel, memory, unhook } = this.#enter();
    let value: T;
    let cut = false;
    try {
      const wasWhole = journalLength(records).first === 0;
      unhook();
      value = body(kernel);
      if (value instanceof Promise) throw new Error('the body of a transaction must not be asynchronous');
      cut = wasWhole && journalLength(records).first > 0;
      this.#backing.settled(memory);
      this.#owned.append(records);
      records.settle();
      this.#backing.committed(memory);
    } catch (error) {
      // Objects were changed in place: what they were is in the store and the log.
      this.#resident = undefined;
      throw error;
    } finally {
      this.#isRunning = false;
    }
    if (cut) this.#options.onHistoryCut?.();
    this.#idle.refresh();
    if (this.#owned.logged > (this.#options.logLimit ?? LOG_LIMIT)) this.#storeQuietly(false);
    if (performance.now() - this.#looked > LOOK_AFTER) this.idle();
    return value;
  }

  view<T>(body: (kernel: Kernel, seen: SessionView) => T): T {
    const { records, look, seen: memory } = this.#enter();
    try {
      return body(look, sessionView(records, memory));
    } finally {
      this.#isRunning = false;
    }
  }

  journal(from = 0): readonly JournalEntry[] {
    return [...readJournal(this.#own().records, from)];
  }

  info(): SessionInfo {
    const { records, state } = this.#own();
    return { path: this.path, ...state, inputs: inputsOf(records), ...journalLength(records) };
  }

  assumed(): readonly Diagnostic[] {
    return this.#own().state.assumed ?? [];
  }

  /**
   * Puts the log into the store, as one transaction: others who look see it then.
   *
   * @param durable whether it is waited for until that is on disk
   * @throws SessionError when it could not: the log stays
   */
  store(durable = false): void {
    if (this.#isRunning) throw new Error('a store inside a transaction or a view');
    if (this.#owned.logged === 0 && !durable) return;
    this.#putAway(durable);
    this.#own();
  }

  /**
   * Gives others what they ask for, between two transactions. It is called by events and by `transact`, and may be called
   * by anybody at any time.
   */
  idle(): void {
    if (this.#isRunning || this.#isClosed) return;
    this.#looked = performance.now();
    try {
      const requests = pendingRequests(this.path);
      const stores = requests.filter(({ kind }) => kind === 'store');
      if (stores.length > 0) this.store();
      for (const request of stores) answer(this.path, request);
      const leases = requests.filter(({ kind }) => kind === 'lease');
      if (leases.length === 0) return;
      const early = this.#nextLease - performance.now();
      if (early <= 0) this.#lease(leases);
      else setTimeout(() => this.idle(), early).unref();
    } catch (error) {
      // Who asked waits, and ends with the name of this process.
      if (!(error instanceof SessionError)) throw error;
    }
  }

  /** Lets the session go: all is in the store, unless that failed; then the log has it. @throws SessionError */
  close(): void {
    try {
      // While the lock is held: who comes next sees that it may.
      this.#disown();
      if (this.#owned.isHeld) this.#putAway(true);
    } finally {
      this.#letGo();
    }
  }

  #letGo(): void {
    this.#isClosed = true;
    clearTimeout(this.#idle);
    this.#watch.close();
    this.#resident = undefined;
    this.#disown();
    this.#owned.close();
    this.#backing.close();
  }

  #disown(): void {
    if (this.#isOwner) removeOwner(this.path);
    this.#isOwner = false;
  }

  #putAway(durable: boolean): void {
    if (durable) this.#backing.settle();
    this.#owned.letGo(durable);
  }

  /** A store that failed is tried again later; meanwhile the log has everything. */
  #storeQuietly(durable: boolean): void {
    if (this.#isRunning || this.#isClosed) return;
    try {
      this.store(durable);
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
    }
  }

  /** Lets others have the lock, and takes it again when they have ended, or when they do not come for it. */
  #lease(requests: readonly FoundRequest[]): void {
    const began = performance.now();
    this.#options.onLease?.('begins');
    this.#putAway(false);
    for (const request of requests) grant(this.path, request);
    while (this.#granted.length > 0 && performance.now() - began < LEASE) sleep(PAUSE);
    for (const request of this.#granted) revoke(this.path, request);
    this.#own();
    const ended = performance.now();
    this.#nextLease = ended + Math.min(ended - began, MOST_BETWEEN);
    this.#looked = ended;
    this.#options.onLease?.('ends');
  }

  get #granted(): readonly FoundRequest[] {
    return pendingRequests(this.path).filter(({ kind }) => kind === 'granted');
  }

  #enter(): Resident {
    if (this.#isRunning) throw new Error('a transaction inside a transaction or a view');
    const resident = this.#own();
    this.#isRunning = true;
    return resident;
  }

  /** The session, with its lock. @throws SessionError */
  #own(): Resident {
    if (this.#isClosed) throw new Error('the session is closed');
    // Who has the session now, with a lease or without, is waited for however long it takes.
    const wait = this.#resident === undefined ? this.#options.wait : Number.POSITIVE_INFINITY;
    if (!this.#owned.isHeld) this.#take(wait);
    this.#resident ??= this.#wake();
    return this.#resident;
  }

  /** Takes the lock, and forgets what others may have changed since it was let go. @throws SessionError */
  #take(wait: number | undefined): void {
    if (this.#owned.take(wait)) this.#resident = undefined;
    this.#backing.taken();
  }

  #wake(): Resident {
    const records = new ResidentRecords(this.#owned.committed);
    const state = bootState(records);
    if (state === undefined)
      throw new SessionError('session-damaged', `the session at ${this.path} lost its boot`);
    const memory = this.#backing.memory(state, true, records);
    const kernel = new Kernel(records, memory);
    record(kernel, records);
    const { beforeSyscall, onSyscall, onAccess } = kernel;
    const unhook = () => {
      Object.assign(kernel, { beforeSyscall, onSyscall, onAccess });
      if (kernel.onOomKill !== undefined) delete kernel.onOomKill;
    };
    const unchanged = readOnly(records);
    const seen = this.#backing.memory(state, false, unchanged);
    return { state, records, kernel, unhook, memory, look: new Kernel(unchanged, seen), seen };
  }
}
