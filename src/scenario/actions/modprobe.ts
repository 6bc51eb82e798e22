import type { Action } from '../action.ts';
import { isPlainText } from '../export/words.ts';
import { syscall } from '../moment.ts';
import { text } from '../value-forms.ts';

export const modprobe: Action<() => typeof text> = {
  text: 'Loads the module of a heap: cma_heap.',
  schema: () => text,
  compile: (value, values, path) => {
    const module = values.text(value, path);
    return (at) => syscall(at, { call: 'modprobe', module: module(at) });
  },
  export: {
    withoutTask: true,
    calls: {
      modprobe: ({ call: { module } }) =>
        isPlainText(module) ? { action: { modprobe: module } } : undefined,
    },
  },
};
