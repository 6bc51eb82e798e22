/** Changes to bytes that any format's fuzzing begins with. */
import type { Random } from './random.ts';

const WORDS = [
  0, 1, 2, 3, 4, 8, 9, 0x10, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0xfffffff0, 0x100, 0x1000,
  0xd00dfeed,
];

type Mutation = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function span(bytes: Uint8Array, random: Random): [number, number] {
  const start = random.below(bytes.length + 1);
  return [start, start + random.below(Math.min(bytes.length - start, random.oneIn(4) ? 65536 : 64) + 1)];
}

const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => {
    const out = bytes.slice();
    if (out.length > 0) out[random.below(out.length)]! ^= 1 << random.below(8);
    return out;
  },
  (bytes, random) => {
    const out = bytes.slice();
    if (out.length > 0) out[random.below(out.length)] = random.below(256);
    return out;
  },
  (bytes, random) => {
    const out = bytes.slice();
    if (out.length < 4) return out;
    const at = random.below(Math.floor(out.length / 4)) * 4;
    const word = random.oneIn(3) ? random.below(out.length + 16) : random.pick(WORDS);
    new DataView(out.buffer).setUint32(at, word);
    return out;
  },
  (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  (bytes, random) => concat(bytes, random.bytes(random.below(64))),
  (bytes, random) => {
    const [start, end] = span(bytes, random);
    return concat(bytes.subarray(0, start), bytes.subarray(end));
  },
  (bytes, random) => {
    const [start, end] = span(bytes, random);
    return concat(bytes.subarray(0, end), bytes.subarray(start));
  },
  (bytes, random, other) => {
    const [start, end] = span(other, random);
    const at = random.below(bytes.length + 1);
    return concat(bytes.subarray(0, at), other.subarray(start, end), bytes.subarray(at));
  },
  (bytes, random, other) => {
    const out = bytes.slice();
    const [start, end] = span(other, random);
    const at = random.below(out.length + 1);
    out.set(other.subarray(start, Math.min(end, start + out.length - at)), at);
    return out;
  },
];

/** Changes `bytes` a few times; `other` gives pieces to splice in. */
export function mutate(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let out = bytes;
  const times = random.oneIn(4) ? 1 + random.below(24) : 1 + random.below(3);
  for (let i = 0; i < times; i++) out = random.pick(MUTATIONS)(out, random, other);
  return out;
}
