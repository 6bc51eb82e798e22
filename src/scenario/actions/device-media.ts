import * as z from 'zod';
import { createDumb, parseDmaAttrs, requestBuffers } from '../../program/device-memory.ts';
import type { Action } from '../action.ts';
import { deviceOrWord } from '../device-named.ts';
import { isPlainText, sizeWord } from '../export/words.ts';
import { callerAt } from '../moment.ts';
import type { Path } from '../problem.ts';
import { flag, size, text, whole, words } from '../value-forms.ts';
import { ATTRS_FORM, attrsWord, MEMORY_NUMBERS, madeMemory, outcomeOf } from './device-alloc.ts';

const queueSchema = () =>
  z.strictObject(
    {
      name: text,
      count: whole,
      // Bytes of each plane.
      sizes: z.union([size, z.array(size)], { error: 'a size, or a list of them' }).optional(),
      min: whole.optional(),
      attrs: words(ATTRS_FORM).optional(),
      'non-coherent': flag.optional(),
    },
    { error: '{ name, count, sizes, min, attrs, non-coherent }' },
  );

export const deviceVb2: Action<typeof queueSchema> = {
  text: 'VIDIOC_REQBUFS of a driver with vb2-dma-contig: { name: camera, count: 4, sizes: [2M, 1M] }',
  schema: queueSchema,
  expects: ['dma'],
  compile: (value, values, path) => {
    const inside = (key: string): Path => [...path, key];
    const name = values.text(value.name, inside('name'));
    const count = values.whole(value.count, inside('count'));
    const list = value.sizes === undefined ? [] : Array.isArray(value.sizes) ? value.sizes : [value.sizes];
    const sizes = list.map((one, i) =>
      values.size(one, Array.isArray(value.sizes) ? [...path, 'sizes', i] : inside('sizes')),
    );
    const min = value.min === undefined ? undefined : values.whole(value.min, inside('min'));
    const attrs = values.read(value.attrs ?? 0, inside('attrs'), parseDmaAttrs, ATTRS_FORM);
    if (list.length > 8) values.problem(inside('sizes'), 'scenario-device', 'a buffer has at most 8 planes');
    return (at) => {
      const device = deviceOrWord(at.machine.kernel, name(at), path);
      const { buffers, ...outcome } = requestBuffers(callerAt(at), device, {
        count: count(at),
        sizes: sizes.map((one) => one(at)),
        attrs: attrs(at),
        nonCoherent: value['non-coherent'] ?? false,
        ...(min !== undefined && { min: min(at) }),
      });
      const first = buffers?.[0]?.[0]?.dma;
      return { ...outcome, ...(first !== undefined && { dma: first }) };
    };
  },
  export: {
    calls: {
      vb2_reqbufs: ({ result: { ret }, call }) => {
        const { device, count, sizes, min, attrs, nonCoherent } = call;
        if (!isPlainText(device) || count < 0 || (min ?? 0) < 0) return undefined;
        const asked = {
          name: device,
          count,
          ...(sizes.length > 0 && { sizes: sizes.map(sizeWord) }),
          ...(min !== undefined && { min }),
          ...(attrs !== 0 && { attrs: attrsWord(attrs) }),
          ...(nonCoherent && { 'non-coherent': true }),
        };
        return { action: { 'device-vb2': asked }, ...(ret >= 0 && { expect: { ret } }) };
      },
    },
  },
};

const dumbSchema = () =>
  z.strictObject(
    { name: text, width: whole, height: whole, bpp: whole },
    { error: '{ name, width, height, bpp }' },
  );

export const deviceDrm: Action<typeof dumbSchema> = {
  text: 'DRM_IOCTL_MODE_CREATE_DUMB of a driver with the GEM DMA helper: { name: display, width: 1920, height: 1080, bpp: 32 }',
  schema: dumbSchema,
  makes: 'memory',
  expects: ['dma', 'value'],
  numbers: [...MEMORY_NUMBERS, 'pitch', 'told'],
  compile: (value, values, path) => {
    const inside = (key: string): Path => [...path, key];
    const name = values.text(value.name, inside('name'));
    const [width, height, bpp] = (['width', 'height', 'bpp'] as const).map((key) =>
      values.whole(value[key], inside(key)),
    );
    return (at) => {
      const device = deviceOrWord(at.machine.kernel, name(at), path);
      const given = createDumb(callerAt(at), device, {
        width: width?.(at) ?? 0,
        height: height?.(at) ?? 0,
        bpp: bpp?.(at) ?? 0,
      });
      const outcome = outcomeOf(given);
      const { dumb } = given.memory ?? {};
      return dumb === undefined ? outcome : { ...outcome, value: { ...outcome.value, ...dumb } };
    };
  },
  export: {
    calls: {
      drm_create_dumb: ({ result: { ret }, call: { device, width, height, bpp } }, { names }) => {
        if (!isPlainText(device) || width < 0 || height < 0 || bpp < 0) return undefined;
        return {
          action: { 'device-drm': { name: device, width, height, bpp } },
          ...madeMemory(device, ret, names),
        };
      },
    },
  },
};
