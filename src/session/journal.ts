/**
 * The journal: every call that was made of the kernel, with its answer, in the transaction that it
 * changed the state in. What is in the journal happened; what happened is in the journal.
 */
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import type { Records } from '../records.ts';
import { recordKey } from '../records.ts';

export interface JournalEntry {
  /** Counts from 0 at boot. */
  readonly seq: number;
  /** Wall-clock time in milliseconds since 1970. */
  readonly time: number;
  /** Logical time in nanoseconds since boot. */
  readonly clock: number;
  readonly task: string;
  /** The call as data; a pointer's bytes as the kernel left them. */
  readonly call: Syscall;
  readonly result: SyscallResult;
}

const NEXT = 'journal';

/** How many calls were made since boot. */
export const journalLength = (records: Records): number => records.get<number>(NEXT) ?? 0;

/** Appends a call. */
export function appendJournal(records: Records, entry: Omit<JournalEntry, 'seq'>): void {
  const seq = journalLength(records);
  records.put<JournalEntry>(recordKey('journal', seq), { seq, ...entry, call: ownBytes(entry.call) });
  records.put(NEXT, seq + 1);
}

/** The call with its own copy of the caller's bytes, who may change them before the transaction ends. */
function ownBytes(call: Syscall): Syscall {
  if (call.call === 'ioctl') return call.arg === null ? call : { ...call, arg: call.arg.slice() };
  if ('buf' in call && call.buf !== null) return { ...call, buf: call.buf.slice() };
  if ('fds' in call && call.fds !== null) return { ...call, fds: call.fds.slice() };
  return call;
}

/** The calls from number `from` on. */
export function* readJournal(records: Records, from = 0): Iterable<JournalEntry> {
  const end = journalLength(records);
  for (let seq = from; seq < end; seq++) {
    const entry = records.get<JournalEntry>(recordKey('journal', seq));
    if (entry !== undefined) yield entry;
  }
}
