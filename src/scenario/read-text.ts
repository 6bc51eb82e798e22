/** Files of /proc and /sys as text. */
import { readFile } from '../program/path-lookup.ts';
import type { Moment } from './moment.ts';
import type { Outcome } from './outcome.ts';

/** A file as a child of the task reads it, which makes no call of the task. */
export function readText({ machine: { kernel }, task }: Moment, path: string): Outcome {
  const got = readFile(kernel, path, task);
  if (!('bytes' in got)) return got;
  return { ret: 0, bytes: got.bytes, text: new TextDecoder().decode(got.bytes) };
}
