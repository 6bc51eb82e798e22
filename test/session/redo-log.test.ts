import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { MemoryRecords } from '../../src/records.ts';
import { onHostCall } from '../../src/session/host-files.ts';
import { readRedoLog } from '../../src/session/left-log.ts';
import { decodeRecord } from '../../src/session/record-codec.ts';
import { RedoLog } from '../../src/session/redo-log.ts';
import { Random } from '../fuzz/random.ts';

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-log-'));
const path = join(directory, 'log');
const BOOT = { generation: 3, bootedAt: 1_700_000_000_000 };
afterAll(() => rmSync(directory, { recursive: true, force: true }));
afterEach(() => onHostCall(undefined));

/** Transactions that put, delete and patch, and what the records were after each. */
class Transactions {
  readonly records = new MemoryRecords();
  readonly log = new RedoLog(path, BOOT);
  readonly states: Map<string, unknown>[] = [this.#now()];
  /** Where each frame ends in the file. */
  readonly ends: number[] = [readFileSync(path).length];
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  make(count: number): void {
    for (let i = 0; i < count; i++) {
      const changed = new Set<string>();
      const before = new Set([...this.records.list('')].map(([key]) => key));
      for (let left = 1 + this.#random.below(4); left > 0; left--) changed.add(this.#change());
      this.log.append(this.states.length, {
        changed,
        get: (key) => this.records.get(key),
        isMade: (key) => !before.has(key),
      });
      this.states.push(this.#now());
      this.ends.push(readFileSync(path).length);
    }
  }

  #change(): string {
    const random = this.#random;
    const key = random.pick(['a/1', 'a/2', 'größe/\ud800', 'bits/1', 'bits/2', 'shrinks']);
    if (random.oneIn(6)) this.records.delete(key);
    else if (key.startsWith('bits/')) {
      const bits = this.records.get<Uint32Array>(key) ?? new Uint32Array(160);
      bits[random.below(160)] = random.below(2 ** 31);
      this.records.put(key, bits);
    } else if (key === 'shrinks') this.records.put(key, new Uint16Array(2 * random.below(300)).fill(7));
    else this.records.put(key, { text: 'x'.repeat(random.below(90)), at: BigInt(random.below(9)) });
    return key;
  }

  #now(): Map<string, unknown> {
    return new Map([...this.records.list('')].map(([key, value]) => [key, structuredClone(value)]));
  }
}

/** What a store would hold that was empty before. */
function replayed(after = 0): { found: Map<string, unknown>; frames: number; torn: number } {
  const left = readRedoLog(path, BOOT, after);
  if (left === undefined) throw new Error('another boot');
  const found = new Map<string, unknown>();
  for (const [key, bytes] of left.changes) if (bytes !== undefined) found.set(key, decodeRecord(key, bytes));
  return { found, frames: left.frames, torn: left.torn };
}

describe('a redo log', () => {
  it('has after each frame what was there', () => {
    const made = new Transactions(1);
    for (let i = 0; i < 60; i++) {
      made.make(1);
      expect(replayed().found).toEqual(made.states.at(-1));
    }
    expect(
      new Map(
        [...made.log.changes()].flatMap(([key, bytes]) => (bytes ? [[key, decodeRecord(key, bytes)]] : [])),
      ),
    ).toEqual(made.states.at(-1));
    for (const key of made.log.keys) {
      const bytes = made.log.get(key);
      expect(bytes && decodeRecord(key, bytes)).toEqual(made.records.get(key));
      expect(made.log.isDeleted(key)).toBe(bytes === undefined);
    }
  });

  it('cut off anywhere has the frames that are whole', () => {
    const made = new Transactions(2);
    made.make(30);
    const whole = readFileSync(path);
    for (let length = 32; length < whole.length; length += 1 + (length % 41)) {
      writeFileSync(path, whole.subarray(0, length));
      const frames = made.ends.findLastIndex((end) => end <= length);
      const expected = { found: made.states[frames], frames, torn: length - (made.ends[frames] ?? 0) };
      expect(isDeepStrictEqual(replayed(), expected), `${length} bytes`).toBe(true);
    }
  });

  it('with a byte that is another one ends before it', () => {
    const made = new Transactions(3);
    made.make(12);
    const whole = readFileSync(path);
    for (let at = 32; at < whole.length; at += 23) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      writeFileSync(path, bytes);
      const frames = made.ends.findLastIndex((end) => end <= at);
      expect(replayed()).toMatchObject({ found: made.states[frames], frames });
    }
  });

  it('of another boot is none', () => {
    new Transactions(4).make(3);
    expect(readRedoLog(path, { ...BOOT, generation: 4 }, 0)).toBeUndefined();
    expect(readRedoLog(path, { ...BOOT, bootedAt: 0 }, 0)).toBeUndefined();
  });

  it('gives only what the store has not', () => {
    const made = new Transactions(5);
    made.make(20);
    expect(replayed(20)).toMatchObject({ found: new Map(), frames: 0 });
    expect(replayed(19).frames).toBe(1);
    for (const [key, value] of replayed(15).found) expect(value).toEqual(made.records.get(key));
  });

  it('has not what could not be written, and goes on', () => {
    const made = new Transactions(6);
    made.make(5);
    const before = made.states.at(-1);
    onHostCall((call) => (call === 'write' ? 40 : undefined));
    expect(() => made.make(1)).toThrow('no space left');
    onHostCall(undefined);
    expect(replayed()).toEqual({ found: before, frames: 5, torn: 0 });
    made.make(10);
    expect(replayed()).toEqual({ found: made.states.at(-1), frames: 15, torn: 0 });
  });

  it('emptied begins anew, also when it cannot be cut', () => {
    const made = new Transactions(7);
    made.make(20);
    onHostCall((call) => {
      if (call === 'truncate') throw Object.assign(new Error('EIO'), { code: 'EIO' });
      return undefined;
    });
    made.log.clear();
    made.make(2);
    const { found, frames } = replayed();
    expect(frames).toBe(2);
    for (const [key, value] of found) expect(value).toEqual(made.records.get(key));
  });
});
