import * as z from 'zod';
import type { Action } from '../action.ts';
import { syscall } from '../moment.ts';
import { matching } from '../value-forms.ts';

const SECONDS = /^[0-9]+(\.[0-9]+)?$/;
/** What a step sleeps at most, in seconds. */
const MAX_SLEEP = 1e6;

const schema = () =>
  z.union([z.bigint().min(0n), z.number().min(0), matching(SECONDS, 'seconds')], {
    error: 'seconds, such as 6 or 0.5',
  });

const nanosecondsOf = (text: string): number | undefined =>
  SECONDS.test(text) && Number(text) <= MAX_SLEEP ? Math.round(Number(text) * 1e9) : undefined;

/** Seconds without an exponent. */
function secondsWord(nanoseconds: number): number | string {
  const seconds = nanoseconds / 1e9;
  return /e/.test(String(seconds)) ? seconds.toFixed(9) : seconds;
}

export const sleep: Action<typeof schema> = {
  text: 'Seconds of logical time.',
  schema,
  compile: (value, values, path) => {
    const time = values.read(String(value), path, nanosecondsOf, 'seconds, at most 1000000: 6, 0.5');
    return (at) => syscall(at, { call: 'sleep', nanoseconds: time(at) });
  },
  export: {
    withoutTask: true,
    calls: {
      sleep: ({ call: { nanoseconds } }) =>
        nanoseconds > MAX_SLEEP * 1e9 ? undefined : { action: { sleep: secondsWord(nanoseconds) } },
    },
  },
};
