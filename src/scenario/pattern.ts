/**
 * Regular expressions of scenarios. A scenario may come from anybody, and one line of it must not keep a machine busy
 * for years, as `(a+)+$` does with JavaScript's own: these are RE2's, whose time grows with the length of the text.
 * What a step may match in all is bounded by counts and not by a clock, so that the same file does the same everywhere.
 */
import { RE2JS } from 're2js';

/** Characters of an expression. */
export const MAX_PATTERN = 4096;
/** Instructions that it becomes: `a{1000}` are 1000. */
const MAX_INSTRUCTIONS = 20_000;
/** What is kept ready; each may take some MiB. */
const MAX_READY = 16;

/** Characters times instructions that the expressions of one step may take: seconds at the very worst. */
export const MAX_MATCHING = 2 ** 29;

export interface Pattern {
  /** Instructions: what a character of the text costs at most. */
  readonly cost: number;
  test(text: string): boolean;
}

/** Why a text is no expression here. */
export interface PatternProblem {
  readonly problem: string;
  readonly hint?: string;
}

const FLAGS: ReadonlyMap<string, number> = new Map([
  ['i', RE2JS.CASE_INSENSITIVE],
  ['m', RE2JS.MULTILINE],
  ['s', RE2JS.DOTALL],
  // Which say how JavaScript goes about it, and change nothing here.
  ...['d', 'g', 'u', 'v', 'y'].map((flag) => [flag, 0] as const),
]);

const HINT =
  'expressions are those of RE2: no backreferences (\\1), no lookahead or lookbehind ((?=…), (?<=…))';

/** The expressions that were used last, compiled. */
const ready = new Map<string, RE2JS>();

function compiled(source: string, flags: number): RE2JS {
  const key = `${flags}/${source}`;
  const found = ready.get(key) ?? RE2JS.compile(RE2JS.translateRegExp(source), flags);
  ready.delete(key);
  ready.set(key, found);
  if (ready.size > MAX_READY) for (const oldest of [...ready.keys()].slice(0, 1)) ready.delete(oldest);
  return found;
}

/** @param letters the flags, as JavaScript writes them */
export function readPattern(source: string, letters: string): Pattern | PatternProblem {
  if (source.length > MAX_PATTERN) {
    return { problem: `it has ${source.length} characters, more than ${MAX_PATTERN}` };
  }
  let flags = 0;
  for (const letter of letters) {
    const flag = FLAGS.get(letter);
    if (flag === undefined)
      return { problem: `there is no flag ${letter}`, hint: 'the flags are i, m and s' };
    flags |= flag;
  }
  // Which RE2 reads as the letter k.
  if (/\\k</.test(source)) return { problem: 'it has a backreference', hint: HINT };
  let cost: number;
  try {
    cost = compiled(source, flags).programSize();
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
    return { problem: reason, hint: HINT };
  }
  if (cost > MAX_INSTRUCTIONS) {
    return {
      problem: `it is ${cost} instructions long, more than ${MAX_INSTRUCTIONS}`,
      hint: 'repeat less: {1,1000}',
    };
  }
  return { cost, test: (text) => compiled(source, flags).test(text) };
}
