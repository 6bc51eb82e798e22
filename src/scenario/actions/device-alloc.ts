import * as z from 'zod';
import {
  allocForDevice,
  dmaAttrNames,
  freeOfDevice,
  type Given,
  parseDmaAttrs,
  parseGfpWord,
} from '../../program/device-memory.ts';
import type { Action } from '../action.ts';
import { deviceOrWord } from '../device-named.ts';
import type { Said } from '../export/exporter.ts';
import { type Names, nameWord } from '../export/names.ts';
import { isPlainText, sizeWord } from '../export/words.ts';
import { callerAt } from '../moment.ts';
import type { Outcome } from '../outcome.ts';
import type { Path } from '../problem.ts';
import { flag, ref, size, text, words } from '../value-forms.ts';

export const ATTRS_FORM = 'DMA_ATTR_ words joined by |, or a number';
const GFP_FORM = 'GFP flags joined by |: GFP_ATOMIC, GFP_KERNEL|__GFP_NOWARN';

const schema = () =>
  z.strictObject(
    {
      name: text,
      size,
      gfp: text.optional(),
      attrs: words(ATTRS_FORM).optional(),
      // dma_alloc_pages() instead.
      pages: flag.optional(),
    },
    { error: '{ name, size, gfp, attrs, pages }' },
  );

/** What may be expected of memory that a device got. */
export const MEMORY_NUMBERS = ['phys', 'size', 'taken'] as const;

/** What a call gave, as an outcome: `as` names it. */
export function outcomeOf({ memory, ...outcome }: Given): Outcome {
  if (memory === undefined) return outcome;
  const { id, dma, phys, size: bytes, taken } = memory;
  const value = { size: bytes, taken, ...(phys !== undefined && { phys }) };
  return { ...outcome, made: id, dma, value };
}

/** A name for what a device got. */
export function madeMemory(device: string, ret: number, names: Names): Pick<Said, 'as'> {
  if (ret <= 0) return {};
  const as = names.fresh(nameWord(device.replace(/^[0-9a-f]+\./, '')) ?? 'memory', true);
  names.bindMemory(ret, as);
  return { as };
}

/** Attributes as a scenario writes them: by name where all have one. */
export function attrsWord(attrs: number): string | number {
  const names = dmaAttrNames(attrs);
  return parseDmaAttrs(names.join('|')) === attrs
    ? names.map((name) => name.replace('DMA_ATTR_', '')).join('|')
    : attrs;
}

export const deviceAlloc: Action<typeof schema> = {
  text: 'dma_alloc_coherent() of a driver: { name: isp, size: 8M }',
  schema,
  makes: 'memory',
  expects: ['dma', 'value'],
  numbers: MEMORY_NUMBERS,
  compile: (value, values, path) => {
    const inside = (key: string): Path => [...path, key];
    const name = values.text(value.name, inside('name'));
    const bytes = values.size(value.size, inside('size'));
    const gfp = values.read(value.gfp ?? 'GFP_KERNEL', inside('gfp'), parseGfpWord, GFP_FORM);
    const attrs = values.read(value.attrs ?? 0, inside('attrs'), parseDmaAttrs, ATTRS_FORM);
    const pages = value.pages ?? false;
    if (pages && value.attrs !== undefined) {
      values.problem(inside('attrs'), 'scenario-device', 'dma_alloc_pages() has no attributes');
    }
    return (at) => {
      const device = deviceOrWord(at.machine.kernel, name(at), path);
      const wishes = { size: bytes(at), gfp: gfp(at), attrs: attrs(at), pages };
      return outcomeOf(allocForDevice(callerAt(at), device, wishes));
    };
  },
  export: {
    calls: {
      dma_alloc_attrs: ({ result: { ret }, call: { device, size: bytes, gfp, attrs } }, { names }) => {
        if (!isPlainText(device)) return undefined;
        const asked = {
          name: device,
          size: sizeWord(bytes),
          ...(gfp !== 'GFP_KERNEL' && { gfp }),
          ...(attrs !== 0 && { attrs: attrsWord(attrs) }),
        };
        return { action: { 'device-alloc': asked }, ...madeMemory(device, ret, names) };
      },
      dma_alloc_pages: ({ result: { ret }, call: { device, size: bytes, gfp } }, { names }) => {
        if (!isPlainText(device)) return undefined;
        const asked = {
          name: device,
          size: sizeWord(bytes),
          ...(gfp !== 'GFP_KERNEL' && { gfp }),
          pages: true,
        };
        return { action: { 'device-alloc': asked }, ...madeMemory(device, ret, names) };
      },
    },
  },
};

export const deviceFree: Action<() => typeof ref> = {
  text: 'dma_free_attrs() of what a device got.',
  schema: () => ref,
  compile: (value, values, path) => {
    const id = values.ref(value, path, 'memory');
    return (at) => freeOfDevice(callerAt(at), id(at));
  },
  export: {
    calls: {
      dma_free: ({ call }, { names }) =>
        call.buffer < 0 ? undefined : { action: { 'device-free': names.memory(call.buffer) } },
    },
  },
};
