/** Texts of /proc and debugfs. */
import { describe, expect, it } from 'vitest';
import { cmaDebugfs, cmaTotalKiB, procBuddyinfo, procIomem } from '../../src/kernel/files.ts';
import { PageAllocator } from '../../src/mm/page-alloc.ts';
import { MemoryRecords } from '../../src/records.ts';
import { GiB, KiB, MiB } from '../../src/units.ts';
import { alloc, type Booted, board, bootBoard, cma, coherent, RAM_BASE, range } from '../small-board.ts';

/** The counts of each zone's line. */
const zones = ({ records }: Booted): Record<string, number[]> =>
  Object.fromEntries(
    procBuddyinfo(records)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [zone = '', ...counts] = line.replace('Node 0, zone', '').trim().split(/\s+/);
        return [zone, counts.map(Number)];
      }),
  );

const pages = (counts: readonly number[]): number =>
  counts.reduce((sum, n, order) => sum + n * 2 ** order, 0);

describe('/proc/buddyinfo', () => {
  it('has a line for each zone with memory, as the kernel prints it', () => {
    const booted = bootBoard(board([], { memory: [range(RAM_BASE, 64n * MiB)] }), { cmdline: 'cma=16M' });
    expect(procBuddyinfo(booted.records)).toMatch(/^Node 0, zone {6}DMA(?: +\d+){11} \n$/);
  });

  it('counts every free page once, those of CMA areas too', () => {
    const memory = [range(RAM_BASE, 7n * GiB)];
    const booted = bootBoard(
      board([cma('c', 0x60000000n, 6n * MiB), cma('high', 5n * GiB, 6n * MiB)], { memory }),
    );
    const free = () =>
      new PageAllocator(booted.records).freePages() +
      Object.values(cmaDebugfs(booted.records)).reduce((sum, a) => sum + Number(a.count) - Number(a.used), 0);
    for (const [heap, len] of [
      ['system', 5n * MiB + 4096n],
      ['c', 300n * KiB],
      ['high', 4096n],
    ] as const) {
      const { DMA = [], Normal = [] } = zones(booted);
      expect(Object.keys(zones(booted))).toEqual(['DMA', 'Normal']);
      expect([DMA.length, Normal.length, pages(DMA) + pages(Normal)]).toEqual([11, 11, free()]);
      expect(alloc(booted.kernel, heap, len).ret).toBe(0);
    }
  });

  it('adds up where zones and RAM end beside blocks of 4 MiB', () => {
    const memory = [
      range(RAM_BASE + 12n * 4096n, 100n * MiB + 4096n),
      range(RAM_BASE + 130n * MiB, 7n * 4096n),
    ];
    const booted = bootBoard(
      board([coherent('p', RAM_BASE + 70n * MiB, 4096n)], {
        memory,
        dmaMaxCpuAddress: RAM_BASE + 61n * MiB + 0x5fffn,
      }),
      { cmdline: 'cma=0' },
    );
    const { DMA = [], DMA32 = [] } = zones(booted);
    expect(pages(DMA) + pages(DMA32)).toBe(new PageAllocator(booted.records).freePages());
    expect(pages(DMA)).toBeGreaterThan(0);
    expect(pages(DMA32)).toBeGreaterThan(0);
  });

  it('still shows a zone that is used up', () => {
    const booted = bootBoard(board(), { cmdline: 'cma=0' });
    alloc(booted.kernel, 'system', booted.kernel.heaps()[0]?.free ?? 0n);
    expect(zones(booted)).toEqual({ DMA: new Array(11).fill(0) });
  });
});

describe('debugfs cma', () => {
  it('shows the bitmap of each area', () => {
    const booted = bootBoard(board([cma('c', 0x48000000n, 2n * MiB)]), { cmdline: 'cma=0' });
    alloc(booted.kernel, 'c', 40n * 4096n);
    expect(cmaDebugfs(booted.records)).toEqual({
      c: {
        count: '512',
        used: '40',
        maxchunk: '472',
        order_per_bit: '0',
        base_pfn: `${0x48000}`,
        bitmap: ['4294967295', '255', ...new Array<string>(14).fill('0')].join(' '),
      },
    });
    expect(cmaTotalKiB(booted.records)).toBe(2048);
  });
});

describe('before a boot', () => {
  it('there are no files', () => {
    expect(() => procIomem(new MemoryRecords())).toThrow('no kernel has booted');
  });
});
