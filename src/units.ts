/**
 * The numbers of the memory model: physical addresses, page frames, orders and sizes.
 *
 * Addresses and 64-bit lengths are `bigint`; page frame numbers, page counts and orders are `number`
 * (exact up to 2^53). What a page is, and the conversions between the two, says a kernel's `Geometry` (`profile/`).
 */

/** A physical address or a 64-bit length in bytes. */
export type PhysAddr = bigint;
/** A page frame number: `address >> PAGE_SHIFT`, in the pages of the kernel that it belongs to. */
export type Pfn = number;

/** A range of physical addresses: `[base, base + size)`. */
export interface PhysRange {
  readonly base: PhysAddr;
  readonly size: PhysAddr;
}

/** A run of whole page frames: `[pfn, pfn + pages)`. */
export interface PfnRange {
  readonly pfn: Pfn;
  readonly pages: number;
}

export const U64_MASK = (1n << 64n) - 1n;
/** The highest value of 32 bits. */
export const U32_MASK = (1n << 32n) - 1n;

export const KiB = 1024n;
export const MiB = 1024n * KiB;
export const GiB = 1024n * MiB;
export const TiB = 1024n * GiB;

/** Rounds down to a multiple of `align` (any positive number): rounddown(). */
export const roundDown = (value: bigint, align: bigint): bigint => value - (value % align);

/** Rounds up to a multiple of `align` (any positive number): roundup(). */
export const roundUp = (value: bigint, align: bigint): bigint => roundDown(value + align - 1n, align);

/** The smallest order whose `1 << order` pages hold `pages` (at least 1): get_order(). */
export function getOrder(pages: number): number {
  let order = 0;
  while (2 ** order < pages) order++;
  return order;
}

/** The end of a range, exclusive. */
export const rangeEnd = (range: PhysRange): PhysAddr => range.base + range.size;

/** The bytes of a run of page frames of `pageSize` bytes. */
export const bytesOf = ({ pfn, pages }: PfnRange, pageSize: number): PhysRange => ({
  base: BigInt(pfn) * BigInt(pageSize),
  size: BigInt(pages) * BigInt(pageSize),
});

/** The longest run, the first of equals; `undefined` when there is none. */
export const longestRun = (runs: readonly PfnRange[]): PfnRange | undefined =>
  runs.reduce<PfnRange | undefined>(
    (best, run) => (best !== undefined && best.pages >= run.pages ? best : run),
    undefined,
  );

/** Whether two ranges share a byte. */
export const rangesOverlap = (a: PhysRange, b: PhysRange): boolean =>
  a.base < rangeEnd(b) && b.base < rangeEnd(a);

const later = (a: PhysAddr, b: PhysAddr): PhysAddr => (a < b ? b : a);
const earlier = (a: PhysAddr, b: PhysAddr): PhysAddr => (a > b ? b : a);

/** What two ranges share; of size 0 where that is nothing. */
export function sharedRange(a: PhysRange, b: PhysRange): PhysRange {
  const base = later(a.base, b.base);
  return { base, size: later(earlier(rangeEnd(a), rangeEnd(b)) - base, 0n) };
}

const SUFFIX: Readonly<Record<string, bigint>> = {
  K: 10n,
  M: 20n,
  G: 30n,
  T: 40n,
};

/**
 * Reads a size or an address as people write them: decimal or 0x hexadecimal, with an optional suffix
 * K, M, G or T (powers of 1024; `KiB`, `KB` and `B` are taken too). Nothing else: no sign, no fraction.
 *
 * @returns the value in bytes, or `undefined` when the text is not a size
 */
export function parseSize(text: string): bigint | undefined {
  const match = /^(0[xX][0-9a-fA-F]+|[0-9]+)\s*(?:([KMGTkmgt])(?:i?[bB])?|[bB])?$/.exec(text.trim());
  const digits = match?.[1];
  if (digits === undefined) return undefined;
  const value = BigInt(digits) << (SUFFIX[match?.[2]?.toUpperCase() ?? ''] ?? 0n);
  return value <= U64_MASK ? value : undefined;
}

/** Reads a signed number of 64 bits: what `parseSize` reads, or a minus before it. */
export function parseSigned(text: string): bigint | undefined {
  const size = parseSize(text.replace(/^-(?=[0-9])/, ''));
  const value = size === undefined || !text.startsWith('-') ? size : -size;
  return value === undefined || BigInt.asIntN(64, value) !== value ? undefined : value;
}

/** Reads a number of 64 bits with a sign or without, as a call takes an offset: from -2^63 to 2^64 - 1. */
export const parseOffset = (text: string): bigint | undefined => parseSize(text) ?? parseSigned(text);

/** Reads a whole number from 0 to `most`: decimal or 0x hexadecimal. */
export function parseWhole(text: string, most = Number.MAX_SAFE_INTEGER): number | undefined {
  const value = /^(0x[0-9a-f]{1,12}|[0-9]{1,15})$/i.test(text) ? Number(text) : Number.NaN;
  return value <= most ? value : undefined;
}

/** Reads a byte: 0 to 255, decimal or 0x hexadecimal. */
export const parseByte = (text: string): number | undefined => parseWhole(text, 255);

/**
 * Reads `ADDRESS:SIZE`, or an address alone, with or without the @ that marks memory among other words.
 *
 * @returns the address and, where it was given, the size in bytes; `undefined` when the text is neither
 */
export function parseAddress(text: string): { readonly base: PhysAddr; readonly size?: bigint } | undefined {
  const words = text.trim().replace(/^@/, '').split(':');
  const [base, size] = words.map(parseSize);
  if (base === undefined || words.length > 2 || (words.length === 2 && size === undefined)) return undefined;
  return { base, ...(size !== undefined && { size }) };
}

/** Reads `ADDRESS:SIZE` as `parseAddress` does; a range has a size, and one byte at least. */
export function parseRange(text: string): PhysRange | undefined {
  const { base = 0n, size = 0n } = parseAddress(text) ?? {};
  return size === 0n ? undefined : { base, size };
}

const NANOSECONDS = 1e9;
const MAX_SECONDS = 1_000_000;

/**
 * Reads seconds as people write them: `6`, `0.5`; no sign, no unit, no exponent.
 *
 * @returns nanoseconds, or `undefined` when the text is no time or one of more than 1,000,000 seconds
 */
export function parseSeconds(text: string): number | undefined {
  const seconds = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
  return seconds <= MAX_SECONDS ? Math.round(seconds * NANOSECONDS) : undefined;
}

const UNITS = [
  ['TiB', 40n],
  ['GiB', 30n],
  ['MiB', 20n],
  ['KiB', 10n],
] as const;

/** Prints a size in the largest binary unit that is exact: `8 MiB`, `1536 KiB`, `100 B`. */
export function formatSize(bytes: bigint | number): string {
  const value = BigInt(bytes);
  for (const [unit, shift] of UNITS) {
    if (value !== 0n && value % (1n << shift) === 0n) return `${value >> shift} ${unit}`;
  }
  return `${value} B`;
}

/** Prints an address as the kernel's %pa does: `0x` and 16 digits. */
export const formatPa = (address: PhysAddr): string => `0x${address.toString(16).padStart(16, '0')}`;

/** Prints a range as people write them, its last byte included: `0x80000000..0x9fffffff`. */
export const formatRange = ({ base, size }: PhysRange): string =>
  `${formatHex(base)}..${formatHex(base + size - 1n)}`;
/** Prints an address as %pa does where physical addresses have 32 bits. */
export const formatPa32 = (address: PhysAddr): string =>
  `0x${BigInt.asUintN(32, address).toString(16).padStart(8, '0')}`;

/** Prints an address or flags word as people write them: `0x` and no padding. */
export const formatHex = (value: bigint | number): string => `0x${value.toString(16)}`;

const SUFFIXES = 'KMGTPE';

/**
 * Reads a number as memparse() does: decimal, 0x hexadecimal or 0 octal, then K, M, G, T, P or E. What
 * is no number reads as 0.
 *
 * @returns the value modulo 2^64 and the text behind it
 */
export function memparse(text: string): readonly [value: bigint, rest: string] {
  const digits = /^(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)/.exec(text)?.[0] ?? '';
  const octal = /^0[0-7]+$/.test(digits);
  let value = digits === '' ? 0n : BigInt(octal ? `0o${digits.slice(1)}` : digits);
  let rest = text.slice(digits.length);
  const power = SUFFIXES.indexOf(rest.slice(0, 1).toUpperCase());
  if (rest !== '' && power >= 0) {
    value <<= BigInt(10 * (power + 1));
    rest = rest.slice(1);
  }
  return [BigInt.asUintN(64, value), rest];
}

/** `1 buffer`, `2 buffers`; words that end otherwise are given. */
export const counted = (count: number | bigint, word: string, several = `${word}s`): string =>
  `${count} ${Number(count) === 1 ? word : several}`;
