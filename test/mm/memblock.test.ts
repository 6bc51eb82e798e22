import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KernelPanic, Memblock, type Placement } from '../../src/mm/early/memblock.ts';
import type { PhysRange } from '../../src/units.ts';
import { GEOMETRY } from '../pages.ts';

const PAGE = 4096n;
const pages = (first: number, count: number): PhysRange => ({
  base: BigInt(first) * PAGE,
  size: BigInt(count) * PAGE,
});

/** A board of 48 pages in which every page has one letter; memblock's arrays must spell the same. */
const UNIVERSE = 48;

/**
 * Spells page for page what memblock knows: `.` nothing, `m` memory, `n` no-map, in capitals where it is
 * reserved, `R` reserved without memory.
 */
function spell(memblock: Memblock): string {
  const letters: string[] = [];
  for (let page = 0; page < UNIVERSE; page++) {
    const address = BigInt(page) * PAGE;
    const memory = memblock.memory.find((r) => address >= r.base && address < r.base + r.size);
    const reserved = memblock.reserved.some((r) => address >= r.base && address < r.base + r.size);
    const letter = memory === undefined ? '.' : memory.nomap ? 'n' : 'm';
    letters.push(reserved ? (letter === '.' ? 'R' : letter.toUpperCase()) : letter);
  }
  return letters.join('');
}

/** Makes a memblock that spells like this. */
function memblockOf(picture: string): Memblock {
  const memblock = new Memblock(GEOMETRY, true);
  for (const [page, letter] of [...picture].entries()) {
    if (/[mn]/i.test(letter)) memblock.addMemory(pages(page, 1));
    if (/n/i.test(letter)) memblock.markNomap(pages(page, 1), true);
    if (/[A-Z]/.test(letter)) memblock.reserve(pages(page, 1));
  }
  return memblock;
}

type Step = { readonly what: 'add' | 'remove' | 'reserve' | 'free' | 'nomap' | 'map' } & {
  readonly first: number;
  readonly count: number;
};

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom('add', 'remove', 'reserve', 'free', 'nomap', 'map'),
  first: fc.integer({ min: 1, max: UNIVERSE - 1 }),
  count: fc.integer({ min: 1, max: 12 }),
});

function apply(memblock: Memblock, { what, first, count }: Step): void {
  const range = pages(first, Math.min(count, UNIVERSE - first));
  if (what === 'add') memblock.addMemory(range);
  else if (what === 'remove') memblock.removeMemory(range);
  else if (what === 'reserve') memblock.reserve(range);
  else if (what === 'free') memblock.free(range);
  else memblock.markNomap(range, what === 'nomap');
}

/** The same on letters. */
function applyToLetters(letters: string[], { what, first, count }: Step): void {
  for (let page = first; page < Math.min(first + count, UNIVERSE); page++) {
    const letter = letters[page] ?? '.';
    const reserved = /[A-Z]/.test(letter);
    const kind = letter === 'R' ? '.' : letter.toLowerCase();
    const next =
      what === 'add'
        ? { kind: kind === '.' ? 'm' : kind, reserved }
        : what === 'remove'
          ? { kind: '.', reserved }
          : what === 'reserve'
            ? { kind, reserved: true }
            : what === 'free'
              ? { kind, reserved: false }
              : { kind: kind === '.' ? '.' : what === 'nomap' ? 'n' : 'm', reserved };
    letters[page] = next.reserved ? (next.kind === '.' ? 'R' : next.kind.toUpperCase()) : next.kind;
  }
}

describe('the arrays', () => {
  it('spell the same as a brute-force model after any steps', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const memblock = new Memblock(GEOMETRY, true);
        const letters = new Array<string>(UNIVERSE).fill('.');
        for (const one of steps) {
          apply(memblock, one);
          applyToLetters(letters, one);
        }
        expect(spell(memblock)).toBe(letters.join(''));
      }),
      { numRuns: 300 },
    );
  });

  it('stay sorted, disjoint and merged', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const memblock = new Memblock(GEOMETRY, true);
        for (const one of steps) apply(memblock, one);
        for (const regions of [memblock.memory, memblock.reserved]) {
          for (const [i, region] of regions.entries()) {
            expect(region.size > 0n).toBe(true);
            const before = regions[i - 1];
            if (before === undefined) continue;
            const end = before.base + before.size;
            expect(end < region.base || (end === region.base && before.nomap !== region.nomap)).toBe(true);
          }
        }
      }),
    );
  });

  it('take whole pages of RAM only', () => {
    const memblock = new Memblock(GEOMETRY, true);
    memblock.addMemory({ base: 0x1001n, size: 0x2fffn });
    memblock.addMemory({ base: 0x8800n, size: 0x1000n });
    expect(memblock.memory).toEqual([{ base: 0x2000n, size: 0x2000n, nomap: false }]);
    expect([memblock.startOfDram, memblock.endOfDram]).toEqual([0x2000n, 0x4000n]);
  });

  it('cut ranges at 2^64 instead of wrapping', () => {
    const memblock = new Memblock(GEOMETRY, true);
    memblock.reserve({ base: (1n << 64n) - 4096n, size: 1n << 32n });
    expect(memblock.reserved).toEqual([{ base: (1n << 64n) - 4096n, size: 4095n, nomap: false }]);
    memblock.free({ base: 0n, size: (1n << 64n) - 1n });
    expect(memblock.reserved).toEqual([]);
  });

  it('answer questions about ranges', () => {
    const memblock = memblockOf('..mmNNmm..mMm');
    expect(memblock.isRegionReserved(pages(4, 1))).toBe(true);
    expect(memblock.isRegionReserved(pages(6, 5))).toBe(false);
    expect(memblock.overlapsMemory(pages(8, 2))).toBe(false);
    expect(memblock.overlapsMemory(pages(8, 3))).toBe(true);
    expect([3, 4, 8, 11].map((page) => memblock.isMapMemory(BigInt(page) * PAGE + 5n))).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect([new Memblock(GEOMETRY, true).startOfDram, new Memblock(GEOMETRY, true).endOfDram]).toEqual([
      0n,
      0n,
    ]);
  });
});

describe('find', () => {
  const place = (picture: string, size: number, align: number, where: Placement) => {
    const found = memblockOf(picture).find(BigInt(size) * PAGE, BigInt(align) * PAGE, where);
    return found === undefined ? undefined : Number(found / PAGE);
  };

  it('goes from the top of the highest free range down', () => {
    //       0         1
    //       0123456789012345
    const p = '.mmmmmMMmmmmnnmm';
    expect(place(p, 2, 1, { start: 0n })).toBe(14);
    expect(place(p, 3, 1, { start: 0n })).toBe(9);
    expect(place(p, 4, 4, { start: 0n })).toBe(8);
    expect(place(p, 5, 1, { start: 0n })).toBe(1);
    expect(place(p, 6, 1, { start: 0n })).toBeUndefined();
  });

  it('goes from the bottom up when asked', () => {
    const p = '.mmmmmMMmmmmnnmm';
    expect(place(p, 2, 1, { start: 0n, bottomUp: true })).toBe(1);
    expect(place(p, 2, 4, { start: 0n, bottomUp: true })).toBe(4);
    expect(place(p, 3, 4, { start: 0n, bottomUp: true })).toBe(8);
  });

  it('stays inside the bounds', () => {
    const p = '.mmmmmmmmmmmmmmm';
    expect(place(p, 2, 1, { start: 0n, end: 10n * PAGE })).toBe(8);
    expect(place(p, 2, 1, { start: 9n * PAGE, end: 10n * PAGE })).toBeUndefined();
    expect(place(p, 2, 1, { start: 5n * PAGE, bottomUp: true })).toBe(5);
    expect(place(p, 2, 1, { start: 12n * PAGE, end: 4n * PAGE })).toBeUndefined();
  });

  it('has no bound where the end is 0 or 1', () => {
    for (const end of [0n, 1n]) expect(place('.mmmmmm.', 2, 1, { start: 0n, end })).toBe(5);
    expect(place('.mmmmmm.', 2, 1, { start: 0n, end: 2n })).toBeUndefined();
  });

  it('never gives the first page', () => {
    expect(place('mm..', 1, 1, { start: 0n, bottomUp: true })).toBe(1);
    expect(place('m...', 1, 1, { start: 0n })).toBeUndefined();
  });

  it('finds room for 0 bytes at the edge of a free range (source only)', () => {
    expect(place('.mmm', 0, 1, { start: 0n })).toBe(4);
    expect(place('.mmm', 0, 1, { start: 0n, end: 3n * PAGE })).toBe(3);
    expect(place('.mmm', 0, 1, { start: 0n, bottomUp: true })).toBe(1);
    expect(place('....', 0, 1, { start: 0n })).toBeUndefined();
  });

  /** Every address at which it would fit, the one that Linux takes first. */
  function candidates(memblock: Memblock, size: bigint, align: bigint, where: Placement): bigint[] {
    const step = 64n;
    const low = where.start > PAGE ? where.start : PAGE;
    // Ends of 0 and 1 are names for "no bound".
    const bound = where.end === 0n || where.end === 1n ? undefined : where.end;
    const high = bound ?? BigInt(UNIVERSE) * PAGE;
    const isFree = (base: bigint) =>
      memblock.freeRanges().some((r) => base >= r.base && base + size <= r.base + r.size);
    const found: bigint[] = [];
    for (let base = 0n; base + size <= high; base += step) {
      if (base >= low && base % align === 0n && isFree(base)) found.push(base);
    }
    return where.bottomUp ? found : found.reverse();
  }

  it('gives the best of all addresses that fit', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 15 }),
        fc.record({
          size: fc.integer({ min: 1, max: 8 }).map((n) => BigInt(n) * 1024n),
          align: fc.constantFrom(64n, 1024n, 4096n, 8192n, 16384n),
          start: fc.integer({ min: 0, max: UNIVERSE }).map((n) => BigInt(n) * 2048n),
          length: fc.option(fc.integer({ min: 0, max: UNIVERSE }).map((n) => BigInt(n) * 3072n)),
          bottomUp: fc.boolean(),
        }),
        (steps, { size, align, start, length, bottomUp }) => {
          const memblock = new Memblock(GEOMETRY, true);
          for (const one of [{ what: 'add', first: 2, count: 40 } as const, ...steps]) apply(memblock, one);
          const end = length === null ? {} : { end: start + length };
          const where = { start, bottomUp, ...end };
          expect(memblock.find(size, align, where)).toBe(candidates(memblock, size, align, where)[0]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('masks with an alignment that is no power of two, as the kernel does', () => {
    const memblock = memblockOf('.mmmmmmmmmmmmmmm');
    // round_down(0xf000, 0x3000) is 0xf000 & ~0x2fff; round_up(0x1000, 0x3000) is (0xfff | 0x2fff) + 1.
    expect(memblock.find(PAGE, 3n * PAGE, { start: 0n })).toBe(0xd000n);
    expect(memblock.find(PAGE, 3n * PAGE, { start: 0n, bottomUp: true })).toBe(0x3000n);
    expect(memblock.find(PAGE, (1n << 64n) - 1n, { start: 0n, bottomUp: true })).toBeUndefined();
  });
});

describe('alloc', () => {
  it('reserves what it finds', () => {
    const memblock = memblockOf('.mmmmmm.........');
    expect(memblock.alloc(2n * PAGE, PAGE, { start: 0n })).toBe(5n * PAGE);
    expect(spell(memblock).slice(0, 8)).toBe('.mmmmMM.');
    expect(memblock.alloc(5n * PAGE, PAGE, { start: 0n })).toBeUndefined();
    expect(spell(memblock).slice(0, 8)).toBe('.mmmmMM.');
  });

  it('takes single pages from the top, small holes first', () => {
    const memblock = memblockOf('.mmmmmmMmMmm....');
    memblock.allocEachTopDown(5, PAGE);
    expect(spell(memblock).slice(0, 13)).toBe('.mmmmMMMMMMM.');
  });

  it('takes what there is when there are fewer pages', () => {
    const memblock = memblockOf('mmmM............');
    memblock.allocEachTopDown(100, PAGE);
    // The first page is never handed out.
    expect(spell(memblock).slice(0, 5)).toBe('mMMM.');
  });
});

describe('the arrays before they can grow', () => {
  /** Pages 1, 3, 5, …: so many ranges that never touch. */
  const scattered = (count: number) => Array.from({ length: count }, (_, i) => pages(2 * i + 1, 1));

  it('hold 128 reserved ranges', () => {
    const memblock = new Memblock(GEOMETRY, true);
    for (const range of scattered(128)) memblock.reserve(range);
    expect(memblock.reserved).toHaveLength(128);
    expect(() => memblock.reserve(pages(1001, 1))).toThrow('memblock: cannot resize reserved array');
  });

  it.each([
    [true, 1024],
    [false, 128],
  ])('hold (EFI: %s) %i memory ranges', (efi, max) => {
    const memblock = new Memblock(GEOMETRY, efi);
    for (const range of scattered(max)) memblock.addMemory(range);
    expect(memblock.memory).toHaveLength(max);
    expect(() => memblock.addMemory(pages(4001, 1))).toThrow('memblock: cannot resize memory array');
    // Known memory needs no room.
    memblock.addMemory(pages(1, 1));
  });

  it('need room for two more to set a flag, even where none is used', () => {
    const memblock = new Memblock(GEOMETRY, false);
    for (const range of scattered(126)) memblock.addMemory(range);
    memblock.markNomap(pages(1, 1), true);
    memblock.addMemory(pages(1001, 1));
    expect(() => memblock.markNomap(pages(3, 1), true)).toThrow(KernelPanic);
  });

  it('hold 63 no-map holes inside one bank, and adjacent ones merge', () => {
    const memblock = new Memblock(GEOMETRY, false);
    memblock.addMemory(pages(1, 1000));
    for (let i = 0; i < 63; i++) memblock.markNomap(pages(4 * i + 3, 1), true);
    expect(memblock.memory).toHaveLength(127);
    expect(() => memblock.markNomap(pages(900, 1), true)).toThrow(KernelPanic);
    const merged = new Memblock(GEOMETRY, false);
    merged.addMemory(pages(1, 1000));
    for (let i = 0; i < 500; i++) merged.markNomap(pages(i + 3, 1), true);
    expect(merged.memory).toHaveLength(3);
  });

  it('refuse an allocation where older kernels do not die of it', () => {
    const memblock = new Memblock(GEOMETRY, true, 'fails');
    memblock.addMemory(pages(1, 1000));
    for (const range of scattered(128)) memblock.reserve(range);
    expect(memblock.alloc(4096n, 4096n, { start: 0n })).toBeUndefined();
  });

  it('keep allocations apart from what others reserved (source only)', () => {
    const memblock = memblockOf('.mmmmmmmmmmm');
    memblock.reserve(pages(11, 1));
    memblock.alloc(PAGE, PAGE, { start: 0n });
    memblock.alloc(PAGE, PAGE, { start: 0n });
    expect(memblock.reserved.map(({ size }) => size / PAGE)).toEqual([2n, 1n]);
  });

  it('ask for room before neighbours merge (source only)', () => {
    const full = (count: number) => {
      const memblock = new Memblock(GEOMETRY, true);
      memblock.addMemory(pages(1, 1000));
      for (const range of scattered(count)) memblock.reserve(range);
      return memblock;
    };
    full(126).allocEachTopDown(500, PAGE);
    full(127).allocEachTopDown(1, PAGE);
    expect(() => full(127).allocEachTopDown(2, PAGE)).toThrow(KernelPanic);
  });

  it('grow afterwards', () => {
    const memblock = new Memblock(GEOMETRY, false);
    memblock.addMemory(pages(1, 4000));
    memblock.allowResize();
    for (const range of scattered(1000)) memblock.reserve(range);
    for (const range of scattered(1000)) memblock.markNomap(range, true);
    expect([memblock.reserved.length, memblock.memory.length]).toEqual([1000, 2000]);
  });
});
