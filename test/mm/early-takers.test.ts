/** What early boot takes from memblock, and the panics where there is no room. */
import { describe, expect, it } from 'vitest';
import type { ReservedMemNode } from '../../src/board/board.ts';
import {
  takeMemoryMap,
  takePageTables,
  takeRegionArray,
  takeSparse,
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

describe('page tables by the largest block that fits', () => {
  const IMAGE = range(0x80200000n, 12n * MiB);

  /** How many pages riscv64 takes. @param ranges base and end of RAM that is mapped */
  const tables = (ranges: readonly (readonly [bigint, bigint])[], config: Record<string, boolean> = {}) => {
    const riscv = profileOf('off', config, 4, undefined, 'riscv64').profile;
    const memblock = new Memblock(riscv.geometry, true);
    for (const [base, end] of ranges) memblock.addMemory(range(base, end - base));
    memblock.allowResize();
    takePageTables(memblock, riscv, IMAGE, undefined);
    return memblock.reserved.reduce((sum, { size }) => sum + size / 4096n, 0n);
  };

  it('are as many as /proc/iomem of recorded boots shows', () => {
    // rv-none; rv-highmem; rv-rnd-53003; rv-rnd-53068.
    expect(tables([[0x80000000n, 0xc0000000n]])).toBe(4n);
    expect(
      tables([
        [0x80000000n, 0x100000000n],
        [0x140000000n, 0x180000000n],
        [0x180400000n, 0x1c0000000n],
      ]),
    ).toBe(5n);
    expect(
      tables([
        [0x80000000n, 0xa5970000n],
        [0xa6c70000n, 0xb9f1b000n],
        [0xba400000n, 0xbe437000n],
      ]),
    ).toBe(8n);
    expect(
      tables([
        [0x80000000n, 0x98017000n],
        [0xb8017000n, 0xba200000n],
        [0xba400000n, 0xc5200000n],
        [0xc5400000n, 0xc7717000n],
        [0xcf717000n, 0xd21c0000n],
        [0xd2400000n, 0xd4900000n],
        [0xd8900000n, 0xd8d17000n],
      ]),
    ).toBe(13n);
  });

  it('map the image in the block around it where nothing sets it apart', () => {
    expect(tables([[0x80000000n, 0xc0000000n]], { CONFIG_STRICT_KERNEL_RWX: false })).toBe(3n);
  });

  it('have no block of 1 GiB where RAM begins in the middle of one', () => {
    const apart = { CONFIG_STRICT_KERNEL_RWX: false };
    expect(tables([[0xa0000000n, 0x160000000n]], apart)).toBe(2n + 1n + 3n);
  });
});

describe('a flat memory map', () => {
  it('takes what lies between the ends of RAM, in lowmem', () => {
    const arm = profileOf('off', {}, 4, undefined, 'arm').profile;
    const memblock = memblockOf(range(GiB, 256n * MiB), range(GiB + 768n * MiB, 256n * MiB));
    takeSparse(memblock, arm, 4n * MiB, 3);
    // 2^18 pages of 32 bytes; the second range is HighMem.
    expect(places(memblock)).toEqual([[GiB + 248n * MiB, 8n * MiB]]);
    const full = memblockOf(range(GiB, 4n * MiB), range(GiB + 1020n * MiB, 4n * MiB));
    expect(() => takeSparse(full, arm, 4n * MiB, 3)).toThrow('memory map');
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
      claims: [],
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
