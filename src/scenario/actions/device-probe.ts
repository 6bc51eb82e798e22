import * as z from 'zod';
import { dmaBitMask } from '../../kernel/device-table.ts';
import {
  type ProbeWishes,
  parseDriverName,
  probeDevice,
  releaseDevice,
} from '../../program/device-memory.ts';
import { parseMask } from '../../program/device-words.ts';
import type { Action, ValueOf } from '../action.ts';
import { deviceOrWord } from '../device-named.ts';
import { isPlainText } from '../export/words.ts';
import { callerAt } from '../moment.ts';
import type { Path } from '../problem.ts';
import { text, textOr, whole } from '../value-forms.ts';

const schema = () =>
  textOr(
    z.strictObject(
      {
        name: text,
        driver: text.optional(),
        mask: whole.optional(),
        index: whole.optional(),
        // By its name in memory-region-names; none: no region is bound.
        region: text.optional(),
      },
      { error: '{ name, driver, mask, index, region }' },
    ),
    'a device, or { name, driver, mask, index, region }',
  );

/** The word for a driver that binds no region. */
const NONE = 'none';

type Words = Exclude<ValueOf<typeof schema>, string>;

function wishesOf(region: string | undefined, index: number | undefined): ProbeWishes['region'] {
  if (region === NONE) return 'none';
  if (region !== undefined) return { name: region };
  return { index: index ?? 0 };
}

export const deviceProbe: Action<typeof schema> = {
  text: "A device's driver takes it and binds its memory-region: { name: isp, mask: 40 }",
  schema,
  compile: (value, values, path) => {
    const words: Words = typeof value === 'string' ? { name: value } : value;
    const inside = (key: string): Path => (typeof value === 'string' ? path : [...path, key]);
    const name = values.text(words.name, inside('name'));
    const driver =
      words.driver === undefined
        ? undefined
        : values.read(words.driver, inside('driver'), parseDriverName, 'the name of a driver: hantro-vpu');
    const mask =
      words.mask === undefined
        ? undefined
        : values.read(words.mask, inside('mask'), parseMask, 'bits, 1 to 64');
    const index = words.index === undefined ? undefined : values.whole(words.index, inside('index'));
    const region = words.region === undefined ? undefined : values.text(words.region, inside('region'));
    if (index !== undefined && region !== undefined) {
      values.problem(
        inside('region'),
        'scenario-device',
        'index and region each say which region is bound',
        'give one of them',
      );
    }
    return (at) => {
      const device = deviceOrWord(at.machine.kernel, name(at), path);
      return probeDevice(callerAt(at), device, {
        ...(driver && { driver: driver(at) }),
        ...(mask && { mask: mask(at) }),
        region: wishesOf(region?.(at), index?.(at)),
      });
    };
  },
  export: {
    calls: {
      driver_bind: ({ call: { device, driver } }) =>
        isPlainText(device) && (driver === undefined || isPlainText(driver))
          ? {
              action: {
                'device-probe': { name: device, ...(driver !== undefined && { driver }), region: NONE },
              },
            }
          : undefined,
      dma_set_mask: ({ call: { device, mask, unchecked } }) => {
        const bits = mask.toString(2).length;
        if (!isPlainText(device) || unchecked === true || mask !== dmaBitMask(bits)) return undefined;
        return { action: { 'device-probe': { name: device, mask: bits, region: NONE } } };
      },
      of_reserved_mem_device_init: ({ call }) => {
        if (!isPlainText(call.device)) return undefined;
        if ('index' in call) {
          if (call.index < 0) return undefined;
          const { device, index } = call;
          return { action: { 'device-probe': index === 0 ? device : { name: device, index } } };
        }
        const { name: region } = call;
        if (!isPlainText(region) || region === NONE) return undefined;
        return { action: { 'device-probe': { name: call.device, region } } };
      },
    },
  },
};

export const deviceRelease: Action<() => typeof text> = {
  text: 'Its driver lets its regions go: of_reserved_mem_device_release().',
  schema: () => text,
  compile: (value, values, path) => {
    const name = values.text(value, path);
    return (at) => releaseDevice(callerAt(at), deviceOrWord(at.machine.kernel, name(at), path));
  },
  export: {
    calls: {
      of_reserved_mem_device_release: ({ call: { device } }) =>
        isPlainText(device) ? { action: { 'device-release': device } } : undefined,
    },
  },
};
