import * as z from 'zod';
import { type PhysRange, parseRange } from '../../units.ts';
import type { Action } from '../action.ts';
import { spanWord } from '../export/words.ts';
import { syscall } from '../moment.ts';
import { size, text } from '../value-forms.ts';

const EXPECTED_RANGE = 'ADDRESS:SIZE, such as "0x60400000:64K"';

const schema = () =>
  z.strictObject(
    {
      // A CMA area or a coherent pool: its name, or "@0x60000000".
      area: text,
      // What is free of it, ascending; all else is taken.
      free: z.array(text, { error: `a list of ${EXPECTED_RANGE}` }),
      // Where buffers begin that may lie elsewhere.
      guessed: z.array(size, { error: 'a list of addresses' }).optional(),
    },
    { error: '{ area, free, guessed }' },
  );

export const occupy: Action<typeof schema> = {
  text: "Pages of an area are others': all but what is free, as it was seen on a target.",
  schema,
  compile: (value, values, path) => {
    const area = values.text(value.area, [...path, 'area']);
    const free = value.free.map((one, i) =>
      values.read(one, [...path, 'free', i], parseRange, EXPECTED_RANGE),
    );
    const guessed = (value.guessed ?? []).map((one, i) => values.size(one, [...path, 'guessed', i]));
    return (at) =>
      syscall(at, {
        call: 'occupy',
        area: area(at),
        free: free.map((range) => range(at)),
        ...(guessed.length > 0 && { guessed: guessed.map((address) => address(at)) }),
      });
  },
  export: {
    withoutTask: true,
    calls: {
      occupy: ({ call: { area, free, guessed = [] } }) => ({
        action: {
          occupy: {
            area,
            free: free.map((range: PhysRange) => spanWord(range)),
            ...(guessed.length > 0 && { guessed: [...guessed] }),
          },
        },
      }),
    },
  },
};
