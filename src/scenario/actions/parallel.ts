import * as z from 'zod';
import type { Control, Steps } from '../action.ts';
import { MAX_BRANCHES } from '../limits.ts';
import { taskName } from '../task-name.ts';
import { text } from '../value-forms.ts';

const schema = (steps: Steps) =>
  z.array(z.strictObject({ task: text, do: steps }, { error: '{ task, do: [steps] }' }), {
    error: 'a list of { task, do: [steps] }',
  });

export const parallel: Control<typeof schema> = {
  text: 'Tasks whose steps take turns.',
  schema,
  inside: (value) => value.flatMap((branch) => branch.do),
  compile: (value, { step, values, path, compile }) => {
    if (step.task !== undefined) {
      values.problem(
        [...path.slice(0, -1), 'task'],
        'scenario-key',
        'each branch of parallel names its own task',
        undefined,
        true,
      );
    }
    if (value.length > MAX_BRANCHES) {
      const message = `${value.length} tasks that take turns are more than ${MAX_BRANCHES}`;
      values.problem(path, 'scenario-too-many', message);
    }
    const branches = value.map(({ task, do: steps }, i) => ({
      task: taskName(task, values, [...path, i, 'task']),
      body: compile(steps, [...path, i, 'do']),
    }));
    return { kind: 'parallel', branches, seeded: step.order === 'seeded', task: undefined };
  },
};
