/** The default CMA area: forms of `cma=`, rounding, limits and places. */
import { describe, expect, it } from 'vitest';
import type { Board } from '../../src/board/board.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { pageTableCount } from '../../src/mm/early/early-takers.ts';
import { Memblock } from '../../src/mm/early/memblock.ts';
import { GiB, KiB, MiB, type PhysRange } from '../../src/units.ts';
import { GEOMETRY } from '../pages.ts';
import { board, bootBoard, bootPanic, cma, dynamicCma, node, RAM_BASE, range } from '../small-board.ts';

const RAM_END = RAM_BASE + 256n * MiB;

/** The lines about CMA, and the area when there is one. */
function boots(cmdline: string, given: Partial<Board> = {}, params: BootParams = {}) {
  const { kernel, log } = bootBoard(board([], given), { cmdline, ...params });
  const area = kernel.regions().find((region) => region.isDefault);
  return {
    log: log.filter((line) => /cma(?!-reserved)/i.test(line)),
    area,
    heaps: kernel.heaps().map((h) => h.name),
  };
}

describe('the default area', () => {
  it('comes from the configuration without cma=', () => {
    const { area, log, heaps } = boots('');
    expect(area).toMatchObject({
      name: 'reserved',
      origin: 'config',
      size: 32n * MiB,
      base: RAM_END - 34n * MiB,
    });
    expect(log).toEqual(['<6>cma: Reserved 32 MiB at 0x000000004de00000']);
    expect(heaps).toEqual(['system', 'default_cma_region', 'reserved']);
    expect(boots('', {}, { config: { CONFIG_CMA_SIZE_MBYTES: 0 } }).area).toBeUndefined();
  });

  it('is not there with cma=0', () => {
    expect(boots('cma=0')).toEqual({ log: [], area: undefined, heaps: ['system'] });
  });

  it('is told in the size that was asked for, and has whole pageblocks', () => {
    const { area, log } = boots('cma=5000K');
    expect(area).toMatchObject({ origin: 'cmdline', size: 6n * MiB, base: RAM_END - 8n * MiB });
    expect(log).toEqual(['<6>cma: Reserved 4 MiB at 0x000000004f800000']);
  });

  it('is that of the configuration where the size is the value that stands for "not given"', () => {
    const { area, log } = boots('cma=18446744073709551615');
    expect(area).toMatchObject({ origin: 'config', size: 32n * MiB });
    expect(log).toEqual(['<6>cma: Reserved 32 MiB at 0x000000004de00000']);
    // It displaces no default of the device tree either.
    const nodes = [cma('d', 0x44000000n, 4n * MiB, { linuxCmaDefault: true })];
    const { kernel } = bootBoard(board(nodes), { cmdline: 'cma=0xffffffffffffffff' });
    expect(kernel.regions()).toMatchObject([{ name: 'd', isDefault: true }]);
  });

  it('fails where rounding makes the size 0', () => {
    const { area, log } = boots('cma=18446744073709551614');
    expect([area, log]).toEqual([undefined, ['<3>cma: Failed to reserve 17592186044415 MiB']]);
  });

  it('at the end of the address space kills the kernel when it is activated', () => {
    // 16 MiB from 2 MiB below 2^64: the end wraps to 14 MiB and so is below every limit.
    const { panic, log } = bootPanic(board(), { cmdline: 'cma=16M@0xffffffffffe00000' });
    expect(panic).toBe('Attempted to kill init! exitcode=0x0000000b');
    expect(log).toContain('<6>cma: Reserved 16 MiB at 0xffffffffffe00000');
  });

  it('has larger blocks without huge pages', () => {
    const config = { CONFIG_TRANSPARENT_HUGEPAGE: false, CONFIG_HUGETLBFS: false };
    expect(boots('cma=5000K', {}, { config }).area).toMatchObject({
      size: 8n * MiB,
      base: RAM_END - 12n * MiB,
    });
  });

  it('lies where it is told to: SIZE@BASE', () => {
    expect(boots('cma=8M@0x44000000').area).toMatchObject({ base: 0x44000000n, size: 8n * MiB });
  });

  it('lies at the top of a range: SIZE@BASE-LIMIT', () => {
    expect(boots('cma=8M@0x44000000-0x46000000').area?.base).toBe(0x45800000n);
    expect(boots('cma=8M@0x44100000-0x460fffff').area?.base).toBe(0x45800000n);
    // LIMIT = BASE + SIZE is a fixed place again.
    expect(boots('cma=8M@0x44000000-0x44800000').area?.base).toBe(0x44000000n);
  });

  it('lies anywhere with a base of 0', () => {
    expect(boots('cma=8M@0').area).toBeUndefined();
    expect(boots('cma=8M@0-0').area?.base).toBe(RAM_END - 10n * MiB);
  });

  it.each([
    [
      'cma=8M@0x44100000',
      '<3>cma: Region at 0x0000000044100000 must be aligned to 0x0000000000200000 bytes',
      8,
    ],
    // 512 MiB end below the end of RAM, which lies at 1 GiB: there is just no room.
    ['cma=512M', undefined, 512],
    [
      'cma=8M@0x50000000',
      '<3>cma: Size (0x0000000000800000) of region at 0x0000000050000000 exceeds limit (0x0000000050000000)',
      8,
    ],
    ['cma=8M@0x40200000', undefined, 8],
    ['cma=254M@0-0', undefined, 254],
  ])('%s fails and says why', (cmdline, text, mib) => {
    const { area, log, heaps } = boots(cmdline);
    expect(area).toBeUndefined();
    const why = text === undefined ? [] : [text];
    const failed = `<3>cma: Failed to reserve ${mib} MiB`;
    expect(log).toEqual([...why, failed]);
    expect(heaps).toEqual(['system']);
  });

  it('asks for a string behind cma', () => {
    const { log, area } = boots('cma');
    expect(log.slice(0, 2)).toEqual([
      '<3>cma: Config string not provided',
      "<4>Malformed early option 'cma'",
    ]);
    expect(area?.origin).toBe('config');
  });

  it('gives way to the device tree', () => {
    const dt = cma('c', 0x44000000n, 4n * MiB, { linuxCmaDefault: true });
    const { kernel, log } = bootBoard(board([dt]));
    expect(kernel.regions().map((r) => [r.name, r.isDefault])).toEqual([['c', true]]);
    expect(log.join()).not.toContain('cma: Reserved');
  });

  it('comes last among the areas, whatever its address', () => {
    const { kernel } = bootBoard(board([cma('s', 0x44000000n, 4n * MiB), dynamicCma('d', 4n * MiB)]), {
      cmdline: 'cma=4M@0x42000000',
    });
    expect(kernel.heaps().map((h) => h.name)).toEqual(['system', 'default_cma_region', 'd', 's', 'reserved']);
    expect(kernel.regions().map((r) => r.name)).toEqual(['s', 'd', 'reserved']);
  });
});

describe('its place on large boards', () => {
  const memory = [range(GiB, 7n * GiB)];
  const unlimited = { config: { CONFIG_ZONE_DMA: false, CONFIG_ZONE_DMA32: false } };

  it('is below 4 GiB while the DMA limit is', () => {
    expect(boots('cma=64M', { memory }).area?.base).toBe(4n * GiB - 64n * MiB);
  });

  it('is bottom up from 4 GiB when the limit allows', () => {
    expect(boots('cma=64M', { memory }, unlimited).area?.base).toBe(4n * GiB);
    // The limit must leave the whole size above 4 GiB.
    expect(boots('cma=64M@0-0x102000000', { memory }, unlimited).area?.base).toBe(4n * GiB - 32n * MiB);
  });

  it('falls back to the top when nothing above 4 GiB fits', () => {
    const full = node('full', { compatible: [], reg: [range(4n * GiB, 4n * GiB - 32n * MiB)] });
    const { kernel } = bootBoard(board([full], { memory }), { cmdline: 'cma=64M', ...unlimited });
    expect(kernel.regions().at(-1)?.base).toBe(4n * GiB - 64n * MiB);
  });

  it('is below what the narrowest bus reaches', () => {
    expect(boots('cma=64M', { memory, dmaMaxCpuAddress: 2n * GiB - 1n }).area?.base).toBe(
      2n * GiB - 64n * MiB,
    );
    expect(boots('cma=64M', { memory, dmaMaxCpuAddress: 2n * GiB - 1n }).area?.size).toBe(64n * MiB);
  });
});

describe('what is taken before it', () => {
  const tables = (...ram: PhysRange[]) => {
    const memblock = new Memblock(GEOMETRY, true);
    for (const one of ram) memblock.addMemory(one);
    return pageTableCount(memblock, 48);
  };

  it('is a page table for each 2 MiB, 1 GiB and 512 GiB that RAM touches', () => {
    expect(tables(range(GiB, 2n * MiB))).toBe(1 + 1 + 1);
    expect(tables(range(GiB, GiB))).toBe(512 + 1 + 1);
    expect(tables(range(GiB + 2n * MiB - 4096n, 8192n))).toBe(2 + 1 + 1);
    expect(tables(range(GiB, 4096n), range(GiB + 8192n, 4096n))).toBe(1 + 1 + 1);
    expect(tables(range(GiB, 4096n), range(3n * GiB, 4096n))).toBe(2 + 2 + 1);
    // Counted from the start of RAM rounded down to 1 GiB.
    expect(tables(range(511n * GiB, 2n * GiB))).toBe(1024 + 2 + 1);
    expect(tables()).toBe(0);
  });

  it('leaves no-map ranges out', () => {
    const memblock = new Memblock(GEOMETRY, true);
    memblock.addMemory(range(GiB, 8n * MiB));
    memblock.markNomap(range(GiB + 2n * MiB, 4n * MiB), true);
    expect(pageTableCount(memblock, 48)).toBe(2 + 1 + 1);
    // With 39 bits there is no level above 1 GiB.
    expect(pageTableCount(memblock, 39)).toBe(2 + 1);
  });

  it('pushes the area down from the top of RAM', () => {
    // 130 tables and 40 KiB are 560 KiB: within the last pageblock.
    expect(boots('cma=4M').area?.base).toBe(RAM_END - 6n * MiB);
    // A hole that is large enough takes them, and the area goes to the very top.
    const hole = node('hole', { compatible: [], reg: [range(RAM_BASE, 2n * MiB - 600n * KiB)] });
    const high = [range(RAM_BASE, 256n * MiB), range(RAM_END + 2n * MiB, 600n * KiB)];
    const { kernel } = bootBoard(board([hole], { memory: high }), { cmdline: 'cma=4M' });
    expect(kernel.regions().at(-1)?.base).toBe(RAM_END - 4n * MiB);
  });
});
