import * as z from 'zod';
import { ageInPieces, MAX_AGE_STEPS, parseAgeSizes, parseAgeSteps } from '../../program/age.ts';
import type { Action } from '../action.ts';
import { callerAt } from '../moment.ts';
import type { Path } from '../problem.ts';
import { flag, text, whole, wordOrNumber } from '../value-forms.ts';

const schema = () =>
  z.strictObject(
    {
      // A heap's name.
      area: text,
      // Each with its weight after a colon: `4K,64K:3`.
      sizes: z.union([text, z.array(wordOrNumber)], { error: 'a list of sizes' }).optional(),
      // Steps that a buffer lives on average.
      lifetime: whole.optional(),
      steps: whole.optional(),
      seed: whole.optional(),
      // Whether what lives at the end stays; true unless given.
      keep: flag.optional(),
    },
    { error: '{ area, sizes, lifetime, steps, seed }' },
  );

export const age: Action<typeof schema> = {
  text: 'Fragments an area as hours of use do.',
  schema,
  task: 'age',
  expects: ['value'],
  numbers: ['allocated', 'freed', 'failed', 'alive', 'alive_bytes', 'free', 'largest', 'largest_aligned'],
  compile: (value, values, path) => {
    const inside = (key: string): Path => [...path, key];
    const heap = values.text(value.area, inside('area'));
    const mix = typeof value.sizes === 'object' ? value.sizes.join(',') : value.sizes;
    const sizes =
      mix === undefined
        ? undefined
        : values.read(
            mix,
            inside('sizes'),
            parseAgeSizes,
            'sizes with their weights, 1000 at most: 4K,64K:3',
          );
    const count = (key: 'lifetime' | 'steps') => {
      const given = value[key];
      return given === undefined
        ? undefined
        : values.read(given, inside(key), parseAgeSteps, `a whole number, 1 to ${MAX_AGE_STEPS}`);
    };
    const [lifetime, steps] = [count('lifetime'), count('steps')];
    const seed = values.whole(value.seed ?? values.seed, inside('seed'));
    return function* (at) {
      const { report, ...outcome } = yield* ageInPieces(callerAt(at), {
        heap: heap(at),
        seed: seed(at),
        keep: value.keep ?? true,
        ...(sizes && { sizes: sizes(at) }),
        ...(lifetime && { lifetime: lifetime(at) }),
        ...(steps && { steps: steps(at) }),
      });
      if (report === undefined) return outcome;
      const { allocated, freed, alive, aliveBytes, largestRun, largestAligned, failed } = report;
      return {
        ...outcome,
        value: {
          allocated,
          freed,
          failed: Object.values(failed).reduce((sum, count) => sum + count, 0),
          alive,
          alive_bytes: aliveBytes,
          free: report.heap.free,
          largest: largestRun,
          largest_aligned: largestAligned,
        },
      };
    };
  },
};
