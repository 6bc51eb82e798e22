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

/** How much of the journal is kept. */
export interface JournalLimit {
  /** Calls and accesses; `Infinity` keeps all. */
  readonly entries: number;
}

/**
 * What is kept unless it is asked for otherwise: the newest entries, and of those at most so many bytes
 * that accesses wrote. A session that is shared by CI jobs for weeks stays as small as one of a day.
 */
export const JOURNAL_LIMIT: JournalLimit = { entries: 100_000 };
const JOURNAL_BYTES = 64 << 20;

export interface JournalLength {
  /** Calls and accesses since boot. */
  readonly entries: number;
  readonly calls: number;
  /** The number of the first entry that is kept: so many were dropped. */
  readonly first: number;
}

interface JournalState extends JournalLength {
  /** Bytes of accesses in the entries that are kept. */
  readonly bytes: number;
  readonly limit: JournalLimit;
}

const STATE = 'journal';

const journalState = (records: Records): JournalState =>
  records.get<JournalState>(STATE) ?? { entries: 0, calls: 0, first: 0, bytes: 0, limit: JOURNAL_LIMIT };

/** How much is in the journal. */
export function journalLength(records: Records): JournalLength {
  const { entries, calls, first } = journalState(records);
  return { entries, calls, first };
}

/** Begins an empty journal. */
export function beginJournal(records: Records, limit: JournalLimit): void {
  records.put<JournalState>(STATE, { entries: 0, calls: 0, first: 0, bytes: 0, limit });
}

/** Appends what happened, and drops the oldest entries beyond the limit. The entry's bytes must be its own. */
export function appendJournal(records: Records, entry: Unnumbered<JournalEntry>): void {
  const state = journalState(records);
  const { entries, calls, limit } = state;
  records.put<JournalEntry>(recordKey('journal', entries), { seq: entries, ...entry });
  let { first } = state;
  let bytes = state.bytes + bytesOf(entry);
  // As many as an entry may add, so that the newest always stay.
  while (
    entries + 1 - first > limit.entries ||
    (bytes > JOURNAL_BYTES && limit.entries !== Number.POSITIVE_INFINITY && first < entries)
  ) {
    const key = recordKey('journal', first++);
    const oldest = bytes === 0 ? undefined : records.get<JournalEntry>(key);
    if (oldest !== undefined) bytes -= bytesOf(oldest);
    records.delete(key);
  }
  const isCall = 'call' in entry;
  records.put<JournalState>(STATE, {
    entries: entries + 1,
    calls: isCall ? calls + 1 : calls,
    first,
    bytes,
    limit,
  });
}

/** The bytes that an access keeps; a call keeps few. */
const bytesOf = (entry: Unnumbered<JournalEntry>): number =>
  'access' in entry && 'bytes' in entry.kept ? entry.kept.bytes.length : 0;

/** The entries from number `from` on that are kept. */
export function* readJournal(records: Records, from = 0): Iterable<JournalEntry> {
  const { entries, first } = journalLength(records);
  for (let seq = Math.max(from, first); seq < entries; seq++) {
    const entry = records.get<JournalEntry>(recordKey('journal', seq));
    if (entry !== undefined) yield entry;
  }
}

/** What is wrong with the journal, in words: an entry that is missing or stands under another's number. */
export function journalProblems(records: Records): string[] {
  const { entries, first } = journalLength(records);
  for (let seq = first; seq < entries; seq++) {
    const entry = records.get<JournalEntry>(recordKey('journal', seq));
    if (entry?.seq !== seq)
      return [`entry ${seq} of the journal is missing; it has ${first} to ${entries - 1}`];
  }
  return [];
}
