/** Texts that are expected: a text, or `/a regular expression/`. */
import type { TextMatch } from './form.ts';
import type { Getter } from './moment.ts';
import type { Path } from './problem.ts';
import type { Values } from './values.ts';

export interface TextTest {
  /** As it was written. */
  readonly text: string;
  /** The whole text is it; a line break at the end does not matter. */
  is(whole: string): boolean;
  /** A line has it. */
  isIn(line: string): boolean;
}

function parseTextTest(text: string): TextTest | undefined {
  const [, source, flags = ''] = /^\/(.*)\/([a-z]*)$/s.exec(text) ?? [];
  if (source === undefined) {
    return {
      text,
      is: (whole) => whole === text || whole === `${text}\n`,
      isIn: (line) => line.includes(text),
    };
  }
  try {
    const pattern = new RegExp(source, flags.replace(/[gy]/g, ''));
    return { text, is: (whole) => pattern.test(whole), isIn: (line) => pattern.test(line) };
  } catch {
    return undefined;
  }
}

export const textTest = (value: TextMatch, values: Values, path: Path): Getter<TextTest> =>
  values.read(value, path, parseTextTest, 'text, or /a regular expression/ that JavaScript takes');

/** One or several; `none` and an empty list are no test. */
export function textTests(
  value: TextMatch | readonly TextMatch[],
  values: Values,
  path: Path,
): readonly Getter<TextTest>[] {
  if (typeof value !== 'string') return value.map((one, i) => textTest(one, values, [...path, i]));
  return value === 'none' ? [] : [textTest(value, values, path)];
}
