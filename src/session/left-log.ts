/** The log that a killed server has left, as it is read. */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { openOwn } from './host-files.ts';
import { type Change, framesOf } from './log-frame.ts';
import { decodeRecord, encodeRecord } from './record-codec.ts';
import { HEAD, headOf, type LoggedBoot } from './redo-log.ts';
import { CHECK, SessionError } from './session-error.ts';
import type { StoreChanges } from './store.ts';

/** What was read of a log that a server left. */
export interface LeftLog {
  readonly changes: StoreChanges;
  /** The sequence of the last whole frame, 0 when there is none. */
  readonly last: number;
  /** Frames that the store has not. */
  readonly frames: number;
  /** Bytes at the end that are no whole frame. */
  readonly torn: number;
}

/**
 * Reads the log that a server left.
 *
 * @param after frames up to this sequence are in the store already
 * @returns `undefined` when it belongs to another boot, or was written by another version
 * @throws the system's own error
 */
export function readRedoLog(path: string, boot: LoggedBoot, after: number): LeftLog | undefined {
  const fd = openOwn(path, 'read');
  try {
    const bytes = Buffer.alloc(fstatSync(fd).size);
    const length = readAll(fd, bytes);
    if (length < HEAD || Buffer.compare(bytes.subarray(0, HEAD), headOf(boot)) !== 0) return undefined;
    const content = new Map<string, Content>();
    const fresh = new Set<string>();
    let [end, last, frames] = [HEAD, 0, 0];
    for (const frame of framesOf(bytes.subarray(0, length), HEAD)) {
      end = frame.end;
      last = frame.sequence;
      // Those that the store has are gone through as well: a later one may be of a few words only.
      for (const change of frame.changes) apply(content, change);
      if (last <= after) continue;
      for (const { key } of frame.changes) fresh.add(key);
      frames++;
    }
    return { changes: recordsOf(content, fresh), last, frames, torn: length - end };
  } finally {
    closeSync(fd);
  }
}

function readAll(fd: number, into: Uint8Array): number {
  let done = 0;
  for (let got = -1; got !== 0 && done < into.length; done += got) {
    got = readSync(fd, into, done, into.length - done, done);
  }
  return done;
}

/** What is under a key: nothing, a record, or a bitmap that was patched. */
type Content = undefined | Uint8Array | Uint32Array;

function apply(content: Map<string, Content>, change: Change): void {
  const { key } = change;
  if (change.kind !== 'patch') {
    content.set(key, change.kind === 'record' ? change.record : undefined);
    return;
  }
  const before = content.get(key);
  const bits = before instanceof Uint8Array ? decodeRecord(key, before) : before;
  if (!(bits instanceof Uint32Array) || change.word + change.words.length > bits.length) {
    throw new SessionError('session-damaged', `the log has a part of ${key} that fits to nothing`, CHECK);
  }
  bits.set(change.words, change.word);
  content.set(key, bits);
}

function* recordsOf(content: ReadonlyMap<string, Content>, keys: ReadonlySet<string>): StoreChanges {
  for (const key of keys) {
    const what = content.get(key);
    if (what instanceof Uint32Array) yield [key, encodeRecord(key, what)];
    else yield [key, what && new Uint8Array(what)];
  }
}
