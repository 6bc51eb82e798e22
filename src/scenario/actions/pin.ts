import { parseRange } from '../../units.ts';
import type { Action } from '../action.ts';
import { spanWord } from '../export/words.ts';
import { syscall } from '../moment.ts';
import { text } from '../value-forms.ts';

const EXPECTED_RANGE = '@ADDRESS:SIZE, such as "@0x60400000:64K"';

export const pin: Action<() => typeof text> = {
  text: 'Pages of a CMA area are busy from now on: "@0x60000000:1M"',
  schema: () => text,
  compile: (value, values, path) => {
    const range = values.read(value, path, parseRange, EXPECTED_RANGE);
    return (at) => syscall(at, { call: 'pin', range: range(at) });
  },
  export: {
    withoutTask: true,
    calls: { pin: ({ call }) => ({ action: { pin: `@${spanWord(call.range)}` } }) },
  },
};

export const unpin: Action<() => typeof text> = {
  text: 'They are not any longer.',
  schema: () => text,
  compile: (value, values, path) => {
    const range = values.read(value, path, parseRange, EXPECTED_RANGE);
    return (at) => syscall(at, { call: 'unpin', range: range(at) });
  },
  export: {
    withoutTask: true,
    calls: { unpin: ({ call }) => ({ action: { unpin: `@${spanWord(call.range)}` } }) },
  },
};
