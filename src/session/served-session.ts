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
 */
import { existsSync, realpathSync } from 'node:fs';
import type { Diagnostic } from '../diagnostic.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { PhysMemory } from '../mm/phys-memory.ts';
import type { Records } from '../records.ts';
import { type BootState, bootState, inputsOf } from './boot-state.ts';
import type { SessionLocation } from './directory.ts';
import { checkDirectory, neverBooted, storePath } from './directory.ts';
import { DirectoryBacking } from './directory-backing.ts';
import { makeExecDirectory, noteOwner, redoLogPath, removeOwner } from './exec-directory.ts';
import { type JournalEntry, journalLength, readJournal } from './journal.ts';
import type { SessionOptions } from './local-session.ts';
import { record } from './recorder.ts';
import { RedoLog } from './redo-log.ts';
import { appliedSequence, putAppliedSequence, removeLog, replayLog } from './replay-log.ts';
import { ResidentRecords, readOnly } from './resident-records.ts';
import type { Session, SessionInfo, SessionView } from './session.ts';
import { SessionError } from './session-error.ts';
import { type HeldStore, SqliteStore } from './sqlite-store.ts';
import type { StoreReader } from './store.ts';
import { StoreRecords, WritableRecords } from './store-records.ts';

export interface ServeOptions extends SessionOptions {
  /** How long the log may get before it is put into the store, in bytes. */
  readonly logLimit?: number;
  /** So many milliseconds after the last call it is put there. */
  readonly idleAfter?: number;
}

const LOG_LIMIT = 32 << 20;
const IDLE_AFTER = 200;

/** What is kept in memory of a session whose lock this process has. */
interface Resident {
  readonly state: BootState;
  readonly records: ResidentRecords;
  readonly kernel: Kernel;
  /** Makes the kernel as it was: a body may have hooked itself in. */
  readonly unhook: () => void;
  readonly look: Kernel;
  readonly memory: PhysMemory;
  /** The same for those who look. */
  readonly seen: PhysMemory;
}

/**
 * Takes a session over until `close`.
 *
 * @throws SessionError by name when there is none, or when it cannot be used
 */
export const serveSession = (location: SessionLocation, options: ServeOptions = {}): ServedSession =>
  new ServedSession(location, options);

export class ServedSession implements Session {
  readonly path: string;
  readonly #options: ServeOptions;
  readonly #store: SqliteStore;
  readonly #backing: DirectoryBacking;
  readonly #idle: NodeJS.Timeout;
  #held: HeldStore | undefined;
  /** What the store's version was when it was held last. */
  #version: string | undefined;
  #log: RedoLog | undefined;
  /** The number of the last frame. */
  #sequence = 0;
  #resident: Resident | undefined;
  #isRunning = false;

  constructor(location: SessionLocation, options: ServeOptions) {
    checkDirectory(location);
    this.path = realpathSync(location.path);
    if (!existsSync(storePath(this.path))) throw neverBooted(location);
    this.#options = options;
    this.#store = new SqliteStore(storePath(this.path), options);
    this.#backing = new DirectoryBacking(location, { ...options, served: true }, this.#store);
    makeExecDirectory(this.path);
    this.#idle = setTimeout(() => this.#settleQuietly(), options.idleAfter ?? IDLE_AFTER).unref();
    try {
      this.#own();
      noteOwner(this.path);
    } catch (error) {
      this.#letGo();
      throw error;
    }
  }

  transact<T>(body: (kernel: Kernel) => T): T {
    const { records, kernel, memory, unhook } = this.#enter();
    const wasWhole = journalLength(records).first === 0;
    let value: T;
    try {
      unhook();
      value = body(kernel);
      if (value instanceof Promise) throw new Error('the body of a transaction must not be asynchronous');
      this.#backing.settled(memory);
      this.#append(records.changes());
      records.settle();
      this.#backing.committed(memory);
    } catch (error) {
      // Objects were changed in place: what they were is in the store and the log.
      this.#resident = undefined;
      throw error;
    } finally {
      this.#isRunning = false;
    }
    if (wasWhole && journalLength(records).first > 0) this.#options.onHistoryCut?.();
    this.#idle.refresh();
    if ((this.#log?.size ?? 0) > (this.#options.logLimit ?? LOG_LIMIT)) this.#settleQuietly();
    return value;
  }

  view<T>(body: (kernel: Kernel, seen: SessionView) => T): T {
    const { records, look, seen: memory } = this.#enter();
    const seen: SessionView = {
      get inputs() {
        return inputsOf(records);
      },
      journal: (from) => [...readJournal(records, from)],
      get dropped() {
        return journalLength(records).first;
      },
      memory,
    };
    try {
      return body(look, seen);
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

  /** Puts the log into the store, as one durable transaction. @throws SessionError when it could not: the log stays */
  store(): void {
    const log = this.#log;
    const held = this.#held;
    if (log === undefined || held === undefined || log.size === 0) return;
    this.#held = undefined;
    try {
      this.#backing.settle();
      held.writer.put(log.changes());
      const records = new WritableRecords(held.writer);
      putAppliedSequence(records, this.#sequence);
      records.flush();
    } catch (error) {
      held.letGo(error);
      throw error;
    }
    held.commit();
    this.#options.fault?.('log-stored');
    log.clear();
    this.#own();
  }

  /** Lets the session go: all is in the store, unless that failed; then the log has it. @throws SessionError */
  close(): void {
    try {
      this.store();
    } finally {
      this.#letGo();
    }
  }

  #letGo(): void {
    clearTimeout(this.#idle);
    this.#resident = undefined;
    this.#log?.close();
    this.#log = undefined;
    removeOwner(this.path);
    this.#held?.letGo();
    this.#held = undefined;
    this.#backing.close();
  }

  #append(changes: readonly (readonly [key: string, value: unknown])[]): void {
    if (changes.length === 0) return;
    this.#options.fault?.('before-append');
    this.#log?.append(this.#sequence + 1, changes);
    this.#sequence++;
    this.#options.fault?.('appended');
  }

  /** A store that failed is tried again later; meanwhile the log has everything. */
  #settleQuietly(): void {
    if (this.#isRunning) return;
    try {
      this.store();
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
    }
  }

  #enter(): Resident {
    if (this.#isRunning) throw new Error('a transaction inside a transaction or a view');
    const resident = this.#own();
    this.#isRunning = true;
    return resident;
  }

  /** The session, with its lock. @throws SessionError */
  #own(): Resident {
    if (this.#held === undefined) this.#take();
    this.#resident ??= this.#wake();
    return this.#resident;
  }

  /** Takes the lock, and puts into the store what a killed server left. */
  #take(): void {
    let held = this.#store.take(this.#options.wait);
    try {
      if (held.version === this.#version) {
        this.#held = held;
        return;
      }
      this.#resident = undefined;
      const replayed = replayLog(this.#logPath, held.writer);
      if (replayed !== undefined) {
        held.commit();
        removeLog(this.#logPath);
        this.#options.onReplayed?.(replayed);
        held = this.#store.take(this.#options.wait);
      }
      const records = new StoreRecords(held.writer);
      this.#log?.close();
      this.#log = new RedoLog(this.#logPath, bootOf(records, this.path));
      this.#sequence = appliedSequence(records);
      this.#version = held.version;
      this.#held = held;
    } catch (error) {
      held.letGo(error);
      throw error;
    }
  }

  get #logPath(): string {
    return redoLogPath(this.path);
  }

  #wake(): Resident {
    const records = new ResidentRecords(this.#committed());
    const state = bootOf(records, this.path);
    const memory = this.#backing.memory(state, true, records);
    const kernel = new Kernel(records, memory);
    record(kernel, records);
    const { beforeSyscall, onSyscall, onAccess } = kernel;
    const unhook = () => {
      Object.assign(kernel, { beforeSyscall, onSyscall, onAccess });
      delete kernel.onOomKill;
    };
    const unchanged = readOnly(records);
    const seen = this.#backing.memory(state, false, unchanged);
    return { state, records, kernel, unhook, look: new Kernel(unchanged, seen), memory, seen };
  }

  /** What was committed: the store under the log. */
  #committed(): StoreReader {
    const log = () => this.#log as RedoLog;
    const store = () => this.#held?.writer as StoreReader;
    return {
      get: (key) => (log().has(key) ? log().get(key) : store().get(key)),
      keys: (prefix) => {
        const keys = new Set(store().keys(prefix));
        for (const key of log().keys) {
          if (!key.startsWith(prefix)) continue;
          if (log().isDeleted(key)) keys.delete(key);
          else keys.add(key);
        }
        return [...keys];
      },
    };
  }
}

function bootOf(records: Records, path: string): BootState {
  const state = bootState(records);
  if (state !== undefined) return state;
  throw new SessionError(
    'session-missing',
    `the session at ${path} was never booted`,
    'boot it with: dmaheap boot BOARD',
  );
}
