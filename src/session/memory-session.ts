/** A session in this process's memory: for commands with `--board`, and for tests. */
import type { Diagnostic } from '../diagnostic.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { layoutOf } from '../kernel/kernel.ts';
import { InMemoryPhysMemory } from '../mm/phys-memory.ts';
import { MemoryRecords, type Records } from '../records.ts';
import { putBoot } from './boot-state.ts';
import type { JournalEntry } from './journal.ts';
import type { BootInputs, Session, SessionInfo, SessionView } from './session.ts';
import type { Store, StoreChanges, StoreReader, StoreWriter } from './store.ts';
import { WritableRecords } from './store-records.ts';
import { StoredSession } from './stored-session.ts';

/** A store that goes with the process. */
export class MemoryStore implements Store {
  readonly #values = new MemoryRecords();
  #active = 0;

  write(body: (writer: StoreWriter) => void): void {
    if (this.#active > 0) throw new Error('a transaction inside a transaction or a view');
    this.#active++;
    /** What was there before the transaction changed it. */
    const before = new Map<string, Uint8Array | undefined>();
    const set = (key: string, bytes: Uint8Array | undefined): void => {
      if (!before.has(key)) before.set(key, this.#values.get<Uint8Array>(key));
      this.#set(key, bytes);
    };
    try {
      body({
        ...this.#reader(),
        put: (changes: StoreChanges) => {
          for (const [key, bytes] of changes) set(key, bytes);
        },
        clear: () => {
          for (const [key] of [...this.#values.list('')]) set(key, undefined);
        },
      });
    } catch (error) {
      for (const [key, bytes] of before) this.#set(key, bytes);
      throw error;
    } finally {
      this.#active--;
    }
  }

  #set(key: string, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.#values.delete(key);
    else this.#values.put(key, bytes);
  }

  read<T>(body: (reader: StoreReader) => T): T {
    this.#active++;
    try {
      return body(this.#reader());
    } finally {
      this.#active--;
    }
  }

  close(): void {
    for (const [key] of this.#values.list('')) this.#values.delete(key);
  }

  #reader(): StoreReader {
    return {
      get: (key) => this.#values.get<Uint8Array>(key)?.slice(),
      keys: (prefix) => [...this.#values.list(prefix)].map(([key]) => key),
    };
  }
}

export class MemorySession implements Session {
  readonly #session: StoredSession;

  /** @param booted the records of a kernel that has booted from `inputs` */
  constructor(booted: Records, inputs: BootInputs) {
    const store = new MemoryStore();
    const layout = layoutOf(booted);
    const memory = new InMemoryPhysMemory(layout);
    store.write((writer) => {
      const records = new WritableRecords(writer);
      putBoot(records, { generation: 1, arena: 1, bootedAt: Date.now(), layout }, inputs, booted);
      records.flush();
    });
    this.#session = new StoredSession({ store, memory: () => memory, close: () => store.close() });
  }

  transact<T>(body: (kernel: Kernel) => T): T {
    return this.#session.transact(body);
  }

  view<T>(body: (kernel: Kernel, seen: SessionView) => T): T {
    return this.#session.view(body);
  }

  journal(from?: number): readonly JournalEntry[] {
    return this.#session.journal(from);
  }

  info(): SessionInfo {
    return this.#session.info();
  }

  assumed(): readonly Diagnostic[] {
    return this.#session.assumed();
  }

  close(): void {
    this.#session.close();
  }
}
