import { describe, expect, it } from 'vitest';
import { layersOf } from '../../src/profile/config-layers.ts';
import { looksLikeDotConfig, readConfigFile } from '../../src/profile/dot-config.ts';
import { NEWEST } from '../../src/profile/kernels.ts';
import { PRESETS } from '../../src/profile/presets.ts';
import { profileOf } from '../../src/profile/profile.ts';

const text = (...lines: readonly string[]) => `#\n# Automatically generated file\n#\n${lines.join('\n')}\n`;

/** The profile of a kernel that was built so. */
const built = (config: string) =>
  profileOf(
    'off',
    {},
    4,
    NEWEST,
    'arm64',
    layersOf({ configFile: readConfigFile(config, '.config').file }, NEWEST),
  ).profile;

describe('a .config', () => {
  it('gives the options that change answers, the page size and the modules', () => {
    const { config, geometry, modules } = built(
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
    expect([geometry.pageSize, modules]).toEqual([16384, ['cma_heap']]);
    expect(config).toMatchObject({
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
    expect(built(text('CONFIG_CMA_SIZE_MBYTES=64')).config.CONFIG_DMA_CMA).toBe(false);
    const twice = text('CONFIG_DMA_CMA=y', 'CONFIG_CMA_SIZE_MBYTES=64', 'CONFIG_CMA_SIZE_MBYTES=8');
    expect(built(twice).config.CONFIG_CMA_SIZE_MBYTES).toBe(8);
  });

  it('tells a value that cannot be read with its line', () => {
    expect(readConfigFile('CONFIG_DMA_CMA=y\nCONFIG_CMA_AREAS=many\n', '.config').problems).toEqual([
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
