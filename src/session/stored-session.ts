/**
 * A session over a store and an arena: what the one on disk and the one in memory have in common.
 */
import type { Diagnostic } from '../diagnostic.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { PhysMemory } from '../mm/phys-memory.ts';
import type { Records } from '../records.ts';
import { type BootState, bootState, inputsOf } from './boot-state.ts';
import type { JournalEntry } from './journal.ts';
import { journalLength, readJournal } from './journal.ts';
import { record } from './recorder.ts';
import type { Session, SessionInfo, SessionView } from './session.ts';
import { SessionError } from './session-error.ts';
import { sessionView } from './session-view.ts';
import type { Store } from './store.ts';
import { StoreRecords, WritableRecords } from './store-records.ts';

/** Where a session keeps its records and its bytes. */
export interface Backing {
  readonly path?: string;
  readonly store: Store;
  /** The memory of a boot. @param records those of the transaction or view: which buffers have files of their own */
  memory(state: BootState, writable: boolean, records: Records): PhysMemory;
  /** A transaction with this memory is about to commit. */
  settled?(memory: PhysMemory): void;
  /** The transaction is on disk that had this memory. */
  committed?(memory: PhysMemory): void;
  /** The number of the process that serves the session. */
  readonly server?: number | undefined;
  /** Whether a view failed because its boot was replaced and its arena removed. */
  replaced?(error: unknown): boolean;
  close(): void;
}

export class StoredSession implements Session {
  readonly #backing: Backing;
  readonly #onHistoryCut: (() => void) | undefined;

  /** @param onHistoryCut called after the transaction in which the journal began to drop its oldest entries */
  constructor(backing: Backing, onHistoryCut?: () => void) {
    this.#backing = backing;
    this.#onHistoryCut = onHistoryCut;
  }

  transact<T>(body: (kernel: Kernel) => T): T {
    let result: { readonly value: T } | undefined;
    let cut = false;
    let memory: PhysMemory | undefined;
    this.#backing.store.write((writer) => {
      const records = new WritableRecords(writer);
      memory = this.#backing.memory(this.#state(records), true, records);
      const kernel = new Kernel(records, memory);
      const wasWhole = journalLength(records).first === 0;
      record(kernel, records, () => records.spill());
      const value = body(kernel);
      if (value instanceof Promise) throw new Error('the body of a transaction must not be asynchronous');
      result = { value };
      cut = wasWhole && journalLength(records).first > 0;
      this.#backing.settled?.(memory);
      records.flush();
    });
    if (result === undefined) throw new Error('the transaction did not run');
    if (memory !== undefined) this.#backing.committed?.(memory);
    if (cut) this.#onHistoryCut?.();
    return result.value;
  }

  view<T>(body: (kernel: Kernel, seen: SessionView) => T): T {
    return this.#read((records, state) => {
      const memory = this.#backing.memory(state, false, records);
      return body(new Kernel(records, memory), sessionView(records, memory));
    });
  }

  journal(from = 0): readonly JournalEntry[] {
    return this.#read((records) => [...readJournal(records, from)]);
  }

  info(): SessionInfo {
    const { path, server } = this.#backing;
    return this.#read((records, state) => ({
      ...(path !== undefined && { path }),
      ...(server !== undefined && { server }),
      ...state,
      inputs: inputsOf(records),
      ...journalLength(records),
    }));
  }

  assumed(): readonly Diagnostic[] {
    // It is of the boot, which no call changes.
    return this.#read((_, state) => state.assumed ?? [], true);
  }

  close(): void {
    this.#backing.close();
  }

  #read<T>(body: (records: Records, state: BootState) => T, mayLag = false): T {
    for (let attempt = 0; ; attempt++) {
      try {
        return this.#backing.store.read((reader) => {
          const records = new StoreRecords(reader);
          return body(records, this.#state(records));
        }, mayLag);
      } catch (error) {
        if (attempt === 8 || this.#backing.replaced?.(error) !== true) throw error;
      }
    }
  }

  #state(records: Records): BootState {
    const state = bootState(records);
    if (state !== undefined) return state;
    const where = this.#backing.path === undefined ? '' : ` at ${this.#backing.path}`;
    throw new SessionError(
      'session-missing',
      `the session${where} was never booted`,
      'boot it with: dmaheap boot BOARD',
    );
  }
}
