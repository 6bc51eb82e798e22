/** Every option of the configuration: that it changes answers where Linux has it, and is refused where it has not. */
import { describe, expect, it, test } from 'vitest';
import { boardWithoutTree } from '../../src/board/board.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import { askedProfile, kernelWarnings } from '../../src/kernel/boot/asked-profile.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { procIomem } from '../../src/kernel/virtual-files/index.ts';
import { NO_MEMORY } from '../../src/mm/phys-memory.ts';
import { Printk } from '../../src/printk.ts';
import { readConfigFile } from '../../src/profile/dot-config.ts';
import { PRESETS } from '../../src/profile/presets.ts';
import { pageblockBytes, speaksUnverified } from '../../src/profile/profile.ts';
import { doubtsOf } from '../../src/profile/unverified.ts';
import { MemoryRecords } from '../../src/records.ts';
import { GiB, KiB, MiB } from '../../src/units.ts';
import { board, bootBoard, cma, dynamicCma, range } from '../small-board.ts';

const given = board(
  [
    cma('video@50000000', 0x5000_0000n, 32n * MiB),
    dynamicCma('linux,cma', 64n * MiB, { linuxCmaDefault: true }),
  ],
  { memory: [range(0x4000_0000n, GiB)] },
);

/** What a boot tells: its log, heaps and regions, RAM, and the banner without the configuration's name. */
function told(params: BootParams, of = given) {
  const records = new MemoryRecords();
  const { panic } = boot(of, params, records);
  if (panic !== undefined) return { panic };
  const kernel = new Kernel(records, NO_MEMORY);
  const sys = (path: string) => 'node' in kernel.lookup(path, 'shell');
  return {
    log: [...new Printk(records).since()].map(({ text }) => text),
    heaps: kernel.heaps(),
    regions: kernel.regions(),
    iomem: procIomem(records),
    files: ['/sys/kernel/mm/cma', '/sys/kernel/debug/cma'].map(sys),
  };
}

const log = (params: BootParams, of = given): readonly string[] => told(params, of).log ?? [];
const codes = (params: BootParams, of = given): string[] => {
  try {
    boot(of, params, new MemoryRecords());
    return [];
  } catch (error) {
    if (error instanceof InvalidInput) return error.diagnostics.map(({ code }) => code);
    throw error;
  }
};

const plain = board([]);
const wide = { memory: [range(0x4000_0000n, 6n * GiB)] };
const arm = { arch: 'arm', memory: [range(0x4000_0000n, 2n * GiB)] };

describe('an option changes the answer', () => {
  it.each<[string, BootParams['config'], BootParams]>([
    ['CMA_SIZE_MBYTES', { CONFIG_CMA_SIZE_MBYTES: 64 }, {}],
    ['CMA_SIZE_SEL_PERCENTAGE', { CONFIG_CMA_SIZE_SEL_PERCENTAGE: 'y' }, {}],
    ['DMA_CMA', { CONFIG_DMA_CMA: 'n' }, {}],
    ['ARM64_16K_PAGES', { CONFIG_ARM64_16K_PAGES: 'y' }, {}],
    ['ARM64_64K_PAGES', { CONFIG_ARM64_64K_PAGES: 'y' }, { memory: [range(0x4000_0000n, 4n * GiB)] }],
    ['ARM64_VA_BITS', { CONFIG_ARM64_VA_BITS: 39 }, { cmdline: 'cma=0' }],
    ['RODATA_FULL', { CONFIG_RODATA_FULL_DEFAULT_ENABLED: 'n' }, { kernel: '6.12', cmdline: 'cma=62M' }],
    ['huge pages', { CONFIG_HUGETLBFS: 'n', CONFIG_TRANSPARENT_HUGEPAGE: 'n' }, { cmdline: 'cma=5M' }],
    ['PAGE_BLOCK_MAX_ORDER', { CONFIG_PAGE_BLOCK_MAX_ORDER: 8 }, { cmdline: 'cma=5M' }],
    ['ARCH_FORCE_MAX_ORDER', { CONFIG_ARCH_FORCE_MAX_ORDER: 8 }, { cmdline: 'cma=5M' }],
    ['ZONE_DMA', { CONFIG_ZONE_DMA: 'n' }, {}],
    ['ZONE_DMA32', { CONFIG_ZONE_DMA32: 'n' }, {}],
    ['a heap absent', { CONFIG_DMABUF_HEAPS_SYSTEM: 'n' }, {}],
    ['a heap as a module', { CONFIG_DMABUF_HEAPS_CMA: 'm' }, {}],
    ['CMA_LEGACY', { CONFIG_DMABUF_HEAPS_CMA_LEGACY: 'n' }, { kernel: '6.18' }],
    ['CMA_SYSFS', { CONFIG_CMA_SYSFS: 'n' }, {}],
    ['CMA_DEBUGFS', { CONFIG_CMA_DEBUGFS: 'n' }, {}],
    ['HIGHMEM', { CONFIG_HIGHMEM: 'n' }, arm],
  ])('%s', (_, config, params) => {
    const view = (more: BootParams) => {
      const one = told({ ...params, ...more }, plain);
      const records = new MemoryRecords();
      boot(plain, { ...params, ...more }, records);
      return { ...one, free: new Kernel(records, NO_MEMORY).heaps().map(({ free }) => free) };
    };
    expect(view({ ...(config && { config }) })).not.toEqual(view({}));
  });

  it('CMA_AREAS: a dynamic region comes first, and takes the only slot', () => {
    const { regions } = told({ config: { CONFIG_CMA_AREAS: 1 } });
    expect(regions?.map(({ name, why }) => [name, why])).toEqual([
      ['video@50000000', 'cma-no-slot'],
      ['linux,cma', undefined],
    ]);
  });

  it('RODATA_FULL and VA_BITS decide how many page tables are taken', () => {
    const free = (params: BootParams) => {
      const records = new MemoryRecords();
      boot(plain, { kernel: '6.12', ...params }, records);
      return new Kernel(records, NO_MEMORY).heaps().find(({ name }) => name === 'system')?.free;
    };
    const pages = free({}) ?? 0n;
    expect(free({ config: { CONFIG_RODATA_FULL_DEFAULT_ENABLED: 'n' } })).toBeGreaterThan(pages);
    expect(free({ cmdline: 'rodata=on' })).toBe(
      free({ config: { CONFIG_RODATA_FULL_DEFAULT_ENABLED: 'n' } }),
    );
    const fewer = free({ config: { CONFIG_ARM64_VA_BITS: 39 } }) ?? 0n;
    expect(fewer - pages).toBe(2n * 4n * KiB);
  });

  it('the size of the area is MiB, a percentage, or the smaller or larger of both', () => {
    const size = (config: BootParams['config'], ram = GiB) => {
      const params = { memory: [range(0x4000_0000n, ram)], ...(config && { config }) };
      return log(params, plain).find((line) => line.startsWith('cma: Reserved'));
    };
    const both = { CONFIG_CMA_SIZE_MBYTES: 100, CONFIG_CMA_SIZE_PERCENTAGE: 25 };
    expect(size(both)).toContain('Reserved 100 MiB');
    expect(size({ ...both, CONFIG_CMA_SIZE_SEL_PERCENTAGE: 'y' })).toContain('Reserved 256 MiB');
    expect(size({ ...both, CONFIG_CMA_SIZE_SEL_MIN: 'y' })).toContain('Reserved 100 MiB');
    expect(size({ ...both, CONFIG_CMA_SIZE_SEL_MAX: 'y' })).toContain('Reserved 256 MiB');
    expect(size({ ...both, CONFIG_CMA_SIZE_SEL_MIN: 'y' }, 256n * MiB)).toContain('Reserved 64 MiB');
    // A part of all RAM, no-map too, in whole pages: 10% unless the option says.
    expect(size({ CONFIG_CMA_SIZE_SEL_PERCENTAGE: true })).toContain('Reserved 102 MiB');
  });
});

// Report 20.
describe('a kernel without CONFIG_DMA_CMA', () => {
  const params = { config: { CONFIG_DMA_CMA: 'n' }, cmdline: 'cma=64M' } as const;

  it('has no handler for reusable regions, which up to 6.18 then fail', () => {
    expect(log({ ...params, kernel: '6.12' })).toEqual(
      expect.arrayContaining([
        'OF: reserved mem: node linux,cma compatible matching fail',
        'OF: reserved mem: node video@50000000 compatible matching fail',
      ]),
    );
    expect(log({ ...params, kernel: '6.1' }).join('\n')).toMatch('node linux,cma compatible matching fail');
    // Since 7.2 they are plain reserved memory.
    expect(log(params).join('\n')).not.toMatch('matching fail');
    expect(log(params).join('\n')).toMatch(/map reusable video@50000000/);
  });

  it('makes no area of cma= or the configuration, has no CMA heap, and says so', () => {
    for (const kernel of ['5.10', '6.12', '7.3']) {
      const { kernel: booted, outcome } = bootBoard(given, { ...params, kernel });
      expect(booted.heaps().map(({ name }) => name)).toEqual(['system']);
      expect(booted.info().banner).toMatch(/CMA none, .* but CONFIG_DMA_CMA$/);
      expect(booted.regions().map(({ why }) => why)).toEqual(['cma-not-configured', 'cma-not-configured']);
      expect(outcome.warnings.map(({ code }) => code)).toContain('cmdline-cma-unread');
    }
  });
});

// Report 20: what a Raspberry Pi 5 has.
test('16 KiB pages make the pageblock 32 MiB', () => {
  const profile = (config: BootParams['config']) =>
    askedProfile(given, { ...(config && { config }) }).profile;
  const pi = profile({ CONFIG_ARM64_16K_PAGES: 'y' });
  expect(pi && pageblockBytes(pi)).toBe(32n * MiB);
  const found = bootBoard(board([cma('pool@50000000', 0x5000_0000n, 8n * MiB)]), {
    config: { CONFIG_ARM64_16K_PAGES: 'y' },
  });
  expect(found.kernel.regions()[0]).toMatchObject({ name: 'pool@50000000', why: 'cma-misaligned' });
});

describe('an option that the kernel does not have is refused by name', () => {
  it.each<[string, string, BootParams]>([
    ['CONFIG_SWIOTLB', 'n', {}],
    ['CONFIG_SWIOTLB', 'y', arm],
    ['CONFIG_PAGE_BLOCK_MAX_ORDER', '9', { kernel: '6.12' }],
    ['CONFIG_RODATA_FULL_DEFAULT_ENABLED', 'n', { kernel: '6.18' }],
    ['CONFIG_CMA_DEBUG', 'y', { kernel: '6.12' }],
    ['CONFIG_DMABUF_HEAPS_CMA_LEGACY', 'n', { kernel: '6.12' }],
    ['CONFIG_DMABUF_HEAPS_CMA', 'm', { kernel: '6.18' }],
    ['CONFIG_DMABUF_HEAPS_COHERENT', 'y', { kernel: '6.12' }],
    ['CONFIG_ARM64_VA_BITS', '52', { kernel: '6.6' }],
    ['CONFIG_ARM64_VA_BITS', '47', {}],
    ['CONFIG_ARM64_VA_BITS', '48', arm],
    ['CONFIG_ARM64_16K_PAGES', 'y', arm],
    ['CONFIG_TRANSPARENT_HUGEPAGE', 'y', arm],
    ['CONFIG_HIGHMEM', 'y', {}],
    ['CONFIG_FORCE_MAX_ZONEORDER', '12', {}],
    ['CONFIG_ARCH_FORCE_MAX_ORDER', '12', { kernel: '5.10' }],
    ['CONFIG_ARCH_FORCE_MAX_ORDER', '15', { config: { CONFIG_ARM64_16K_PAGES: 'y' } }],
  ])('%s=%s', (key, value, params) => {
    const config = { ...params.config, [key]: value };
    expect(codes({ ...params, config }, plain)).toEqual(['config-not-there']);
  });

  it('LPAE, other splits of memory and the other byte order are not modelled', () => {
    expect(codes({ ...arm, config: { CONFIG_ARM_LPAE: 'y' } }, plain)).toEqual(['config-not-modelled']);
    expect(codes({ ...arm, config: { CONFIG_VMSPLIT_2G: 'y' } }, plain)).toEqual(['config-not-modelled']);
    expect(codes({ config: { CONFIG_CPU_BIG_ENDIAN: 'y' } }, plain)).toEqual(['config-not-modelled']);
  });
});

test('the largest order counts orders up to Linux 6.1, and is the order itself later', () => {
  const block = (kernel: string, key: string, value: number) => {
    const config = { [key]: value, CONFIG_HUGETLBFS: 'n', CONFIG_TRANSPARENT_HUGEPAGE: 'n' };
    const { profile } = askedProfile(plain, { kernel, config });
    return profile && pageblockBytes(profile);
  };
  expect(block('5.10', 'CONFIG_FORCE_MAX_ZONEORDER', 12)).toBe(8n * MiB);
  expect(block('6.1', 'CONFIG_ARCH_FORCE_MAX_ORDER', 12)).toBe(8n * MiB);
  expect(block('6.6', 'CONFIG_ARCH_FORCE_MAX_ORDER', 12)).toBe(16n * MiB);
});

describe('what no recording stands behind is unverified, by one rule', () => {
  it.each<[string, BootParams, boolean]>([
    ['the default', {}, false],
    ['a recorded release', { kernel: '6.12' }, false],
    ['a release from its source', { kernel: '5.15' }, true],
    ['a recorded release on another architecture', { kernel: '6.12', ...arm }, true],
    ['the newest on that', arm, false],
    [
      'a recorded release with other pages',
      { kernel: '6.12', config: { CONFIG_ARM64_64K_PAGES: 'y' } },
      true,
    ],
    ['pages that were recorded', { config: { CONFIG_ARM64_16K_PAGES: 'y' } }, false],
    ['another size', { config: { CONFIG_CMA_SIZE_MBYTES: 100, CONFIG_CMA_AREAS: 7 } }, false],
    ['no DMA zone', { config: { CONFIG_ZONE_DMA: 'n' } }, true],
    ['another order', { config: { CONFIG_ARCH_FORCE_MAX_ORDER: 12 } }, true],
    ['an option that is not modelled', { config: { CONFIG_NUMA: 'y' } }, true],
    ['the same, off', { config: { CONFIG_NUMA: 'n' } }, false],
  ])('%s', (_, params, unverified) => {
    const { profile } = askedProfile(plain, params);
    const { kernel } = bootBoard(plain, params);
    expect(speaksUnverified(kernel.info().banner)).toBe(unverified);
    const found = kernelWarnings(plain, params).filter(({ code }) => code.endsWith('-unverified'));
    expect(found.length > 0).toBe(unverified);
    expect(profile && doubtsOf(profile).length).toBe(found.length);
  });

  it('names the options', () => {
    const params = { config: { CONFIG_NUMA: 'y', CONFIG_CMA_ALIGNMENT: 4, CONFIG_CMA: 'n' } };
    expect(kernelWarnings(plain, params).map(({ message }) => message.split('=')[0])).toEqual([
      'CONFIG_DMA_CMA',
      'CONFIG_CMA_ALIGNMENT',
      'CONFIG_NUMA',
      'CONFIG_CMA',
    ]);
  });
});

describe('a preset', () => {
  it.each(PRESETS)('$name boots where its values stand', ({ name, source }) => {
    const { kernel } = bootBoard(board([]), { preset: name, kernel: '6.12' });
    expect(kernel.info().banner).toContain(`preset ${name}`);
    expect(source).not.toBe('');
  });

  it('has what its release has', () => {
    const config = (preset: string, kernel: string) => askedProfile(plain, { preset, kernel }).profile;
    expect(config('debian', '6.1')?.config).toMatchObject({ CONFIG_CMA_AREAS: 19, CONFIG_ARM64_VA_BITS: 48 });
    expect(config('debian', '6.12')?.config).toMatchObject({
      CONFIG_CMA_AREAS: 20,
      CONFIG_CMA_SIZE_MBYTES: 64,
    });
    expect(config('debian', '7.3')?.config).toMatchObject({ CONFIG_CMA_SIZE_MBYTES: 128 });
    expect(config('defconfig', '6.12')?.modules).toEqual([]);
    expect(config('defconfig', '7.3')?.modules).toEqual(['system_heap', 'cma_heap']);
  });

  it('lies below single options, and is of its architecture', () => {
    const params = { preset: 'debian', kernel: '6.12', config: { CONFIG_DMABUF_HEAPS_SYSTEM: 'y' } } as const;
    expect(
      bootBoard(plain, params)
        .kernel.heaps()
        .map(({ name }) => name),
    ).toEqual(['system']);
    expect(codes({ preset: 'debian', ...arm }, plain)).toEqual(['preset-architecture']);
    expect(codes({ preset: 'nobody' }, plain)).toEqual(['preset-unknown']);
  });
});

describe('a configuration from a file', () => {
  const file = (text: string) => readConfigFile(text, 'a.config').file;
  const head = '# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 6.12.0 Kernel Configuration\n';

  it('is of a kernel: others are warned of, and another architecture is refused', () => {
    const configFile = file(`${head}CONFIG_DMA_CMA=y\n`);
    const warned = (kernel: string) => kernelWarnings(plain, { kernel, configFile }).map(({ code }) => code);
    expect(warned('6.12')).not.toContain('config-release');
    expect(warned('6.6')).toContain('config-release');
    expect(codes({ configFile, ...arm }, plain)).toEqual(['config-architecture']);
    expect(codes({ configFile, preset: 'debian' }, plain)).toEqual(['config-preset']);
  });

  it('is answered as unverified where its architecture has an option otherwise here', () => {
    const text =
      '# Automatically generated file\nCONFIG_ARM=y\nCONFIG_DMA_CMA=y\nCONFIG_ZONE_DMA=y\nCONFIG_HIGHMEM=y\n';
    const found = kernelWarnings(plain, { ...arm, configFile: file(text) });
    expect(found.map(({ message }) => message).join()).toMatch(/^CONFIG_ZONE_DMA=y: /);
    const lpae = file(`${text}CONFIG_ARM_LPAE=y\n`);
    expect(codes({ ...arm, configFile: lpae }, plain)).toEqual(['config-not-modelled']);
  });

  it('that is only a part leaves the rest as it is, and says so', () => {
    const configFile = file('CONFIG_CMA_SIZE_MBYTES=16\n');
    const { kernel } = bootBoard(plain, { configFile });
    expect(kernel.heaps().map(({ name }) => name)).toContain('system');
    expect(kernelWarnings(plain, { configFile }).map(({ code }) => code)).toEqual(['config-part']);
  });
});

test('a board without a tree has its configuration too', () => {
  const params = { arch: 'x86_64', ...wide, config: { CONFIG_CMA_SIZE_MBYTES: 16 } };
  const records = new MemoryRecords();
  boot(boardWithoutTree('pc'), params, records);
  expect(new Kernel(records, NO_MEMORY).info().banner).toContain('CMA 16 MiB (x86_64 defconfig plus');
});
