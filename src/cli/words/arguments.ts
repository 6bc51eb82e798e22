/** Reads the arguments of commands; what cannot be read is a `UsageError` that says what was expected. */
import { InvalidArgumentError } from 'commander';
import { parseNumber, parseU64 } from '../../uapi/call-names.ts';
import { parseByte, parseOffset, parseSeconds, parseSize, parseWhole } from '../../units.ts';
import { UsageError } from '../failures.ts';

const SIZE_FORMS = 'bytes, with K, M or G for powers of 1024, or 0x hexadecimal (300K, 0x1000, 4M)';

/** A size in bytes: 0 is read, and left to the kernel to refuse. */
export function readSize(text: string): bigint {
  const size = parseSize(text);
  if (size === undefined) throw new InvalidArgumentError(`Expected ${SIZE_FORMS}.`);
  return size;
}

/** An offset as a call takes it, which may be negative. */
export function readOffset(text: string): bigint {
  const offset = parseOffset(text);
  if (offset !== undefined) return offset;
  throw new InvalidArgumentError(`Expected ${SIZE_FORMS}, after - for a negative one.`);
}

const MAX_COUNT = 999_999_999;

/** A whole number from 0 on. */
export function readCount(text: string): number {
  const count = parseWhole(text, MAX_COUNT);
  if (count !== undefined) return count;
  throw new InvalidArgumentError('Expected a whole number.');
}

/** A 32-bit number as C writes it. */
export function readWord32(text: string): number {
  const value = parseNumber(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError('Expected a 32-bit number: decimal, 0x hexadecimal, or octal after a 0.');
}

/** A 64-bit number as C writes it. */
export function readWord(text: string): bigint {
  const value = parseU64(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError('Expected a 64-bit number: decimal, 0x hexadecimal, or octal after a 0.');
}

/** A byte: decimal or 0x hexadecimal. */
export function readByte(text: string): number {
  const value = parseByte(text);
  if (value !== undefined) return value;
  throw new InvalidArgumentError('Expected a byte: 0 to 255 or 0x00 to 0xff.');
}

/** Seconds, fractions allowed, as nanoseconds of logical time. */
export function readSeconds(text: string): number {
  const nanoseconds = parseSeconds(text);
  if (nanoseconds !== undefined) return nanoseconds;
  throw new InvalidArgumentError('Expected seconds, at most 1000000: 5, 0.5.');
}

/** Seconds of real time, as milliseconds. */
export function readWait(text: string): number {
  const milliseconds = (parseSeconds(text) ?? Number.NaN) / 1e6;
  if (milliseconds <= 86_400_000) return Math.round(milliseconds);
  throw new InvalidArgumentError('Expected seconds, at most 86400: 0, 2.5, 60.');
}

/** How many entries of the journal are kept. */
export function readJournalLimit(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY;
  const count = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  if (count < 1000) throw new InvalidArgumentError('Expected all, or a number of calls from 1000 on.');
  return count;
}

/** A descriptor: digits. @param or what else the argument may be */
export function readDescriptor(text: string, or = ''): number {
  if (!/^[0-9]{1,7}$/.test(text)) {
    const hint = 'A descriptor is digits, as alloc printed them: 4';
    throw new UsageError(`"${text}" is not a descriptor`, or === '' ? hint : `${hint}; ${or}`);
  }
  return Number(text);
}

/** A mapping: digits, which map: may stand before. */
export function readMapping(text: string): number {
  const digits = text.replace(/^map:/, '');
  if (!/^[0-9]{1,9}$/.test(digits)) {
    throw new UsageError(`"${text}" is not a mapping`, 'A mapping is digits, as mmap printed them: 1');
  }
  return Number(digits);
}

/** A part of a buffer: `FD[:OFFSET[:LENGTH]]`. */
export interface BufferPart {
  readonly fd: number;
  readonly offset: bigint;
  /** Absent: to the end. */
  readonly length?: bigint;
}

const PART_FORMS = {
  write: 'FD or FD:OFFSET: 4, 4:0x1000',
  read: 'FD, FD:OFFSET or FD:OFFSET:LENGTH: 4, 4:0x1000, 4:64K:256',
};

/** @param kind a `write` takes no length: its input has one */
export function readBufferPart(text: string, kind: 'read' | 'write'): BufferPart {
  const expected = `Expected ${PART_FORMS[kind]}`;
  const words = text.split(':');
  if (words.length > (kind === 'read' ? 3 : 2)) throw new UsageError(`cannot read "${text}"`, expected);
  const fd = readDescriptor(words[0] ?? '');
  const [offset, length] = words.slice(1).map((word) => {
    const size = parseSize(word);
    if (size === undefined) throw new UsageError(`cannot read "${word}" in "${text}"`, expected);
    return size;
  });
  return { fd, offset: offset ?? 0n, ...(length !== undefined && { length }) };
}
