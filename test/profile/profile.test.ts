import { describe, expect, it } from 'vitest';
import { configKeys } from '../../src/profile/config.ts';
import { banner, hasCoherentHeaps, pageblockBytes, profileOf } from '../../src/profile/profile.ts';
import { MiB } from '../../src/units.ts';

describe('profileOf', () => {
  it('is Linux 7.3 with the options of arm64 defconfig', () => {
    const { profile, problems } = profileOf();
    expect(problems).toEqual([]);
    expect(banner(profile, { size: 32n * MiB, from: 'config' })).toBe(
      'Linux 7.3.4, coherent heap series v3 (not mainline), CMA 32 MiB (arm64 defconfig)',
    );
    expect(pageblockBytes(profile)).toBe(2n * MiB);
    expect(hasCoherentHeaps(profile)).toBe(true);
  });

  it('takes options as .config writes them, and says which were changed', () => {
    const { profile } = profileOf('off', {
      CONFIG_CMA_SIZE_MBYTES: '0x10',
      CONFIG_TRANSPARENT_HUGEPAGE: 'n',
      CONFIG_HUGETLBFS: 'n',
      CONFIG_EFI: true,
    });
    expect(profile.config.CONFIG_CMA_SIZE_MBYTES).toBe(16);
    expect(pageblockBytes(profile)).toBe(4n * MiB);
    expect(hasCoherentHeaps(profile)).toBe(false);
    expect(banner(profile, { size: 16n * MiB, from: 'config' })).toBe(
      'Linux 7.3.4, no coherent heaps, CMA 16 MiB (arm64 defconfig but CONFIG_CMA_SIZE_MBYTES, CONFIG_TRANSPARENT_HUGEPAGE, CONFIG_HUGETLBFS)',
    );
  });

  it.each([
    [{ CONFIG_NOPE: 1 }, 'unknown'],
    [{ toString: 1 }, 'unknown'],
    [{ CONFIG_EFI: 'maybe' }, 'not-boolean'],
    [{ CONFIG_EFI: 1 }, 'not-boolean'],
    [{ CONFIG_CMA_AREAS: 'many' }, 'not-number'],
    [{ CONFIG_CMA_AREAS: 1.5 }, 'not-number'],
    [{ CONFIG_CMA_AREAS: 0 }, 'out-of-range'],
    [{ CONFIG_CMA_ALIGNMENT: 13 }, 'out-of-range'],
  ])('leaves %j out and says why', (overrides, problem) => {
    const result = profileOf('v3', overrides as Record<string, unknown>);
    expect(result.problems.map((p) => p.problem)).toEqual([problem]);
    expect(result.profile).toEqual(profileOf().profile);
  });

  it('lists its options', () => {
    expect(configKeys()).toContain('CONFIG_CMA_ALIGNMENT');
  });
});
