import * as z from 'zod';
import type { Control, Steps } from '../action.ts';
import { whole } from '../value-forms.ts';

const schema = (steps: Steps) =>
  z.array(z.strictObject({ weight: whole.optional(), do: steps }, { error: '{ weight, do: [steps] }' }), {
    error: 'a list of { do: [steps] }',
  });

export const choose: Control<typeof schema> = {
  text: 'One of several lists of steps, by the seed.',
  schema,
  inside: (value) => value.flatMap((branch) => branch.do),
  compile: (value, { values, path, task, compile }) => {
    const branches = value.map(({ weight = 1, do: steps }, i) => ({
      weight: values.whole(weight, [...path, i, 'weight']),
      body: compile(steps, [...path, i, 'do']),
    }));
    return { kind: 'choose', branches, task };
  },
};
