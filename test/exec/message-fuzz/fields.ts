/** Messages as lists of fields, so that one of them can be changed; and bytes that are no message. */
import { HEADER } from '../../../src/exec/protocol.ts';
import { FieldWriter } from '../../../src/exec/wire.ts';
import type { Random } from '../../fuzz/random.ts';

/** One field of a message, as it is written. */
export type Field =
  | { readonly as: 'u8' | 'u32' | 'i32' | 'u64' | 'i64'; readonly value: number | bigint }
  | { readonly as: 'str'; readonly value: string | Uint8Array };

export interface Message {
  readonly type: number;
  readonly fields: readonly Field[];
}

export const u8 = (value: number): Field => ({ as: 'u8', value });
export const u32 = (value: number): Field => ({ as: 'u32', value });
export const i32 = (value: number): Field => ({ as: 'i32', value });
export const u64 = (value: number | bigint): Field => ({ as: 'u64', value });
export const i64 = (value: number | bigint): Field => ({ as: 'i64', value });
export const str = (value: string | Uint8Array): Field => ({ as: 'str', value });

export const message = (type: number, ...fields: readonly Field[]): Message => ({ type, fields });

export const PAGE = 4096;

export const PATHS = [
  '/dev/dma_heap',
  '/dev/dma_heap/none',
  '/sys/kernel/debug/dma_buf/bufinfo',
  '/proc/meminfo',
  '/proc/iomem',
  '/sys/kernel/debug/cma',
  '/dev/dma_heap/system/x',
  '/../../etc/passwd',
  '',
  '/',
  `/${'x'.repeat(5000)}`,
  '/dev/dma_heap/\u0000',
];

const EDGES = [
  0,
  1,
  2,
  3,
  4,
  7,
  8,
  0x7f,
  0xff,
  0xfff,
  PAGE,
  PAGE + 1,
  0x10000,
  0x7fff_ffff,
  0x8000_0000,
  0xffff_fffe,
  0xffff_ffff,
];

export const WIDE_EDGES = [
  0n,
  1n,
  4095n,
  4096n,
  1n << 20n,
  1n << 31n,
  1n << 32n,
  1n << 40n,
  1n << 47n,
  (1n << 47n) - 4096n,
  1n << 63n,
  (1n << 64n) - 4096n,
  (1n << 64n) - 1n,
];

/** The bytes of a message. */
export function frameOf({ type, fields }: Message, seq: number): Buffer {
  const writer = new FieldWriter().begin(type, seq);
  for (const field of fields) {
    if (field.as === 'str') writer.str(field.value);
    else if (field.as === 'u8') writer.u8(Number(field.value));
    else if (field.as === 'u32') writer.u32(Number(field.value));
    else if (field.as === 'i32') writer.u32(Number(field.value) >>> 0);
    else if (field.as === 'i64') writer.i64(field.value);
    else writer.u64(field.value);
  }
  return writer.finish();
}

/** The same message, one of its fields with another value. */
export function changed({ type, fields }: Message, random: Random): Message {
  const which = random.below(fields.length);
  return {
    type,
    fields: fields.map((field, index) => (index === which ? otherValue(field, random) : field)),
  };
}

function otherValue({ as }: Field, random: Random): Field {
  switch (as) {
    case 'str':
      return str(
        random.oneIn(2) ? random.pick(PATHS) : random.bytes(random.below(random.oneIn(20) ? 8192 : 64)),
      );
    case 'u8':
      return u8(random.below(256));
    case 'u32':
    case 'i32':
      return u32(random.oneIn(3) ? random.word() : random.pick(EDGES));
    default:
      return u64(
        random.oneIn(3) ? (BigInt(random.word()) << 32n) | BigInt(random.word()) : random.pick(WIDE_EDGES),
      );
  }
}

/** Bytes that are no message: cut off, with more behind, of another type, or other bytes in it. */
export function garbageOf(frame: Buffer, random: Random): Buffer {
  const bytes = Buffer.concat([frame, random.oneIn(2) ? random.bytes(random.below(16)) : new Uint8Array()]);
  switch (random.below(3)) {
    case 0: {
      const cut = HEADER + random.below(Math.max(1, bytes.length - HEADER));
      const short = bytes.subarray(0, cut);
      short.writeUInt32LE(short.length, 0);
      return short;
    }
    case 1:
      bytes.writeUInt32LE(bytes.length, 0);
      bytes.writeUInt16LE(random.below(0x10000), 4);
      return bytes;
    default:
      bytes.writeUInt32LE(bytes.length, 0);
      for (let n = 0; n < 4; n++)
        bytes[HEADER - 1 + random.below(bytes.length - HEADER + 1)] = random.below(256);
      return bytes;
  }
}
