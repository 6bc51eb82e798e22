import { describe, expect, it } from 'vitest';
import { looksLikeDotConfig, parseDotConfig } from '../../src/profile/dot-config.ts';
import { PRESETS } from '../../src/profile/presets.ts';
import { profileOf } from '../../src/profile/profile.ts';

const text = (...lines: readonly string[]) => `#\n# Automatically generated file\n#\n${lines.join('\n')}\n`;

describe('a .config', () => {
  it('gives the options that change answers, the page size and the modules', () => {
    const read = parseDotConfig(
      text(
        'CONFIG_ARM64_16K_PAGES=y',
        'CONFIG_DMA_CMA=y',
        'CONFIG_CMA_SIZE_MBYTES=64',
        'CONFIG_CMA_AREAS=7',
        'CONFIG_DMABUF_HEAPS_SYSTEM=y',
        'CONFIG_DMABUF_HEAPS_CMA=m',
        '# CONFIG_TRANSPARENT_HUGEPAGE is not set',
        'CONFIG_LOCALVERSION="-v8"',
      ),
    );
    expect(read).toMatchObject({ pageKiB: 16, modules: ['cma_heap'], problems: [] });
    expect(read.options).toMatchObject({
      CONFIG_CMA_SIZE_MBYTES: 64,
      CONFIG_CMA_AREAS: 7,
      CONFIG_DMABUF_HEAPS_SYSTEM: true,
      CONFIG_DMABUF_HEAPS_CMA: true,
      CONFIG_DMABUF_HEAPS_COHERENT: false,
      CONFIG_TRANSPARENT_HUGEPAGE: false,
      CONFIG_HUGETLBFS: false,
    });
  });

  it('has no area of its own without DMA_CMA, and the later of two lines counts', () => {
    expect(parseDotConfig(text('CONFIG_CMA_SIZE_MBYTES=64')).options.CONFIG_CMA_SIZE_MBYTES).toBe(0);
    const twice = text('CONFIG_DMA_CMA=y', 'CONFIG_CMA_SIZE_MBYTES=64', 'CONFIG_CMA_SIZE_MBYTES=8');
    expect(parseDotConfig(twice).options.CONFIG_CMA_SIZE_MBYTES).toBe(8);
  });

  it('tells a value that cannot be read with its line', () => {
    expect(parseDotConfig('CONFIG_DMA_CMA=y\nCONFIG_CMA_AREAS=many\n').problems).toEqual([
      { line: 2, key: 'CONFIG_CMA_AREAS', value: 'many' },
    ]);
  });

  it('is known by its lines', () => {
    expect(looksLikeDotConfig('# CONFIG_CMA is not set\n')).toBe(true);
    expect(looksLikeDotConfig('model: x\n')).toBe(false);
  });
});

it.each(PRESETS)('the preset $name has options that there are', ({ options, pageKiB }) => {
  expect(profileOf('v3', options, pageKiB).problems).toEqual([]);
});
