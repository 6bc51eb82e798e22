import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  formatHex,
  formatPa,
  formatSize,
  GiB,
  getOrder,
  KiB,
  MiB,
  memparse,
  parseAddress,
  parseByte,
  parseOffset,
  parseRange,
  parseSeconds,
  parseSigned,
  parseSize,
  rangesOverlap,
  roundDown,
  roundUp,
  TiB,
} from '../src/units.ts';
import { pageAlign, pfnDown, pfnPhys, pfnUp } from './pages.ts';

describe('page frames', () => {
  it('rounds addresses to frames down and up', () => {
    expect([pfnDown(0x1fffn), pfnUp(0x1001n), pfnUp(0x1000n), pfnDown(0n)]).toEqual([1, 2, 1, 0]);
    expect(pfnPhys(0x123456789)).toBe(0x123456789000n);
  });

  it('aligns lengths to pages and wraps at 2^64', () => {
    expect(pageAlign(1n)).toBe(4096n);
    expect(pageAlign(4096n)).toBe(4096n);
    expect(pageAlign((1n << 64n) - 4096n)).toBe((1n << 64n) - 4096n);
    expect(pageAlign((1n << 64n) - 4095n)).toBe(0n);
  });

  it('gives the smallest order that holds the pages', () => {
    expect([1, 2, 3, 4, 5, 1024, 1025].map(getOrder)).toEqual([0, 1, 2, 2, 3, 10, 11]);
    expect(getOrder(2 ** 52)).toBe(52);
  });
});

describe('rounding', () => {
  it('finds the multiple next to a value', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 1n << 64n), fc.bigInt(1n, 1n << 32n), (value, align) => {
        const [down, up] = [roundDown(value, align), roundUp(value, align)];
        expect(down % align === 0n && up % align === 0n).toBe(true);
        expect(down <= value && value - down < align).toBe(true);
        expect(up >= value && up - value < align).toBe(true);
      }),
    );
  });

  it('says which ranges share a byte', () => {
    const a = { base: 10n, size: 10n };
    expect(rangesOverlap(a, { base: 20n, size: 1n })).toBe(false);
    expect(rangesOverlap(a, { base: 19n, size: 1n })).toBe(true);
    expect(rangesOverlap(a, { base: 0n, size: 10n })).toBe(false);
    expect(rangesOverlap(a, { base: 0n, size: 100n })).toBe(true);
  });
});

describe('sizes as text', () => {
  it.each([
    ['0', 0n],
    ['4096', 4096n],
    ['300K', 300n * KiB],
    ['64M', 64n * MiB],
    ['64 MiB', 64n * MiB],
    ['1g', GiB],
    ['2TiB', 2n * TiB],
    ['0x1000', 4096n],
    ['0x10K', 16n * KiB],
    ['100 B', 100n],
    ['0xffffffffffffffff', (1n << 64n) - 1n],
  ])('reads %s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', 'M', '-1', '+1', '1.5M', '1e3', '0x', '12Q', '16777216T', '0x1gG', '1 2', '1MM'])(
    'refuses %j',
    (text) => {
      expect(parseSize(text)).toBeUndefined();
    },
  );

  it('prints in the largest exact unit, which reads back', () => {
    expect([8n * MiB, 1536n * KiB, 100n, 0n, 5n * TiB].map(formatSize)).toEqual([
      '8 MiB',
      '1536 KiB',
      '100 B',
      '0 B',
      '5 TiB',
    ]);
    fc.assert(
      fc.property(fc.bigInt(0n, (1n << 64n) - 1n), (bytes) => {
        expect(parseSize(formatSize(bytes))).toBe(bytes);
      }),
    );
  });

  it('prints addresses as %pa and as people write them', () => {
    expect(formatPa(0x48000000n)).toBe('0x0000000048000000');
    expect(formatHex(0x48000000n)).toBe('0x48000000');
    expect(formatHex(255)).toBe('0xff');
  });
});

describe('addresses and ranges', () => {
  const base = 0x60000000n;

  it('reads an address with or without a size, and with or without an @', () => {
    for (const at of ['', '@']) {
      expect(parseAddress(`${at}0x60000000`)).toEqual({ base });
      expect(parseAddress(`${at}0x60000000:4K`)).toEqual({ base, size: 4096n });
      expect(parseAddress(`${at}1536M:0`)).toEqual({ base, size: 0n });
    }
  });

  it.each(['', '@', '@@0', '0x6:', ':4K', '0:1:2', 'x', '0x6:-1'])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
    expect(parseRange(text)).toBeUndefined();
  });

  it('has a byte at least in a range', () => {
    expect(parseRange('@0x60000000:1')).toEqual({ base, size: 1n });
    expect(parseRange('0x60000000:0')).toBeUndefined();
    expect(parseRange('0x60000000')).toBeUndefined();
  });
});

describe('seconds', () => {
  it.each([
    ['0', 0],
    ['6', 6e9],
    ['0.5', 5e8],
    ['1000000', 1e15],
  ])('%s', (text, nanoseconds) => {
    expect(parseSeconds(text)).toBe(nanoseconds);
  });

  it.each(['', '.5', '5.', '-1', '1e3', '6s', '1000000.1', 'Infinity'])('refuses %j', (text) => {
    expect(parseSeconds(text)).toBeUndefined();
  });
});

test('signed numbers of 64 bits, and bytes', () => {
  const half = 1n << 63n;
  expect(['-1', '4K', '-0x10', `${half - 1n}`, `-${half}`].map(parseSigned)).toEqual([
    -1n,
    4096n,
    -16n,
    half - 1n,
    -half,
  ]);
  for (const text of [`${half}`, `-${half + 1n}`, '--1', '', '-']) expect(parseSigned(text)).toBeUndefined();
  expect([`${2n * half - 1n}`, '4K', `-${half}`].map(parseOffset)).toEqual([2n * half - 1n, 4096n, -half]);
  for (const text of [`${2n * half}`, `-${half + 1n}`, '--1']) expect(parseOffset(text)).toBeUndefined();
  expect(['0', '255', '0xff'].map(parseByte)).toEqual([0, 255, 255]);
  for (const text of ['256', '-1', '0x100', '', '1K']) expect(parseByte(text)).toBeUndefined();
});

describe('memparse', () => {
  it.each([
    ['64M', 64n * MiB, ''],
    ['64m@0x60000000', 64n * MiB, '@0x60000000'],
    ['0x1000', 4096n, ''],
    ['010', 8n, ''],
    ['08', 0n, '8'],
    ['0x', 0n, 'x'],
    ['1G-2G', GiB, '-2G'],
    ['1P', 1n << 50n, ''],
    ['1E', 1n << 60n, ''],
    ['16E', 0n, ''],
    ['5000K', 5000n * KiB, ''],
    ['nonsense', 0n, 'nonsense'],
    ['', 0n, ''],
    ['K', 0n, ''],
    ['MK', 0n, 'K'],
    ['18446744073709551617', 1n, ''],
    ['-1', 0n, '-1'],
  ])('reads %j', (text, value, rest) => {
    expect(memparse(text)).toEqual([value, rest]);
  });

  it('never leaves 64 bits', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const [value] = memparse(text);
        expect(value >= 0n && value < 1n << 64n).toBe(true);
      }),
    );
  });
});
