import * as z from 'zod';
import type { Control, Steps } from '../action.ts';
import { whole } from '../value-forms.ts';

const schema = (steps: Steps) =>
  z.strictObject({ times: whole, do: steps }, { error: '{ times, do: [steps] }' });

export const repeat: Control<typeof schema> = {
  text: 'Steps over and over; the variable i counts from 0.',
  schema,
  inside: (value) => value.do,
  compile: ({ times, do: steps }, { values, path, task, compile }) => {
    const count = values.whole(times, [...path, 'times']);
    const body = values.within('i', '0', () => compile(steps, [...path, 'do']));
    const constant = typeof times === 'string' ? undefined : Number(times);
    return { kind: 'repeat', times: count, constant, body, task };
  },
};
