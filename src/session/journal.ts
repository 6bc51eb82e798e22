/**
 * The journal: everything that happened to the kernel since boot, in the transaction that it changed the
 * state in. What is in the journal happened; what happened is in the journal.
 */
import type { AccessPlace } from '../kernel/access.ts';
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import type { Records } from '../records.ts';
import { recordKey } from '../records.ts';
import type { KeptBytes } from './kept-bytes.ts';

/** Numbers `[from, to)` of the lines of a log. */
export type SeqRange = readonly [from: number, to: number];

interface Moment {
  /** Counts from 0 at boot. */
  readonly seq: number;
  /** Wall-clock time in milliseconds since 1970. */
  readonly time: number;
  /** Logical time in nanoseconds since boot. */
  readonly clock: number;
  /** The lines of the kernel log that it caused; absent: none. */
  readonly log?: SeqRange;
  /** The hazards that it caused, by their numbers in the hazard log; absent: none. */
  readonly hazards?: SeqRange;
}

/** A call of a task. */
export interface JournalCall extends Moment {
  readonly task: string;
  /** The call as data; a pointer's bytes as the kernel left them. */
  readonly call: Syscall;
  readonly result: SyscallResult;
  /** What the pointer led to before, where the kernel changed it. */
  readonly given?: Uint8Array;
  /** Where the first byte of a new buffer lies. */
  readonly phys?: bigint;
  /** The first bus address of a buffer that was mapped for a device. */
  readonly dma?: bigint;
}

/** Bytes that a task, or a device, loaded or stored. */
export interface JournalAccess extends Moment {
  readonly access: 'read' | 'write';
  readonly place: AccessPlace;
  readonly kept: KeptBytes;
  /** The fault that ended it. */
  readonly fault?: string;
}

export type JournalEntry = JournalCall | JournalAccess;

type Unnumbered<T> = T extends JournalEntry ? Omit<T, 'seq'> : never;

export interface JournalLength {
  /** Calls and accesses. */
  readonly entries: number;
  readonly calls: number;
}

const LENGTH = 'journal';

/** How much is in the journal. */
export const journalLength = (records: Records): JournalLength =>
  records.get<JournalLength>(LENGTH) ?? { entries: 0, calls: 0 };

/** Appends what happened. The entry's bytes must be its own. */
export function appendJournal(records: Records, entry: Unnumbered<JournalEntry>): void {
  const { entries, calls } = journalLength(records);
  records.put<JournalEntry>(recordKey('journal', entries), { seq: entries, ...entry });
  const isCall = 'call' in entry;
  records.put<JournalLength>(LENGTH, { entries: entries + 1, calls: isCall ? calls + 1 : calls });
}

/** The entries from number `from` on. */
export function* readJournal(records: Records, from = 0): Iterable<JournalEntry> {
  const { entries } = journalLength(records);
  for (let seq = from; seq < entries; seq++) {
    const entry = records.get<JournalEntry>(recordKey('journal', seq));
    if (entry !== undefined) yield entry;
  }
}
