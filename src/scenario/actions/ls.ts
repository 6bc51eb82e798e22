import { credentialsOf, entriesOf } from '../../kernel/path-lookup.ts';
import { mayAccess } from '../../kernel/virtual-files/index.ts';
import type { Action } from '../action.ts';
import type { Moment } from '../moment.ts';
import { failed, type Outcome } from '../outcome.ts';
import { text } from '../value-forms.ts';

function listNames({ machine: { kernel }, task }: Moment, path: string): Outcome {
  const found = kernel.lookup(path, task);
  if ('errno' in found) return failed(found.errno);
  const { node } = found;
  if (node.kind !== 'directory') return { ret: 0, names: [path] };
  if (!mayAccess(node, credentialsOf(kernel, task), { read: true })) return failed('EACCES');
  return { ret: 0, names: entriesOf(node).map(({ name }) => name) };
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
