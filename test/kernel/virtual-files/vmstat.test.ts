/** /proc/buddyinfo, pagetypeinfo, meminfo and iomem: what the page allocator and the CMA areas say. */
import { describe, expect, it } from 'vitest';
import type { Board, ReservedMemNode } from '../../../src/board/board.ts';
import { boot } from '../../../src/kernel/boot/boot.ts';
import type { BootParams } from '../../../src/kernel/boot/boot-params.ts';
import { cmaDebugfs, cmaTotalKiB, procIomem } from '../../../src/kernel/virtual-files/index.ts';
import { totalReservePages } from '../../../src/kernel/virtual-files/watermarks.ts';
import { PageAllocator } from '../../../src/mm/alloc/page-alloc.ts';
import { profileOf } from '../../../src/profile/profile.ts';
import { MemoryRecords } from '../../../src/records.ts';
import { GiB, KiB, MiB } from '../../../src/units.ts';
import { board, cma, coherent, RAM_BASE, RESERVE, range } from '../../small-board.ts';
import { Looking, USER } from './looking.ts';

const looking = (
  nodes: readonly ReservedMemNode[] = [],
  given: Partial<Board> = {},
  params: BootParams = {},
): Looking => {
  const records = new MemoryRecords();
  boot(board(nodes, given), { reserve: RESERVE, ...params }, records);
  return new Looking(records);
};

/** The counts of each zone's line. */
const zones = (machine: Looking): Record<string, number[]> =>
  Object.fromEntries(
    machine
      .cat('/proc/buddyinfo')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [zone = '', ...counts] = line.replace('Node 0, zone', '').trim().split(/\s+/);
        return [zone, counts.map(Number)];
      }),
  );

/** The rows of pagetypeinfo: `DMA/Movable` → counts. */
const types = (machine: Looking): Record<string, string[]> =>
  Object.fromEntries(
    [...machine.cat('/proc/pagetypeinfo').matchAll(/zone +(\w+), type +(\w+) (.*)/g)].map((match) => [
      `${match[1]}/${match[2]}`,
      (match[3] ?? '').trim().split(/\s+/),
    ]),
  );

const pages = (counts: readonly (number | string)[]): number =>
  counts.reduce<number>((sum, n, order) => sum + Number(n) * 2 ** order, 0);

describe('/proc/buddyinfo', () => {
  it('has a line for each zone with memory, as the kernel prints it', () => {
    const machine = looking([], { memory: [range(RAM_BASE, 64n * MiB)] }, { cmdline: 'cma=16M' });
    expect(machine.cat('/proc/buddyinfo')).toMatch(/^Node 0, zone {6}DMA(?: +\d+){11} \n$/);
  });

  it('counts every free page once, those of CMA areas too', () => {
    const memory = [range(RAM_BASE, 7n * GiB)];
    const areas = [cma('c', 0x60000000n, 6n * MiB), cma('high', 5n * GiB, 6n * MiB)];
    const machine = looking(areas, { memory });
    const free = () =>
      new PageAllocator(machine.records).freePages() +
      Object.values(cmaDebugfs(machine.records)).reduce(
        (sum, a) => sum + Number(a.count) - Number(a.used),
        0,
      );
    for (const [heap, len] of [
      ['system', 5n * MiB + 4096n],
      ['c', 300n * KiB],
      ['high', 4096n],
    ] as const) {
      const { DMA = [], Normal = [] } = zones(machine);
      expect(Object.keys(zones(machine))).toEqual(['DMA', 'Normal']);
      expect([DMA.length, Normal.length, pages(DMA) + pages(Normal)]).toEqual([11, 11, free()]);
      const rows = types(machine);
      for (const [zone, counts] of Object.entries({ DMA, Normal })) {
        expect(pages(rows[`${zone}/Movable`] ?? []) + pages(rows[`${zone}/CMA`] ?? [])).toBe(pages(counts));
      }
      expect(machine.cat('/proc/meminfo')).toContain(`MemFree:${`${free() * 4}`.padStart(16)} kB\n`);
      expect(machine.alloc(heap, len)).toBeGreaterThan(0);
    }
  });

  it('adds up where zones and RAM end beside blocks of 4 MiB', () => {
    const memory = [
      range(RAM_BASE + 12n * 4096n, 100n * MiB + 4096n),
      range(RAM_BASE + 130n * MiB, 7n * 4096n),
    ];
    const machine = looking(
      [coherent('p', RAM_BASE + 70n * MiB, 4096n)],
      { memory, dmaMaxCpuAddress: RAM_BASE + 61n * MiB + 0x5fffn },
      { cmdline: 'cma=0' },
    );
    const { DMA = [], DMA32 = [] } = zones(machine);
    expect(pages(DMA) + pages(DMA32)).toBe(new PageAllocator(machine.records).freePages());
    expect(pages(DMA)).toBeGreaterThan(0);
    expect(pages(DMA32)).toBeGreaterThan(0);
  });

  it('still shows a zone that is used up', () => {
    const machine = looking([], {}, { cmdline: 'cma=0' });
    machine.alloc('system', BigInt(new PageAllocator(machine.records).freePages()) * 4096n);
    expect(zones(machine)).toEqual({ DMA: new Array(11).fill(0) });
  });
});

describe('/proc/pagetypeinfo', () => {
  it('counts the pageblocks of sections that hold RAM, and those of areas apart', () => {
    // 128 MiB, a hole of 384 MiB, 64 MiB: two sections of 64 pageblocks.
    const memory = [range(RAM_BASE, 128n * MiB), range(RAM_BASE + 512n * MiB, 64n * MiB)];
    const areas = [
      cma('low', RAM_BASE + 32n * MiB, 4n * MiB),
      cma('over', RAM_BASE + 34n * MiB, 4n * MiB),
      cma('high', RAM_BASE + 512n * MiB, 8n * MiB),
    ];
    const text = looking(areas, { memory }, { cmdline: 'cma=0' }).cat('/proc/pagetypeinfo');
    expect(text).toMatch(/\nNode 0, zone {6}DMA {12}0 {11}89 {12}0 {12}0 {12}7 {12}0 \n$/);
  });

  it('has blocks of 4 MiB where there are no huge pages', () => {
    const config = { CONFIG_TRANSPARENT_HUGEPAGE: false, CONFIG_HUGETLBFS: false };
    const text = looking([], {}, { config }).cat('/proc/pagetypeinfo');
    expect(text).toMatch(/^Page block order: 10\nPages per block: {2}1024\n\nFree pages/);
  });

  it('stops counting at 100000', () => {
    const machine = looking([], { memory: [range(RAM_BASE, 600n * GiB)] });
    expect(types(machine)['Normal/Movable']?.at(-1)).toBe('>100000');
  });
});

describe('/proc/meminfo', () => {
  it('has no lines of huge pages where there are none', () => {
    const config = { CONFIG_TRANSPARENT_HUGEPAGE: false, CONFIG_HUGETLBFS: false };
    expect(looking([], {}, { config }).cat('/proc/meminfo')).not.toContain('Huge');
    expect(looking().cat('/proc/meminfo')).toContain('AnonHugePages:         0 kB\n');
  });

  it('ends with the lines of hugetlbfs, as a kernel with it recorded them', () => {
    expect(looking().cat('/proc/meminfo')).toMatch(
      /\nGPUReclaim: {12}0 kB\nHugePages_Total: {7}0\nHugePages_Free: {8}0\nHugePages_Rsvd: {8}0\nHugePages_Surp: {8}0\nHugepagesize: {7}2048 kB\nHugetlb: {15}0 kB\n$/,
    );
    const without = looking([], {}, { config: { CONFIG_HUGETLBFS: false } }).cat('/proc/meminfo');
    expect(without).toMatch(/\nGPUReclaim: {12}0 kB\n$/);
    expect(without).toContain('AnonHugePages:');
  });

  it('never has less than nothing available', () => {
    const machine = looking([], {}, { cmdline: 'cma=0' });
    machine.alloc('system', BigInt(new PageAllocator(machine.records).freePages()) * 4096n);
    expect(machine.cat('/proc/meminfo')).toContain('MemAvailable:          0 kB\n');
  });
});

describe('what is kept back', () => {
  const { profile } = profileOf();

  it('is the high watermark of one zone, as recorded', () => {
    expect(totalReservePages([{ name: 'DMA', managed: 253_719 }], profile)).toBe(8448);
  });

  it('is never over 5 % for huge pages', () => {
    // 64 MiB: 800 pages at most where 5632 were wanted.
    expect(totalReservePages([{ name: 'DMA', managed: 16_384 }], profile)).toBeLessThan(1300);
  });

  it('counts what a low zone keeps for the high ones', () => {
    const zones = [
      { name: 'DMA', managed: 1 << 18 },
      { name: 'DMA32', managed: 0 },
      { name: 'Normal', managed: 1 << 20 },
    ] as const;
    const flat = totalReservePages([{ name: 'Normal', managed: 5 << 18 }], profile);
    expect(totalReservePages(zones, profile) - (1 << 12)).toBeGreaterThan(flat);
  });

  it('is nothing where there is nothing', () => {
    expect(totalReservePages([], profile)).toBe(0);
    expect(totalReservePages([{ name: 'DMA', managed: 0 }], profile)).toBe(0);
  });
});

describe('/proc/iomem', () => {
  const machine = looking([coherent('p', RAM_BASE + 64n * MiB, 1n * MiB)]);

  it('shows RAM with what lies in it to user 0', () => {
    const lines = machine.cat('/proc/iomem').split('\n');
    expect(lines.filter((line) => !line.startsWith(' '))).toEqual([
      '40000000-43ffffff : System RAM',
      '44000000-440fffff : reserved',
      '44100000-4fffffff : System RAM',
      '',
    ]);
    // The image of 8 MiB at 0x40200000 and the tree behind it; the two parts of the image are named.
    expect(lines.slice(1, 5)).toEqual([
      expect.stringMatching(/^ {2}40200000-40[0-9a-f]{6} : Kernel code$/),
      expect.stringMatching(/^ {2}40[0-9a-f]{6}-40[0-9a-f]{6} : reserved$/),
      expect.stringMatching(/^ {2}40[0-9a-f]{6}-409fffff : Kernel data$/),
      '  40a00000-40a0ffff : reserved',
    ]);
  });

  it('shows zeros to others', () => {
    const zeros = machine.cat('/proc/iomem').replace(/[0-9a-f]{8}-[0-9a-f]{8}/g, '00000000-00000000');
    expect(machine.cat('/proc/iomem', USER)).toBe(zeros);
  });
});

describe('the whole of debugfs cma', () => {
  it('shows the bitmap of each area', () => {
    const machine = looking([cma('c', 0x48000000n, 2n * MiB)], {}, { cmdline: 'cma=0' });
    machine.alloc('c', 40n * 4096n);
    expect(cmaDebugfs(machine.records)).toEqual({
      c: {
        count: '512',
        used: '40',
        maxchunk: '472',
        order_per_bit: '0',
        base_pfn: `${0x48000}`,
        bitmap: ['4294967295', '255', ...new Array<string>(14).fill('0')].join(' '),
      },
    });
    expect(cmaTotalKiB(machine.records)).toBe(2048);
  });
});

describe('before a boot', () => {
  it('there are no files', () => {
    expect(() => procIomem(new MemoryRecords())).toThrow('no kernel has booted');
  });
});
