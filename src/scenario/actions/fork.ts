import type { Action } from '../action.ts';
import { syscall } from '../moment.ts';
import { taskName } from '../task-name.ts';
import { text } from '../value-forms.ts';

export const fork: Action<() => typeof text> = {
  text: 'fork(2): a child with copies of descriptors and mappings.',
  schema: () => text,
  compile: (value, values, path) => {
    const child = taskName(value, values, path);
    return (at) => syscall(at, { call: 'fork', child: child(at) });
  },
  export: {
    calls: {
      fork: ({ task, result: { ret }, call: { child } }, { names }) => {
        if (ret >= 0) names.fork(task, child);
        return { action: { fork: child }, ...(ret >= 0 && { expect: { ret } }) };
      },
    },
  },
};
