/**
 * Puts what a killed server left in its log into the store.
 *
 * The store says up to which frame it has them, in the same transaction: so it does not matter whether the
 * log was emptied after it. Whoever takes the write lock and finds frames does this first, for a server
 * that lives has put all into the store before it lets the lock go.
 */
import type { Records } from '../records.ts';
import { bootState } from './boot-state.ts';
import { unlinkHost } from './host-files.ts';
import { journalLength } from './journal.ts';
import { readRedoLog } from './left-log.ts';
import { lookAtLog } from './redo-log.ts';
import { fileError, systemCode } from './session-error.ts';
import type { StoreWriter } from './store.ts';
import { StoreRecords, WritableRecords } from './store-records.ts';

/** What became of a log. */
export type Replayed =
  | {
      /** Calls that the store has now. */
      readonly calls: number;
      /** Bytes of a frame that was not written whole: a call that was not answered. */
      readonly torn: number;
    }
  /** It belongs to another boot or version, and is not used. */
  | { readonly ignored: true };

const STATE = 'session/log';

/** The sequence of the last frame that is in the store. */
export const appliedSequence = (records: Records): number => records.get<number>(STATE) ?? 0;

/** To be put into the store with the frames up to this one. */
export const putAppliedSequence = (records: Records, sequence: number): void =>
  records.put<number>(STATE, sequence);

/**
 * Puts the frames of the log that the store has not into it, under the write lock.
 *
 * @returns `undefined` when there is none; else it may be removed after the commit
 */
export function replayLog(path: string, writer: StoreWriter): Replayed | undefined {
  if (lookAtLog(path) !== 'frames') return undefined;
  const before = new StoreRecords(writer);
  const state = bootState(before);
  try {
    const left = state && readRedoLog(path, state, appliedSequence(before));
    if (left === undefined) return { ignored: true };
    if (left.frames === 0) return { calls: 0, torn: left.torn };
    const { calls } = journalLength(before);
    writer.put(left.changes);
    const records = new WritableRecords(writer);
    putAppliedSequence(records, left.last);
    records.flush();
    return { calls: journalLength(records).calls - calls, torn: left.torn };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw fileError(error, `read ${path}`);
  }
}

/** Whether it is worth to be told. */
export const isNews = (what: Replayed): boolean => 'ignored' in what || what.calls > 0 || what.torn > 0;

/** Removes a log whose frames are in the store. What cannot be removed is found to be there already. */
export function removeLog(path: string): void {
  try {
    unlinkHost(path);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}
