import { listPath } from '../../program/path-lookup.ts';
import type { Action } from '../action.ts';
import type { Moment } from '../moment.ts';
import type { Outcome } from '../outcome.ts';
import { text } from '../value-forms.ts';

function listNames({ machine: { kernel }, task }: Moment, path: string): Outcome {
  const found = listPath(kernel, path, task);
  return 'errno' in found ? found : { ret: 0, names: found.entries.map(({ name }) => name) };
}

export const ls: Action<() => typeof text> = {
  text: 'The names in a directory of /proc, /sys or /dev.',
  schema: () => text,
  expects: ['names'],
  compile: (value, values, path) => {
    const file = values.text(value, path);
    return (at) => listNames(at, file(at));
  },
};
