import type { Action } from '../action.ts';
import { syscall } from '../moment.ts';
import { yes } from '../value-forms.ts';

export const exit: Action<() => typeof yes> = {
  text: 'The task ends; everything of it is closed.',
  schema: () => yes,
  compile: () => (at) => syscall(at, { call: 'exit' }),
  export: {
    calls: {
      exit: ({ task }, { names }) => {
        names.endTask(task);
        return { action: { exit: true } };
      },
    },
  },
};
