/** What early boot takes, against the nested `reserved` lines of recorded /proc/iomem. */
import { describe, expect, it } from 'vitest';
import { takeUnflattenedTree } from '../../src/mm/early-takers.ts';
import { Memblock } from '../../src/mm/memblock.ts';
import { GiB, KiB, MiB } from '../../src/units.ts';
import { range } from '../small-board.ts';

describe('the unflattened tree', () => {
  it.each([
    [7607, 0, 40],
    [7977, 2, 40],
    [8073, 2, 40],
    [8119, 4, 44],
    [8293, 5, 44],
    [8551, 8, 44],
    [10008, 25, 56],
  ])('of a blob of %i bytes with %i regions covers %i KiB of pages', (blob, regions, kib) => {
    const memblock = new Memblock(false);
    memblock.addMemory(range(GiB, 16n * MiB));
    takeUnflattenedTree(memblock, regions, BigInt(blob));
    const [taken] = memblock.reserved;
    expect(taken && (taken.base + taken.size - (taken.base & ~0xfffn)) / KiB).toBe(BigInt(kib));
  });
});
