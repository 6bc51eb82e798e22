/** A buffer's array of page pointers, which limits CMA and coherent buffers to 2 GiB. */
import { describe, expect, it } from 'vitest';
import { explainNoRoom } from '../../src/dma-buf/backends.ts';
import { mostArrayPages } from '../../src/dma-buf/page-array.ts';
import { cmaDebugfs } from '../../src/kernel/virtual-files/index.ts';
import { Cma } from '../../src/mm/alloc/cma.ts';
import { profileOf } from '../../src/profile/profile.ts';
import { GiB, MiB } from '../../src/units.ts';
import { alloc, board, bootBoard, cma, coherent, RESERVE, range } from '../small-board.ts';

const CMA = 'video@100000000';
const POOL = 'npu@400000000';

/** 15 GiB of RAM from 1 GiB, an area of 5 GiB in it, a pool of 4 GiB behind it. */
const booted = () =>
  bootBoard(
    board([cma(CMA, 4n * GiB, 5n * GiB), coherent(POOL, 16n * GiB, 4n * GiB)], {
      memory: [range(GiB, 15n * GiB)],
    }),
    { cmdline: 'cma=0', reserve: RESERVE },
  );

const heapOf = ({ kernel }: ReturnType<typeof booted>, name: string) =>
  kernel.heaps().find((heap) => heap.name === name);

describe('a CMA buffer above 2 GiB', () => {
  it('is ENOMEM, after the pages were taken and given back', () => {
    const machine = booted();
    const { kernel, records, memory } = machine;
    memory.write(4n * GiB, Uint8Array.of(0xaa));
    const lines = kernel.printk.nextSeq;
    expect(alloc(kernel, CMA, 2n * GiB + 1n)).toMatchObject({
      ret: -12,
      errno: 'ENOMEM',
      why: {
        kind: 'page-array-too-large',
        pageSize: 4096,
        region: CMA,
        pages: 524_289n,
        arrayBytes: 4_194_312n,
        mostPages: 524_288,
      },
    });
    expect(kernel.printk.nextSeq).toBe(lines);
    expect(kernel.buffers()).toEqual([]);
    expect(new Cma(records, 0).counters).toMatchObject({
      allocPagesSuccess: 524_289,
      allocPagesFail: 0,
      releasePagesSuccess: 524_289,
    });
    expect(cmaDebugfs(records)[CMA]?.used).toBe('0');
    // They were zeroed in between.
    const byte = Uint8Array.of(1);
    memory.read(4n * GiB, byte);
    expect(byte).toEqual(Uint8Array.of(0));
  });

  it('is said to want room where there is none', () => {
    const { kernel } = booted();
    expect(alloc(kernel, CMA, 6n * GiB).why?.kind).toBe('cma-no-room');
  });

  it('may have 2 GiB just', () => {
    const machine = booted();
    const { kernel } = machine;
    expect(alloc(kernel, CMA, 2n * GiB).ret).toBe(0);
    expect(heapOf(machine, CMA)?.free).toBe(3n * GiB);
  });
});

describe('a coherent buffer above 2 GiB', () => {
  it('is ENOMEM, and the pool is as it was', () => {
    const machine = booted();
    const { kernel } = machine;
    expect(heapOf(machine, POOL)).toMatchObject({ free: 4n * GiB, largest: 2n * GiB });
    expect(alloc(kernel, POOL, 2n * GiB + 4096n)).toMatchObject({
      errno: 'ENOMEM',
      why: { kind: 'page-array-too-large', region: POOL, pages: 524_289n },
    });
    expect(heapOf(machine, POOL)?.free).toBe(4n * GiB);
    expect(alloc(kernel, POOL, 2n * GiB).ret).toBe(0);
    expect(heapOf(machine, POOL)?.free).toBe(2n * GiB);
  });
});

describe('the limit', () => {
  it('follows the page size: KMALLOC_MAX_SIZE is the largest block of pages', () => {
    const most = (kib: 4 | 16 | 64) => {
      const { geometry } = profileOf('v3', {}, kib).profile;
      return BigInt(mostArrayPages(geometry)) * geometry.page;
    };
    expect([most(4), most(16), most(64)]).toEqual([2n * GiB, 64n * GiB, 4096n * GiB]);
  });

  it('is explained', () => {
    const why = {
      kind: 'page-array-too-large',
      pageSize: 4096,
      region: 'big',
      pages: 1_048_576n,
      arrayBytes: 8n * MiB,
      mostPages: 524_288,
    } as const;
    expect(explainNoRoom(why)).toEqual([
      '1048576 pages (4 GiB) asked of big',
      'the array of page pointers would be 8 MiB, of which the kernel gives 4 MiB at most: the largest buffer is 2 GiB',
    ]);
  });
});
