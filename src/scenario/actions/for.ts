import * as z from 'zod';
import { closest } from '../../devicetree/closest.ts';
import type { Around, Control, Steps } from '../action.ts';
import { MAX_RANGE } from '../limits.ts';
import type { Moment } from '../moment.ts';
import type { Node } from '../program.ts';
import type { AnyStep } from '../step.ts';
import { text, wordOrNumber } from '../value-forms.ts';

/** One variable's name with its values or its range (`0..9`), and `do`. */
export interface Loop {
  readonly do: readonly AnyStep[];
  readonly [variable: string]: string | readonly (string | number | bigint)[] | readonly AnyStep[];
}

const schema = (steps: Steps): z.ZodType<Loop> =>
  z
    .object({ do: steps }, { error: '{ NAME: values, do: [steps] }' })
    .catchall(
      z.union([text, z.array(wordOrNumber)], { error: 'a list of values, or a range such as "0..9"' }),
    );

function compileFor(loop: Loop, { values, path, task, compile }: Around): Node {
  const variables = Object.keys(loop).filter((key) => key !== 'do');
  const [variable = 'i', second] = variables;
  if (variables.length !== 1) {
    const at = second === undefined ? path : [...path, second];
    const found = second === undefined ? 'there is none' : `there are ${variables.join(' and ')}`;
    const hint =
      second === undefined ? 'for: { size: [4K, 64K], do: [ … ] }' : 'put one for inside the other';
    values.problem(at, 'scenario-for', `for has one variable, and ${found}`, hint, second !== undefined);
  } else if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)) {
    const near = closest(variable, ['do']);
    values.problem(
      [...path, variable],
      'scenario-for',
      `'${variable}' is no name for a variable`,
      near === undefined ? 'a name has letters, digits and _' : 'did you mean do?',
      true,
    );
  }
  const { do: steps, ...given } = loop;
  const texts = valuesOf(Object.hasOwn(given, variable) ? given[variable] : undefined);
  if (texts === undefined) {
    values.problem(
      [...path, variable],
      'scenario-for',
      `expected a list of values, or a range such as "0..9" of at most ${MAX_RANGE}`,
    );
  }
  const { first = '', length = 0 } = texts ?? {};
  const list = texts?.list?.map((text, i) => values.text(text, [...path, variable, i]));
  const body = values.within(variable, first, () => compile(steps, [...path, 'do']));
  const valueAt = (at: Moment, i: number): string => list?.[i]?.(at) ?? String(Number(first) + i);
  return { kind: 'for', variable, length, valueAt, body, task };
}

/** What a variable becomes: a list, or a range whose numbers nobody needs to write down. */
export interface LoopValues {
  readonly first: string | undefined;
  readonly length: number;
  readonly list?: readonly string[];
}

function valuesOf(given: string | readonly unknown[] | undefined): LoopValues | undefined {
  if (given === undefined) return { first: undefined, length: 0, list: [] };
  if (typeof given !== 'string') {
    const list = given.map(String);
    return { first: list[0], length: list.length, list };
  }
  const [, from, to] = /^([0-9]{1,9})\.\.([0-9]{1,9})$/.exec(given) ?? [];
  if (from === undefined || to === undefined || Number(to) - Number(from) >= MAX_RANGE) return undefined;
  return { first: String(Number(from)), length: Math.max(0, Number(to) - Number(from) + 1) };
}

export const forEach: Control<typeof schema> = {
  text: 'Steps for each value of a variable: { size: [4K, 1M], do: [ … ] }',
  schema,
  inside: (value) => value.do,
  compile: compileFor,
};
