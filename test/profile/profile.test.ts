import { describe, expect, it } from 'vitest';
import { configKeys } from '../../src/profile/config.ts';
import {
  banner,
  hasCoherentHeaps,
  isRecorded,
  pageblockBytes,
  profileOf,
  speaksUnverified,
} from '../../src/profile/profile.ts';
import { MiB } from '../../src/units.ts';

describe('profileOf', () => {
  it('is Linux 7.3 with the options of arm64 defconfig plus the heaps built in', () => {
    const { profile, problems } = profileOf();
    expect(problems).toEqual([]);
    expect(banner(profile, { size: 32n * MiB, from: 'config' })).toBe(
      'Linux 7.3.4, coherent heap series v3 (not mainline), CMA 32 MiB (arm64 defconfig plus the heaps built in)',
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
      'Linux 7.3.4, no coherent heaps, CMA 16 MiB (arm64 defconfig plus the heaps built in but CONFIG_CMA_SIZE_MBYTES, CONFIG_TRANSPARENT_HUGEPAGE, CONFIG_HUGETLBFS)',
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

  it("takes an architecture's own defconfig, less what it does not have", () => {
    const arm = profileOf(
      'v3',
      { CONFIG_TRANSPARENT_HUGEPAGE: true, CONFIG_ZONE_DMA: true },
      4,
      '7.3',
      'arm',
    );
    expect(arm.problems).toMatchObject([
      { key: 'CONFIG_TRANSPARENT_HUGEPAGE', problem: 'not-there', why: 'on arm it is always n here' },
      { key: 'CONFIG_ZONE_DMA', problem: 'not-there' },
    ]);
    expect(pageblockBytes(arm.profile)).toBe(4n * MiB);
    expect(arm.profile.config).toMatchObject({ CONFIG_CMA_SIZE_MBYTES: 64, CONFIG_ZONE_DMA: false });
    expect(arm.profile.configName).toBe('arm defconfig plus the heaps built in');
    const lpae = profileOf('v3', { CONFIG_ARM_LPAE: true }, 4, '7.3', 'arm');
    expect(lpae.problems).toMatchObject([{ problem: 'not-modelled', expected: 'n' }]);
    expect(() => profileOf('v3', {}, 4, '7.3', 'vax')).toThrow('no architecture vax');
    expect(() => profileOf('v3', {}, 16, '7.3', 'arm')).toThrow('no arm with pages of 16 KiB');
  });

  it('prints addresses as wide as the architecture has them', () => {
    const line = (arch: string) =>
      profileOf('v3', {}, 4, '7.3', arch).profile.linux.log.cmaReserved(MiB, { base: 0x7fn, size: MiB })[1];
    expect(line('arm')).toBe('cma: Reserved 1 MiB at 0x0000007f');
    expect(line('riscv64')).toBe('cma: Reserved 1 MiB at 0x000000000000007f');
  });

  it('says what no recording stands behind', () => {
    const recorded = (release: string, arch: string, pageKiB: 4 | 16 | 64 = 4) => {
      const { profile } = profileOf('off', {}, pageKiB, release, arch);
      expect(speaksUnverified(banner(profile, undefined))).toBe(!isRecorded(profile));
      return isRecorded(profile);
    };
    expect(['arm', 'arm64', 'riscv64', 'x86_64'].map((arch) => recorded('7.3', arch))).not.toContain(false);
    expect(recorded('7.3', 'arm64', 64)).toBe(true);
    expect(recorded('6.12', 'arm64')).toBe(true);
    expect(recorded('6.12', 'arm64', 64)).toBe(false);
    expect(recorded('6.12.107', 'riscv64')).toBe(false);
    expect(recorded('5.10', 'x86_64')).toBe(false);
  });

  it('lists its options', () => {
    expect(configKeys()).toContain('CONFIG_CMA_ALIGNMENT');
  });
});
