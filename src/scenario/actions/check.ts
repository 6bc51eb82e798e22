import type { Action } from '../action.ts';
import { compileEnd } from '../end-expectation.ts';
import { endExpectSchema } from '../expect-form.ts';
import { DONE } from '../outcome.ts';

export const check: Action<() => typeof endExpectSchema> = {
  text: 'What must hold at this moment; as `expect` at the end.',
  schema: () => endExpectSchema,
  compile: () => () => DONE,
  holds: (value, values, path) => {
    const end = compileEnd(value, values, path);
    if (value.panic !== undefined) {
      values.problem(
        [...path, 'panic'],
        'scenario-panic',
        'a boot that dies has no steps',
        'panic stands under expect, at the end of the file',
        true,
      );
    }
    return end;
  },
};
