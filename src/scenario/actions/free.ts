import * as z from 'zod';
import type { Action } from '../action.ts';
import { isWhole } from '../export/exporter.ts';
import { type Moment, syscall } from '../moment.ts';
import { DONE } from '../outcome.ts';
import { ref } from '../value-forms.ts';

const schema = () => z.union([ref, z.array(ref)], { error: 'a descriptor, or a list of them' });

const close = (at: Moment, fd: number) => syscall(at, { call: 'close', fd });

export const free: Action<typeof schema> = {
  text: 'close(2) of one or several descriptors.',
  schema,
  compile: (value, values, path) => {
    if (typeof value !== 'object') {
      const fd = values.ref(value, path, 'descriptor');
      return (at) => close(at, fd(at));
    }
    const list = value.map((one, i) => values.ref(one, [...path, i], 'descriptor'));
    return (at) => {
      const results = list.map((fd) => close(at, fd(at)));
      return results.find(({ ret }) => ret < 0) ?? results.at(-1) ?? DONE;
    };
  },
  export: {
    calls: {
      close: ({ task, call: { fd } }, { names }) =>
        isWhole(fd) ? { action: { free: names.descriptor(task, fd) } } : undefined,
    },
  },
};
