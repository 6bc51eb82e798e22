/** Corners of early memory: rules that Linux's source states, most of which no recording shows. */
import { describe, expect, it } from 'vitest';
import type { Board, ReservedMemNode } from '../../src/board/board.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { cmaDebugfs, cmaTotalKiB } from '../../src/kernel/virtual-files/index.ts';
import { GiB, KiB, MiB } from '../../src/units.ts';
import {
  alloc,
  board,
  bootBoard,
  bootPanic,
  cma,
  coherent,
  dynamicCma,
  dynamicPlain,
  node,
  RAM_BASE,
  RESERVE,
  range,
  topLines,
} from '../small-board.ts';

const none = { cmdline: 'cma=0' };
const at = (mib: number) => RAM_BASE + BigInt(mib) * MiB;
const booted = (nodes: readonly ReservedMemNode[], given: Partial<Board> = {}, params: BootParams = none) =>
  bootBoard(board(nodes, given), params);
const about = (log: readonly string[], what: RegExp) => log.filter((line) => what.test(line));

describe('a dynamic region of size 0', () => {
  it('lies at the top of RAM, without memory', () => {
    const { kernel, log } = booted([dynamicPlain('zero', 0n), dynamicPlain('next', MiB)]);
    expect(kernel.regions().map(({ base, size }) => [base, size])).toEqual([
      [at(256), 0n],
      [at(255), MiB],
    ]);
    expect(about(log, /zero/)).toEqual([
      '<6>OF: reserved mem: 0x0000000050000000..0x000000004fffffff (0 KiB) map non-reusable zero',
    ]);
  });

  it('is a pool that cannot be mapped', () => {
    const { kernel, log } = booted([node('zero', { size: 0n, noMap: true })]);
    expect(kernel.regions()[0]?.why).toBe('size-zero');
    expect(about(log, /pool at|zero|heap/)).toEqual([
      '<6>Reserved memory: created DMA memory pool at 0x0000000050000000, size 0 KiB',
      '<6>OF: reserved mem: initialized node zero, compatible id shared-dma-pool',
      '<6>OF: reserved mem: 0x0000000050000000..0x000000004fffffff (0 KiB) nomap non-reusable zero',
      '<3>coherent_heap: failed to initialize memory (-22)',
      '<4>Failed to add coherent heap zero',
    ]);
  });

  it('is no CMA area', () => {
    const { kernel, log } = booted([dynamicCma('zero', 0n)]);
    expect(kernel.regions()[0]?.why).toBe('size-zero');
    expect(about(log, /CMA|zero/)).toEqual([
      '<3>Reserved memory: unable to setup CMA region',
      '<6>OF: reserved mem: node zero compatible matching fail',
    ]);
  });

  it('keeps no later region near it', () => {
    const allocRanges = [range(at(64), 64n * MiB)];
    const { kernel } = booted([
      dynamicPlain('zero', 0n, { allocRanges: [range(at(32), 32n * MiB)] }),
      dynamicPlain('a', MiB, { allocRanges }),
    ]);
    expect(kernel.regions().map((r) => r.base)).toEqual([at(64), at(127)]);
  });
});

describe('regions that share memory (source only)', () => {
  it('with equal places are told in the order that the heap sort leaves them in', () => {
    const { log } = booted([coherent('a', at(32), MiB), coherent('b', at(32), MiB)]);
    expect(about(log, /overlaps/)).toEqual([
      '<3>b (0x0000000042000000--0x0000000042100000) overlaps with a (0x0000000042000000--0x0000000042100000)',
    ]);
  });

  it('lose it when one of them fails and gives it back', () => {
    // A CMA area whose place is no longer reserved is refused.
    const nodes = [cma('odd', at(32), 5n * MiB), cma('inside', at(32), 4n * MiB)];
    const { kernel, log } = booted(nodes);
    expect(kernel.regions().map((r) => r.why)).toEqual(['cma-misaligned', 'reserve-failed']);
    expect(about(log, /CMA|fail/)).toEqual([
      '<3>Reserved memory: incorrect alignment of CMA region',
      '<6>OF: reserved mem: node odd compatible matching fail',
      '<3>Reserved memory: unable to setup CMA region',
      '<6>OF: reserved mem: node inside compatible matching fail',
    ]);
  });
});

describe('a CMA area that crosses the border of a zone', () => {
  //  3 GiB                 4 GiB                 5 GiB
  //  |---------- DMA -------|------- Normal -------|
  //                     |- area -|
  const memory = [range(3n * GiB, 2n * GiB)];
  const reserve = {
    kernel: range(3n * GiB + 2n * MiB, 8n * MiB),
    dtb: range(3n * GiB + 10n * MiB, 64n * KiB),
  };

  it('has a heap without pages; its memory goes to the page allocator', () => {
    const params = { cmdline: 'cma=0', reserve };
    const across = booted([cma('c', 4n * GiB - 4n * MiB, 8n * MiB)], { memory }, params);
    expect(about(across.log, /cma:/)).toEqual(['<3>cma: CMA area c could not be activated']);
    expect(across.kernel.heaps().map((heap) => heap.name)).toEqual(['system', 'c']);
    expect(across.kernel.regions()[0]?.why).toBe('cma-across-zones');
    expect(cmaTotalKiB(across.records)).toBe(0);
    expect(cmaDebugfs(across.records)).not.toHaveProperty('c');
    const free = ({ kernel }: typeof across) => kernel.heaps()[0]?.free ?? 0n;
    // All but the page of the array of regions, which has a slot.
    expect(free(booted([], { memory }, params)) - free(across)).toBe(4096n);
    // It answers without a word.
    const lines = across.kernel.printk.nextSeq;
    expect(alloc(across.kernel, 'c', 4096n)).toMatchObject({ errno: 'ENOMEM' });
    expect(across.kernel.printk.nextSeq).toBe(lines);
  });

  it('gives no atomic pools when it is the default', () => {
    const params = { cmdline: 'cma=8M@0xffc00000', reserve };
    const { log } = booted([], { memory }, params);
    expect(about(log, /cma:|DMA:/)).toEqual([
      '<6>cma: Reserved 8 MiB at 0x00000000ffc00000',
      '<3>cma: CMA area reserved could not be activated',
      '<6>DMA: preallocated 256 KiB GFP_KERNEL pool for atomic allocations',
      '<6>DMA: preallocated 256 KiB GFP_KERNEL|GFP_DMA pool for atomic allocations',
    ]);
  });
});

describe('an initrd outside of the memory that the board names (source only)', () => {
  it('is RAM all the same', () => {
    const reserve = { ...RESERVE, initrd: range(at(512) + 0x100n, 64n * KiB) };
    const { records } = booted([], {}, { ...none, reserve });
    expect(topLines(records)).toEqual(['40000000-4fffffff : System RAM', '60000000-60010fff : System RAM']);
  });

  it('is lost below all of it', () => {
    const reserve = { ...RESERVE, initrd: range(RAM_BASE - MiB, 64n * KiB) };
    const { records } = booted([], {}, { ...none, reserve });
    expect(topLines(records)).toEqual(['40000000-4fffffff : System RAM']);
  });
});

describe('/memreserve/ (source only)', () => {
  it('ends at an entry of size 0', () => {
    const memReserves = [range(at(64), MiB), range(at(66), 0n), range(at(68), MiB)];
    const { kernel } = booted([], { memReserves });
    const without = booted([]).kernel;
    const freeOf = (k: typeof kernel) => k.heaps()[0]?.free ?? 0n;
    expect(freeOf(without) - freeOf(kernel)).toBe(MiB);
  });
});

describe('mapped regions that never touch (source only)', () => {
  const regions = (count: number) =>
    Array.from({ length: count }, (_, i) =>
      node(`r${i}`, { reg: [range(at(32) + BigInt(i) * MiB, 4096n)], compatible: [] }),
    );

  it('panic when the page tables find no room in the array of reserved ranges', () => {
    // Image and tree touch: with 126 regions the array holds 127, and the first page table fills it.
    expect(() => booted(regions(125))).not.toThrow();
    const { panic, log } = bootPanic(board(regions(126)), none);
    expect(panic).toBe('memblock: cannot resize reserved array');
    expect(log).toEqual(['<0>Kernel panic - not syncing: memblock: cannot resize reserved array']);
  });
});
