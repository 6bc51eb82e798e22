import type { Action } from '../action.ts';
import { syscall } from '../moment.ts';
import { yes } from '../value-forms.ts';

export const exec: Action<() => typeof yes> = {
  text: 'execve(2): close-on-exec descriptors are closed, mappings go.',
  schema: () => yes,
  compile: () => (at) => syscall(at, { call: 'execve' }),
  export: { calls: { execve: () => ({ action: { exec: true } }) } },
};
