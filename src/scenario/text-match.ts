/** Texts that are expected: a text, or `/a regular expression/`. */
import type { Getter, Machine, Matching } from './moment.ts';
import { MAX_MATCHING, type Pattern, readPattern } from './pattern.ts';
import { BadValue, type Path } from './problem.ts';
import type { TextMatch } from './value-forms.ts';
import type { Values } from './values.ts';

export interface TextTest {
  /** As it was written. */
  readonly text: string;
  /** The whole text is it; a line break at the end does not matter. */
  is(whole: string): boolean;
  /** The first line from `from` on that has it, -1 when none does. */
  findIn(lines: readonly string[], from?: number): number;
}

const MESSAGE_LENGTH = 60;
const cut = (text: string): string =>
  text.length > MESSAGE_LENGTH ? `${text.slice(0, MESSAGE_LENGTH)}…` : text;

const literal = (text: string): TextTest => ({
  text,
  is: (whole) => whole === text || whole === `${text}\n`,
  findIn: (lines, from = 0) => lines.findIndex((line, i) => i >= from && line.includes(text)),
});

/** A text as one of both, to be given what the step has left. @throws BadValue for an expression that is none */
function parseTextTest(text: string, path: Path): (matching: Matching) => TextTest {
  const [, source, flags = ''] = /^\/(.*)\/([a-z]*)$/s.exec(text) ?? [];
  if (source === undefined) {
    const test = literal(text);
    return () => test;
  }
  const pattern = readPattern(source, flags);
  if ('problem' in pattern) {
    const { problem, hint } = pattern;
    const message = `'${path.findLast((step) => typeof step === 'string') ?? 'text'}': ${cut(text)} is no expression that can be used: ${problem}`;
    throw new BadValue({ code: 'scenario-regex', message, path, ...(hint !== undefined && { hint }) });
  }
  return (matching) => {
    const test = (one: string) => tried(pattern, one, matching, path);
    return {
      text,
      is: test,
      findIn: (lines, from = 0) => lines.findIndex((line, i) => i >= from && test(line)),
    };
  };
}

function tried(pattern: Pattern, text: string, matching: Matching, path: Path): boolean {
  matching.spent += pattern.cost * (text.length + 1);
  if (matching.spent <= MAX_MATCHING) return pattern.test(text);
  throw new BadValue({
    code: 'scenario-regex-costs',
    message: `the expressions of this step have too much to look through: ${text.length} characters with ${pattern.cost} instructions are the last of it`,
    path,
    hint: `characters times instructions are ${MAX_MATCHING} at most in a step: read less, or expect a sha256`,
  });
}

/** A test of a text, read once. */
export function textTest(value: TextMatch, values: Values, path: Path): Getter<TextTest> {
  try {
    const test = values.read(value, path, (text) => parseTextTest(text, path), 'text');
    return (at) => {
      // What a boot died of is looked at without a machine.
      const { machine }: { readonly machine: Machine | undefined } = at;
      return test(at)(machine?.matching ?? { spent: 0 });
    };
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    values.problems.push(error.problem);
    return () => {
      throw error;
    };
  }
}

/** One or several; `none` and an empty list are no test. */
export function textTests(
  value: TextMatch | readonly TextMatch[],
  values: Values,
  path: Path,
): readonly Getter<TextTest>[] {
  if (typeof value !== 'string') return value.map((one, i) => textTest(one, values, [...path, i]));
  return value === 'none' ? [] : [textTest(value, values, path)];
}
