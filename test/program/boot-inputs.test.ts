/** Boot inputs in words: one reader each, and what udev makes of its rule. */
import { expect, test } from 'vitest';
import { bootParamsOf, configKey, parseMode, parseSeed, seeded } from '../../src/program/boot-inputs.ts';
import { parseGroup, parseId } from '../../src/program/group-names.ts';

test('words of a boot', () => {
  expect(['0660', '600', '0777'].map(parseMode)).toEqual([0o660, 0o600, 0o777]);
  for (const text of ['', '8', '0o660', '1777', '68']) expect(parseMode(text)).toBeUndefined();
  expect(parseSeed('4294967295')).toBe(0xffffffff);
  for (const text of ['4294967296', '-1', '', '1.5']) expect(parseSeed(text)).toBeUndefined();
  expect(configKey('CMA_SIZE_MBYTES')).toBe(configKey('CONFIG_CMA_SIZE_MBYTES'));
});

test('groups by number or by Debian’s fixed names', () => {
  expect(['video', '44', '4294967294'].map(parseGroup)).toEqual([44, 44, 0xfffffffe]);
  for (const text of ['render', 'constructor', '4294967295', '', '-1'])
    expect(parseGroup(text)).toBeUndefined();
  expect(parseId('video')).toBeUndefined();
});

test('a udev rule with a group and no mode gives 0660, as udev does', () => {
  expect(bootParamsOf({ group: 44 })).toEqual({ heapMode: 0o660, heapGid: 44 });
  expect(bootParamsOf({ group: 44, mode: 0o640 })).toEqual({ heapMode: 0o640, heapGid: 44 });
  expect(bootParamsOf({ group: 0 })).toEqual({ heapGid: 0 });
  expect(bootParamsOf({ cmdline: 'cma=8M', evict: 0 })).toEqual({ cmdline: 'cma=8M', evict: 0 });
  expect(bootParamsOf({})).toEqual({});
});

test('chance begins with the seed at hand unless its rule names one', () => {
  const rule = { does: 'leak', task: 'camera' } as const;
  expect(seeded({ ...rule, chance: 0.1 }, 7)).toEqual({ ...rule, chance: 0.1, seed: 7 });
  expect(seeded({ ...rule, chance: 0.1, seed: 0 }, 7)).toEqual({ ...rule, chance: 0.1, seed: 0 });
  expect(seeded(rule, 7)).toEqual(rule);
});
