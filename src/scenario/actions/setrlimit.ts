import type { Action } from '../action.ts';
import { syscall } from '../moment.ts';
import { whole } from '../value-forms.ts';

export const setrlimit: Action<() => typeof whole> = {
  text: 'The RLIMIT_NOFILE of the task.',
  schema: () => whole,
  compile: (value, values, path) => {
    const soft = values.whole(value, path);
    return (at) => {
      const call = { call: 'setrlimit', resource: 'RLIMIT_NOFILE', soft: soft(at) } as const;
      return syscall(at, call);
    };
  },
  export: { calls: { setrlimit: ({ call }) => ({ action: { setrlimit: call.soft } }) } },
};
