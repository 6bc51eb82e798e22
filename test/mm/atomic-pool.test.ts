/** The DMA atomic pools, which take the first pages of the default CMA area. */
import { describe, expect, it } from 'vitest';
import type { Board } from '../../src/board/board.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { cmaDebugfs } from '../../src/kernel/virtual-files/index.ts';
import { createZones } from '../../src/mm/alloc/page-alloc.ts';
import { createAtomicPools } from '../../src/mm/early/atomic-pool.ts';
import { Printk } from '../../src/printk.ts';
import { GiB, KiB, MiB, TiB } from '../../src/units.ts';
import { bareRecords } from '../pages.ts';
import { board, bootBoard, range } from '../small-board.ts';

function pools(given: Partial<Board>, params: BootParams) {
  const { log, records, kernel } = bootBoard(board([], given), params);
  const area = cmaDebugfs(records).reserved;
  return {
    log: log
      .filter((line) => /DMA: /.test(line))
      .map((line) => line.replace(' pool for atomic allocations', '')),
    used: area === undefined ? 0 : Number(area.used) * 4,
    bitmap: area?.bitmap,
    kernel,
  };
}

const GFP_KERNEL = 'GFP_KERNEL';
const GFP_DMA = 'GFP_KERNEL|GFP_DMA';
const GFP_DMA32 = 'GFP_KERNEL|GFP_DMA32';
const got = (kib: number, gfp: string) => `<6>DMA: preallocated ${kib} KiB ${gfp}`;

describe('the atomic pools', () => {
  it('take a prefix of the default area', () => {
    const { log, used, bitmap } = pools({}, { cmdline: 'cma=4M' });
    expect(log).toEqual([got(128, GFP_DMA)]);
    expect([used, bitmap?.split(' ').slice(0, 2)]).toEqual([128, ['4294967295', '0']]);
  });

  it('grow with RAM to 4 MiB at most', () => {
    const memory = (size: bigint) => ({ memory: [range(GiB, size)] });
    expect(pools(memory(3n * GiB), {}).log).toEqual([got(512, GFP_DMA)]);
    expect(pools({ memory: [range(GiB, TiB)] }, {}).log).toEqual([got(4096, GFP_KERNEL), got(4096, GFP_DMA)]);
  });

  it('have the size of coherent_pool=, rounded up to a power of two, 4 MiB at most', () => {
    const size = (text: string) => pools({}, { cmdline: `cma=16M coherent_pool=${text}` }).log;
    expect(size('1M')).toEqual([got(1024, GFP_DMA)]);
    expect(size('1028K')).toEqual([got(2048, GFP_DMA)]);
    expect(size('64M')).toEqual([got(4096, GFP_DMA)]);
    expect(size('1')).toEqual([got(4, GFP_DMA)]);
    expect(size('18446744073709551615')).toEqual([got(4096, GFP_DMA)]);
  });

  it('have their default size with coherent_pool=0', () => {
    expect(pools({}, { cmdline: 'cma=16M coherent_pool=0' }).log).toEqual([got(128, GFP_DMA)]);
    expect(pools({}, { cmdline: 'cma=16M coherent_pool=what' }).log).toEqual([got(128, GFP_DMA)]);
  });

  it('are one for each zone with memory: Normal, DMA, DMA32', () => {
    const memory = [range(GiB, 7n * GiB)];
    const both = pools({ memory }, { cmdline: 'cma=16M' });
    expect(both.log).toEqual([got(1024, GFP_KERNEL), got(1024, GFP_DMA)]);
    expect(both.used).toBe(2048);
    const three = pools({ memory, dmaMaxCpuAddress: 2n * GiB - 1n }, { cmdline: 'cma=16M' });
    expect(three.log).toEqual([got(1024, GFP_KERNEL), got(1024, GFP_DMA), got(1024, GFP_DMA32)]);
    expect(three.used).toBe(3072);
  });

  it('come from the page allocator where the area does not reach', () => {
    // The area lies above 4 GiB: only GFP_KERNEL takes from it.
    const params = { cmdline: 'cma=16M@0x100000000', config: { CONFIG_ZONE_DMA: false } };
    const { log, used } = pools({ memory: [range(GiB, 7n * GiB)] }, params);
    expect(log).toEqual([got(1024, GFP_KERNEL), got(1024, GFP_DMA32)]);
    expect(used).toBe(1024);
  });

  it('come from the page allocator without an area', () => {
    const none = pools({}, { cmdline: 'cma=0' });
    expect(none.log).toEqual([got(128, GFP_DMA)]);
    const system = none.kernel.heaps()[0];
    expect((system?.size ?? 0n) - (system?.free ?? 0n)).toBe(128n * KiB);
  });

  it('leave the area when it is too small, after saying so', () => {
    const { kernel, log } = bootBoard(board(), { cmdline: 'cma=2M coherent_pool=4M' });
    expect(log.filter((l) => l.includes('alloc failed'))).toEqual([
      '<3>cma: __cma_alloc_frozen: reserved: alloc failed, req-size: 1024 pages, ret: -16',
    ]);
    expect(log).toContain('<6>DMA: preallocated 4096 KiB GFP_KERNEL|GFP_DMA pool for atomic allocations');
    expect(kernel.heaps().find((h) => h.name === 'reserved')?.free).toBe(2n * MiB);
  });

  it('are halved until they fit, and given up', () => {
    const poolOf = (freePages: number) => {
      const records = bareRecords();
      const printk = new Printk(records);
      const spans = [{ name: 'DMA', start: 0n, end: GiB }] as const;
      createZones(records, spans, freePages === 0 ? [] : [range(MiB, BigInt(freePages) * 4096n)]);
      createAtomicPools(records, printk, {
        totalRamPages: 64,
        cmaAlignment: 8,
        zones: new Set(['DMA']),
      });
      return [...printk.since()].map((line) => line.text.replace(' pool for atomic allocations', ''));
    };
    expect(poolOf(51)).toEqual(['DMA: preallocated 128 KiB GFP_KERNEL|GFP_DMA']);
    expect(poolOf(3)).toEqual(['DMA: preallocated 8 KiB GFP_KERNEL|GFP_DMA']);
    expect(poolOf(0)).toEqual([
      'DMA: failed to allocate 128 KiB GFP_KERNEL|GFP_DMA pool for atomic allocation',
    ]);
  });

  it('say so when not even a page is left', () => {
    const records = bareRecords();
    const printk = new Printk(records);
    const spans = [
      { name: 'DMA', start: 0n, end: 8192n },
      { name: 'Normal', start: 8192n, end: GiB },
    ] as const;
    createZones(records, spans, [range(4096n, 4096n)]);
    createAtomicPools(records, printk, {
      totalRamPages: 1,
      cmaAlignment: 8,
      zones: new Set(['DMA', 'Normal']),
    });
    expect([...printk.since()].map((line) => `<${line.level}>${line.text}`)).toEqual([
      '<6>DMA: preallocated 4 KiB GFP_KERNEL pool for atomic allocations',
      '<3>DMA: failed to allocate 128 KiB GFP_KERNEL|GFP_DMA pool for atomic allocation',
    ]);
  });
});
