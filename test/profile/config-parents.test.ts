/** Options that depend on others, and what a configuration is called in which any option was changed. */
import { describe, expect, it } from 'vitest';
import { ARM64 } from '../../src/profile/arm64.ts';
import { type ConfigKey, configKeys } from '../../src/profile/config.ts';
import { type ConfigLayer, defaultName, layeredConfig } from '../../src/profile/config-layers.ts';
import { readConfigFile } from '../../src/profile/dot-config.ts';
import { givenKeys, OLD_NAMES } from '../../src/profile/given-option.ts';
import { linuxVersion } from '../../src/profile/kernels.ts';
import { NOTED } from '../../src/profile/noted-options.ts';
import type { AskedKernel } from '../../src/profile/option-rules.ts';
import { below, isMenu, PARENTS } from '../../src/profile/parent-options.ts';

const RELEASES = ['5.10', '6.6', '6.12', '6.18', '7.3'];
function askedFor(release: string): AskedKernel {
  const linux = linuxVersion(release);
  if (linux === undefined) throw new Error(`no ${release}`);
  return { linux, arch: ARM64, pageKiB: 4, coherent: release === '7.3' ? 'v3' : 'off' };
}

const single = (options: Readonly<Record<string, unknown>>): ConfigLayer => ({ name: '--config', options });
const file = (text: string): ConfigLayer => {
  const { name, options, whole } = readConfigFile(text, 'a.config').file;
  return { name, options, whole, isKernel: true };
};
const isOn = (config: object, key: ConfigKey): boolean => (config as Record<string, unknown>)[key] === true;

describe.each(Object.keys(PARENTS))('%s=n', (parent) => {
  it('leaves nothing of what depends on it, given alone or by a part of a configuration', () => {
    const asked = askedFor('7.3');
    for (const layer of [single({ [parent]: 'n' }), file(`# ${parent} is not set\n`)]) {
      const { config, problems, modules } = layeredConfig(asked, [layer]);
      expect(problems).toEqual([]);
      expect(below(parent).filter((key) => isOn(config, key))).toEqual([]);
      expect(modules).toEqual([]);
    }
  });

  it('beside one of its parts is a contradiction that is named, whatever comes first', () => {
    const asked = askedFor('7.3');
    const part = below(parent)[0] as ConfigKey;
    for (const options of [
      { [parent]: 'n', [part]: 'y' },
      { [part]: 'y', [parent]: 'n' },
    ]) {
      const { problems } = layeredConfig(asked, [single(options)]);
      const isGone = problems.some(({ why }) => why?.includes('gone') === true);
      if (isGone) continue;
      expect(problems.map(({ key, why }) => `${key} ${why}`)).toContain(
        `${part} it depends on ${parent}, which is n`,
      );
    }
  });
});

it('a menu alone builds nothing where none of its parts is on', () => {
  const none = file('# Automatically generated file\nCONFIG_ARM64=y\n');
  for (const menu of Object.keys(PARENTS).filter(isMenu)) {
    const { problems } = layeredConfig(askedFor('7.3'), [none, single({ [menu]: 'y' })]);
    expect(problems.map(({ key, why }) => `${key}: ${why}`)).toEqual([`${menu}: alone it builds nothing`]);
  }
});

it('a part of a later layer is on all the same', () => {
  const off = file('# CONFIG_DMABUF_HEAPS is not set\n');
  const { config, problems } = layeredConfig(askedFor('6.12'), [
    off,
    single({ CONFIG_DMABUF_HEAPS_SYSTEM: 'y' }),
  ]);
  expect(problems).toEqual([]);
  expect([config.CONFIG_DMABUF_HEAPS_SYSTEM, config.CONFIG_DMABUF_HEAPS_CMA]).toEqual([true, false]);
});

it('no option that is read takes nonsense, those that are only noted neither', () => {
  const asked = askedFor('7.3');
  const keys = [
    ...givenKeys(),
    ...Object.keys(OLD_NAMES),
    ...Object.keys(PARENTS),
    ...Object.keys(NOTED).filter((key) => NOTED[key]?.type !== 'text'),
    'CONFIG_ARM64_VA_BITS_39',
    'CONFIG_DMABUF_HEAPS_DSP',
  ];
  for (const key of new Set(keys)) {
    for (const value of ['maybe', 'Y', '', '1.5', 'yes', '-1', '64M']) {
      const { problems } = layeredConfig(asked, [single({ [key]: value })]);
      expect(problems.length, `${key}=${value}`).toBeGreaterThan(0);
    }
  }
});

it('a heap on a configuration without CMA is refused by name, not left out', () => {
  const off = file('# Automatically generated file\nCONFIG_ARM64=y\n# CONFIG_CMA is not set\n');
  const { problems } = layeredConfig(askedFor('6.12'), [off, single({ CONFIG_DMABUF_HEAPS_CMA: 'y' })]);
  expect(problems.map(({ key, why }) => `${key}: ${why}`)).toEqual([
    'CONFIG_DMABUF_HEAPS_CMA: it depends on CONFIG_DMA_CMA, which is n',
  ]);
});

describe.each(RELEASES)('under %s', (release) => {
  const asked = askedFor(release);
  const plain = layeredConfig(asked, []);
  const keys = [...configKeys(), ...Object.keys(NOTED), ...Object.keys(PARENTS)];

  it.each(['n', 'y', 'm', '1', '3', '12'])('every option that is changed to %s is in the name', (value) => {
    let changed = 0;
    for (const key of keys) {
      const { name, config, modules, noted, problems } = layeredConfig(asked, [single({ [key]: value })]);
      if (problems.length > 0) continue;
      const isSame =
        JSON.stringify([config, modules, noted]) ===
        JSON.stringify([plain.config, plain.modules, plain.noted]);
      if (isSame) expect(name).toBe(defaultName(ARM64));
      else expect(name, `${key}=${value}`).toContain(key);
      if (!isSame) changed++;
    }
    // Before 7.2 no option that is read changes anything as a module.
    if (value !== 'm' || release === '7.3') expect(changed).toBeGreaterThan(1);
  });
});

it('a part of a configuration is called with what it is a part of', () => {
  const { name } = layeredConfig(askedFor('6.12'), [file('CONFIG_CMA_SIZE_MBYTES=48\n')]);
  expect(name).toBe(`${defaultName(ARM64)} and a.config`);
  const whole = layeredConfig(askedFor('6.12'), [file('# Automatically generated file\nCONFIG_ARM64=y\n')]);
  expect(whole.name).toBe('a.config');
});

it('pages that a single option changes are in the name, over a whole configuration too', () => {
  const whole = file('# Automatically generated file\nCONFIG_ARM64=y\nCONFIG_ARM64_16K_PAGES=y\n');
  for (const [layers, pages] of [
    [[whole, single({ CONFIG_ARM64_4K_PAGES: 'y' })], 4],
    [[whole, single({ CONFIG_ARM64_64K_PAGES: 'y' })], 64],
    [[single({ CONFIG_ARM64_16K_PAGES: 'y' })], 16],
  ] as const) {
    const { name, pageKiB } = layeredConfig(askedFor('6.12'), layers);
    expect([pageKiB, name.endsWith(` but ${pages} KiB pages`)]).toEqual([pages, true]);
  }
  expect(layeredConfig(askedFor('6.12'), [whole]).name).toBe('a.config');
});
