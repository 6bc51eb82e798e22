import { describe, expect, it } from 'vitest';
import { KiB, MiB } from '../../src/units.ts';
import { alloc, board, bootBoard, RAM_BASE, range } from '../small-board.ts';

/** The sizes of the pieces, in pages. */
const pieces = (kernel: ReturnType<typeof bootBoard>['kernel'], len: bigint) =>
  kernel.buffer('shell', alloc(kernel, 'system', len).fd)?.sgTable.map((piece) => piece.pages);

describe('the system heap', () => {
  it('takes the largest of 1 MiB, 64 KiB and 4 KiB that is not above what remains', () => {
    const { kernel } = bootBoard(board());
    expect(pieces(kernel, 1n)).toEqual([1]);
    expect(pieces(kernel, 64n * KiB)).toEqual([16]);
    expect(pieces(kernel, 60n * KiB)).toEqual(new Array(15).fill(1));
    expect(pieces(kernel, 2n * MiB + 200n * KiB)).toEqual([256, 256, 16, 16, 16, 1, 1]);
  });

  it('aligns each piece to its size', () => {
    const { kernel } = bootBoard(board());
    const { fd } = alloc(kernel, 'system', 5n * MiB + 100n * KiB);
    for (const { pfn, pages } of kernel.buffer('shell', fd)?.sgTable ?? []) expect(pfn % pages).toBe(0);
  });

  it('goes on with smaller pieces where memory is in pieces, and never back to larger ones', () => {
    // RAM in islands of 512 KiB: no block of 1 MiB anywhere.
    const islands = Array.from({ length: 32 }, (_, i) => range(RAM_BASE + BigInt(i) * MiB, 512n * KiB));
    const { kernel } = bootBoard(board([], { memory: islands }), { cmdline: 'cma=0', reserve: {} });
    const sizes = pieces(kernel, 3n * MiB) ?? [];
    expect(sizes.every((pages) => pages <= 16)).toBe(true);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(sizes.reduce((sum, pages) => sum + pages, 0)).toBe(768);
  });

  it('keeps to free RAM', () => {
    const { kernel } = bootBoard(board());
    const { free } = kernel.heaps()[0] ?? { free: 0n };
    const { fd } = alloc(kernel, 'system', free);
    const table = kernel.buffer('shell', fd)?.sgTable ?? [];
    const area = kernel.regions()[0];
    const inside = table.filter(({ pfn, pages }) => {
      const [from, to] = [BigInt(pfn) << 12n, BigInt(pfn + pages) << 12n];
      return from < (area?.base ?? 0n) + (area?.size ?? 0n) && to > (area?.base ?? 0n);
    });
    expect([area?.name, inside]).toEqual(['reserved', []]);
  });
});
