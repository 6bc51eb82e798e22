/** What standard error says when standard output failed. */
import type { Ledger } from './ledger.ts';
import type { UnwritableOutput } from './streams.ts';

/** What is repeated at most: a screen. */
const MAX_LINES = 40;
const MAX_COLUMNS = 400;

/** A line that is a number alone, as `alloc` prints descriptors, or one of a JSON array of such. */
const NUMBER = /^( *)(\d{1,15}),?$/;

/** Neighbouring numbers as one line, so that a thousand descriptors are all told: `4 to 1003`. */
function joinNumbers(lines: readonly string[]): string[] {
  const joined: string[] = [];
  let first = 0;
  let last = Number.NaN;
  for (const line of lines) {
    const [, indent = '', digits = ''] = NUMBER.exec(line) ?? [];
    const number = digits === '' ? Number.NaN : Number(digits);
    if (number === last + 1) {
      joined[joined.length - 1] = `${indent}${first} to ${number}`;
    } else {
      joined.push(line);
      first = number;
    }
    last = number;
  }
  return joined;
}

/** An answer as far as a person wants to see it. */
export function shortened(answer: string): string[] {
  const lines = joinNumbers(answer.replace(/\n$/, '').split('\n'));
  const shown = lines
    .slice(0, MAX_LINES)
    .map((line) => (line.length > MAX_COLUMNS ? `${line.slice(0, MAX_COLUMNS)}…` : line));
  const left = lines.length - shown.length;
  return left === 0 ? shown : [...shown, `… and ${left} more ${left === 1 ? 'line' : 'lines'}`];
}

/** What is kept, and what would have been answered, line by line. */
export function unwritableNotes({ kept, answer = '' }: Ledger): string[] {
  if (!kept && answer === '') return ['Nothing was changed.'];
  const done = kept ? 'What the command did is done and kept' : 'Nothing was changed';
  // What only looks can be asked again.
  if (!kept || answer === '') return [`${done}.`];
  return [`${done}. Its answer:`, ...shortened(answer).map((line) => `  ${line}`)];
}

/** The text for standard error. @param tag `error:`, coloured or not */
export const unwritableText = (error: UnwritableOutput, ledger: Ledger, tag: string): string =>
  `${tag} ${error.message}\n${unwritableNotes(ledger)
    .map((line) => `  ${line}\n`)
    .join('')}`;
