import * as z from 'zod';
import { mapBuffer } from '../../program/map-buffer.ts';
import { MAP_PRIVATE, MAP_SHARED, PROTECTIONS } from '../../uapi/fcntl.ts';
import { parseOffset } from '../../units.ts';
import type { Action } from '../action.ts';
import { isWhole } from '../export/exporter.ts';
import { sizeWord } from '../export/words.ts';
import { callerAt } from '../moment.ts';
import { flag, ref, refOr, type Size, signed, size } from '../value-forms.ts';

const schema = () =>
  refOr(
    z.strictObject({
      fd: ref,
      length: size.optional(),
      offset: z.union([size, signed]).optional(),
      prot: z.enum(['rw', 'r', 'w', 'none'], { error: 'rw, r, w or none' }).optional(),
      private: flag.optional(),
    }),
    'a descriptor, or { fd, length, offset, prot }',
  );

const PROTECTION_WORDS = ['rw', 'r', 'w', 'none'] as const;

const offsetWord = (offset: bigint): Size => (offset < 0n ? String(offset) : sizeWord(offset));

export const mmap: Action<typeof schema> = {
  text: 'mmap(2), shared and for reading and writing unless said: { fd: a, prot: r }',
  schema,
  makes: 'mapping',
  compile: (value, values, path) => {
    const given = typeof value === 'object' ? value : { fd: value };
    const fd = values.ref(given.fd, typeof value === 'object' ? [...path, 'fd'] : path, 'descriptor');
    const length = values.optionalSize(given.length, [...path, 'length']);
    const offset =
      given.offset === undefined
        ? undefined
        : values.read(given.offset, [...path, 'offset'], parseOffset, 'an offset: 4K, 0x1000, -4096');
    const prot = PROTECTIONS[given.prot ?? 'rw'];
    return (at) =>
      mapBuffer(callerAt(at), {
        fd: fd(at),
        prot,
        private: given.private === true,
        ...(offset && { offset: offset(at) }),
        ...(length && { length: length(at) }),
      });
  },
  export: {
    calls: {
      mmap: ({ task, result: { ret }, call }, { names }) => {
        const prot = PROTECTION_WORDS.find((word) => PROTECTIONS[word] === call.prot);
        const isPrivate = call.flags === MAP_PRIVATE;
        if (
          call.at !== undefined ||
          !isWhole(call.fd) ||
          prot === undefined ||
          (!isPrivate && call.flags !== MAP_SHARED)
        )
          return undefined;
        const action = {
          mmap: {
            fd: names.descriptor(task, call.fd),
            length: sizeWord(call.length),
            ...(call.offset !== 0n && { offset: offsetWord(call.offset) }),
            ...(prot !== 'rw' && { prot }),
            ...(isPrivate && { private: true }),
          },
        };
        if (ret < 0) return { action };
        const as = names.fresh('m', true);
        names.bindMapping(task, ret, as);
        return { action, as, expect: { ret } };
      },
    },
  },
};
