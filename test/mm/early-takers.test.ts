/** What early boot takes from memblock, and the panics where there is no room. */
import { describe, expect, it } from 'vitest';
import type { ReservedMemNode } from '../../src/board/board.ts';
import {
  takeMemoryMap,
  takePageTables,
  takeRegionArray,
  takeUnflattenedTree,
} from '../../src/mm/early/early-takers.ts';
import { Memblock } from '../../src/mm/early/memblock.ts';
import { ReservedMemory } from '../../src/mm/early/reserved-mem.ts';
import { Printk } from '../../src/printk.ts';
import { profileOf } from '../../src/profile/profile.ts';
import { GiB, KiB, MiB, type PhysRange } from '../../src/units.ts';
import { bareRecords, GEOMETRY } from '../pages.ts';
import { board, coherent, dynamicCma, dynamicPlain, node, RAM_BASE, range } from '../small-board.ts';

const { profile } = profileOf();

function memblockOf(...ram: PhysRange[]): Memblock {
  const memblock = new Memblock(GEOMETRY, true);
  for (const one of ram) memblock.addMemory(one);
  memblock.allowResize();
  return memblock;
}

const places = (memblock: Memblock) => memblock.reserved.map(({ base, size }) => [base, size]);
const free = (memblock: Memblock) => memblock.freeRanges().reduce((sum, { size }) => sum + size, 0n);

describe('page tables', () => {
  it('panic where a single one finds no room', () => {
    // 2 MiB need three; of as many pages the first is never handed out at address 0.
    const tables = (base: bigint, pages: bigint) => () =>
      takePageTables(memblockOf(range(base, pages * 4096n)), profile, undefined, undefined);
    expect(tables(GiB, 3n)).not.toThrow();
    expect(tables(GiB, 2n)).toThrow('Failed to allocate page table page');
    expect(tables(0n, 4n)).not.toThrow();
    expect(tables(0n, 3n)).toThrow('Failed to allocate page table page');
  });
});

describe('the memory map', () => {
  it('is one block of 2 MiB a section, from the top', () => {
    const memblock = memblockOf(range(GiB, 256n * MiB));
    takeMemoryMap(memblock, profile);
    expect(places(memblock)).toEqual([[GiB + 252n * MiB, 4n * MiB]]);
  });

  it('is in pieces where no block is large enough', () => {
    //        0     1     2     3     4 MiB
    //  1024  |-----------|
    //  1280                    |-----------|
    const memblock = memblockOf(range(GiB, 2n * MiB), range(GiB + 256n * MiB + MiB, 3n * MiB));
    takeMemoryMap(memblock, profile);
    expect(places(memblock)).toEqual([
      [GiB, 2n * MiB],
      [GiB + 258n * MiB, 2n * MiB],
    ]);
  });

  it('is of single pages and a table where there is no piece either (source only)', () => {
    // Islands of 512 KiB in one section: 513 pages.
    const islands = Array.from({ length: 8 }, (_, i) => range(GiB + BigInt(i) * MiB, 512n * KiB));
    const memblock = memblockOf(...islands);
    takeMemoryMap(memblock, profile);
    expect(free(memblock)).toBe(4n * MiB - 513n * 4096n);
  });

  it('panics at the first section that gets none', () => {
    // Section 8 takes the only 2 MiB. What is left in section 10 is 1 MiB.
    const one = memblockOf(range(GiB, 2n * MiB), range(GiB + 256n * MiB, MiB));
    expect(() => takeMemoryMap(one, profile)).toThrow('Failed to allocate memmap for section 10');
    const none = memblockOf(range(GiB, MiB), range(GiB + 256n * MiB, 512n * KiB));
    expect(() => takeMemoryMap(none, profile)).toThrow('Failed to allocate memmap for section 8');
    // 512 pages are one too few.
    const few = memblockOf(range(GiB + 4096n, 2n * MiB));
    expect(() => takeMemoryMap(few, profile)).toThrow('Failed to allocate memmap for section 8');
  });
});

describe('the array of regions and the tree', () => {
  it('are taken from the top: 40 bytes a slot at 64, then the tree and its aliases at 8', () => {
    const memblock = memblockOf(range(GiB, MiB));
    const end = GiB + MiB;
    takeRegionArray(memblock, 3, profile.linux);
    // 120 bytes, down to a multiple of 64.
    expect(places(memblock)).toEqual([[end - 128n, 120n]]);
    takeUnflattenedTree(memblock, 1004n, [47n]);
    // The 8 bytes behind the array are too few for either. 128 + 1004, up to 1136; 47 more, up to 1184.
    expect(places(memblock)).toEqual([
      [end - 1184n, 47n],
      [end - 1136n, 1004n],
      [end - 128n, 120n],
    ]);
  });

  it('panic where the tree finds no room (source only)', () => {
    const memblock = memblockOf(range(GiB, 4096n));
    expect(() => takeUnflattenedTree(memblock, 4100n, [])).toThrow(
      'early_init_dt_alloc_memory_arch: Failed to allocate 0x0000000000001004 bytes',
    );
  });

  it('is none without slots', () => {
    const memblock = memblockOf(range(GiB, MiB));
    takeRegionArray(memblock, 0, profile.linux);
    expect(places(memblock)).toEqual([]);
  });

  const slots = (nodes: readonly ReservedMemNode[], cmaOnCmdline = false, sizeCells = 2) => {
    const records = bareRecords();
    const memblock = memblockOf(range(RAM_BASE, 256n * MiB));
    memblock.reserve(range(RAM_BASE + 2n * MiB, 8n * MiB));
    const early = {
      profile,
      memblock,
      records,
      printk: new Printk(records),
      cmaAreas: [],
      coherentPools: [],
    };
    const reserved = new ReservedMemory(early, board(nodes, { sizeCells }), cmaOnCmdline);
    reserved.scan();
    return reserved.slots;
  };

  it('has a slot for what is valid, whatever becomes of it', () => {
    const at = RAM_BASE + 64n * MiB;
    expect(slots([])).toBe(0);
    expect(slots([coherent('a', at, MiB)])).toBe(1);
    // Refused: it lies on the kernel. Empty: its size is 0.
    expect(slots([coherent('on-the-kernel', RAM_BASE + 2n * MiB, MiB), coherent('empty', at, 0n)])).toBe(2);
    expect(slots([node('off', { reg: [range(at, MiB)], status: 'disabled' }), node('neither')])).toBe(0);
    expect(slots([dynamicPlain('placed', MiB), dynamicPlain('too-large', GiB)])).toBe(1);
    expect(slots([coherent('a', at, MiB)], false, 1)).toBe(0);
  });

  it('has none for the default areas that cma= displaces', () => {
    const nodes = [
      dynamicCma('moving', 4n * MiB, { linuxCmaDefault: true }),
      node('lying', {
        reg: [range(RAM_BASE + 64n * MiB, 4n * MiB)],
        reusable: true,
        linuxCmaDefault: true,
      }),
    ];
    expect([slots(nodes, true), slots(nodes)]).toEqual([0, 2]);
  });
});
