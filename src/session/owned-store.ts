/**
 * The store of a session that this process owns: its lock is kept, and transactions go into a log, which is put into the
 * store from time to time.
 *
 *     append ─► log ─ ─ put, letGo ─ ─► store          committed = what the log says, else the store
 *
 * While the lock is let go, the log is empty: so whoever has the lock and finds something in it, finds a killed
 * owner's.
 */
import { bootState } from './boot-state.ts';
import { redoLogPath } from './exec-directory.ts';
import { type LoggedChanges, RedoLog } from './redo-log.ts';
import { appliedSequence, isNews, putAppliedSequence, type Replayed, replayLog } from './replay-log.ts';
import { SessionError } from './session-error.ts';
import type { HeldStore, SqliteStore, SqliteStoreOptions } from './sqlite-store.ts';
import type { StoreReader } from './store.ts';
import { StoreRecords, WritableRecords } from './store-records.ts';

export interface OwnedStoreOptions extends SqliteStoreOptions {
  /** Called once it is in the store what a killed server had left in its log. */
  readonly onReplayed?: (what: Replayed) => void;
}

export class OwnedStore {
  readonly #path: string;
  readonly #store: SqliteStore;
  readonly #options: OwnedStoreOptions;
  #held: HeldStore | undefined;
  /** What the store's version was when it was held last. */
  #version: string | undefined;
  #log: RedoLog | undefined;
  /** The number of the last frame. */
  #sequence = 0;
  #generation: number | undefined;
  /** Whether what was put into the store is known to be on disk. */
  #isSynced = true;

  /** @param dir the session's directory */
  constructor(dir: string, store: SqliteStore, options: OwnedStoreOptions) {
    this.#path = redoLogPath(dir);
    this.#store = store;
    this.#options = options;
  }

  /** Whether this process has the lock. */
  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** How long the log is, bytes. */
  get logged(): number {
    return this.#log?.size ?? 0;
  }

  /**
   * Takes the lock, and puts into the store what a killed owner left.
   *
   * @param wait milliseconds
   * @returns whether others have committed since it was let go: what was read before is out of date
   * @throws SessionError `session-busy` when it was another's for so long
   */
  take(wait?: number): boolean {
    let held = this.#store.take(wait);
    try {
      const changed = held.version !== this.#version;
      if (changed) {
        const replayed = replayLog(this.#path, held.writer);
        if (replayed !== undefined) {
          held.commit();
          if (isNews(replayed)) this.#options.onReplayed?.(replayed);
          held = this.#store.take(wait);
        }
        this.#begin(held);
        this.#version = held.version;
      }
      this.#held = held;
      return changed;
    } catch (error) {
      held.letGo(error);
      throw error;
    }
  }

  /** What was committed. */
  get committed(): StoreReader {
    return {
      get: (key) => (this.#owned.log.has(key) ? this.#owned.log.get(key) : this.#owned.store.get(key)),
      keys: (prefix) => {
        const { log, store } = this.#owned;
        const keys = new Set(store.keys(prefix));
        for (const key of log.keys) {
          if (!key.startsWith(prefix)) continue;
          if (log.isDeleted(key)) keys.delete(key);
          else keys.add(key);
        }
        return [...keys];
      },
    };
  }

  /** Commits what a transaction has changed, by one write(2). @throws SessionError when it could not: then nothing has happened */
  append(changes: LoggedChanges): void {
    if (changes.changed.size === 0) return;
    this.#options.fault?.('before-append');
    this.#owned.log.append(this.#sequence + 1, changes);
    this.#sequence++;
    this.#options.fault?.('appended');
  }

  /**
   * Puts the log into the store, as one transaction, and lets the lock go.
   *
   * @param durable whether it is waited for until that is on disk
   * @throws SessionError when it could not: the log has everything, and the next one to take the lock puts it there
   */
  letGo(durable: boolean): void {
    const held = this.#held;
    const log = this.#log;
    this.#held = undefined;
    if (held === undefined || log === undefined || log.size === 0) {
      held?.letGo();
      if (durable && !this.#isSynced) this.#sync();
      return;
    }
    this.#isSynced = false;
    try {
      held.writer.put(log.changes());
      const records = new WritableRecords(held.writer);
      putAppliedSequence(records, this.#sequence);
      records.flush();
    } catch (error) {
      held.letGo(error);
      throw error;
    }
    log.doubt();
    held.commit();
    this.#options.fault?.('log-stored');
    log.clear();
    if (durable) this.#sync();
  }

  /** Lets go of all files. */
  close(): void {
    this.#log?.close();
    this.#log = undefined;
    this.#held?.letGo();
    this.#held = undefined;
  }

  #sync(): void {
    this.#store.sync();
    this.#isSynced = true;
  }

  get #owned(): { readonly log: RedoLog; readonly store: StoreReader } {
    if (this.#log === undefined || this.#held === undefined) throw new Error('the session is not owned');
    return { log: this.#log, store: this.#held.writer };
  }

  /** Begins an empty log of the boot that is there. @throws SessionError when it is another one than before, or none */
  #begin(held: HeldStore): void {
    const records = new StoreRecords(held.writer);
    const state = bootState(records);
    if (state === undefined) {
      throw new SessionError(
        'session-missing',
        'the session was never booted, or is removed',
        'boot it with: dmaheap boot BOARD',
      );
    }
    this.#generation ??= state.generation;
    if (state.generation !== this.#generation) {
      throw new SessionError('session-missing', 'the session was booted anew while it was served');
    }
    this.#log?.close();
    this.#log = new RedoLog(this.#path, state);
    this.#sequence = appliedSequence(records);
  }
}
