import type { Action } from '../action.ts';
import { yes } from '../value-forms.ts';

export const exit: Action<() => typeof yes> = {
  text: 'The task ends; everything of it is closed.',
  schema: () => yes,
  compile: () => (at) => at.machine.kernel.syscall(at.task, { call: 'exit' }),
  export: {
    calls: {
      exit: ({ task }, { names }) => {
        names.endTask(task);
        return { action: { exit: true } };
      },
    },
  },
};
