/** What two boots have not in common, as text for people and as JSON. */

import { escapeText } from '../../escape-text.ts';
import type { LogLine } from '../../printk.ts';
import { speaksUnverified } from '../../profile/profile.ts';
import type { BootDifference } from '../../program/boots/boot-differences.ts';
import type { Booted } from '../../program/boots/booted.ts';
import type { DiffHunk } from '../../program/boots/line-diff.ts';
import type { AnswerDifference } from '../../scenario/index.ts';
import { logJson } from '../json/json.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { bootDifferenceJson, bootLine } from './boot-difference.ts';
import { placeText } from './run-text.ts';

interface Side {
  /** What messages call its board. */
  readonly name: string;
  readonly booted: Booted;
}

export interface Compared {
  readonly before: Side;
  readonly after: Side;
  readonly differences: readonly BootDifference[];
  readonly log: readonly DiffHunk<LogLine>[];
  /** Whether a history was run on both. */
  readonly hasHistory: boolean;
  /** The first step of it that is answered otherwise. */
  readonly answer?: AnswerDifference;
}

const sideText = ({ name, booted }: Side): string =>
  `${escapeText(name)}: ${booted.banner === '' ? `the boot dies of ${escapeText(booted.panic ?? '')}` : escapeText(booted.banner)}`;

const lineText = ({ level, text }: LogLine): string => `<${level}>${escapeText(text)}`;

/** As `diff -u0` writes it: lines count from 1, and nothing lies behind line 0. */
function hunkText({ before, after, lines }: DiffHunk<LogLine>, ink: Ink): string {
  const count = (sign: '-' | '+') => lines.filter((line) => line.sign === sign).length;
  const range = (from: number, length: number) =>
    `${length === 0 ? from : from + 1}${length === 1 ? '' : `,${length}`}`;
  const head = `@@ -${range(before, count('-'))} +${range(after, count('+'))} @@`;
  const body = lines.map(({ sign, line }) => {
    const text = `${sign}${lineText(line)}`;
    return `  ${sign === '-' ? ink.bad(text) : ink.title(text)}\n`;
  });
  return `  ${ink.dim(head)}\n${body.join('')}`;
}

function answerText({ number, position, path, text, task, differences }: AnswerDifference): string {
  const where = position?.line === undefined ? path.join('.') : placeText('', position);
  const lines = differences.flatMap(({ what, before, after }) => [
    `    ${what}:`,
    ...before.split('\n').map((line) => `      - ${escapeText(line)}`),
    ...after.split('\n').map((line) => `      + ${escapeText(line)}`),
  ]);
  return `  step ${number} (${escapeText(where)}), task ${escapeText(task)}: ${escapeText(text)}\n${lines.join('\n')}\n`;
}

export function diffText(
  { before, after, differences, log, hasHistory, answer }: Compared,
  ink: Ink = NO_INK,
): string {
  const head = `--- ${sideText(before)}\n+++ ${sideText(after)}\n`;
  const section = (title: string, text: string) => (text === '' ? '' : `${ink.title(title)}:\n${text}`);
  const of = (...kinds: readonly BootDifference['what'][]) =>
    differences
      .filter(({ what }) => kinds.includes(what))
      .map((one) => `  ${escapeText(bootLine(one))}\n`)
      .join('');
  const parts = [
    of('boot', 'memory'),
    section('heaps', of('heap')),
    section('regions', of('region')),
    section('log', log.map((hunk) => hunkText(hunk, ink)).join('')),
    section('the first call that is answered otherwise', answer === undefined ? '' : answerText(answer)),
  ].join('');
  // What calls are answered, and what files hold, only a history shows.
  const seen = hasHistory ? '' : ' in heaps, regions and log; --run FILE compares answers too';
  const isSame = parts === '' ? `no difference${seen}\n` : '';
  const answers = hasHistory && answer === undefined ? 'every call is answered alike\n' : '';
  return `${head}${parts}${isSame}${answers}`;
}

const sideJson = ({ name, booted }: Side) => ({
  board: name,
  profile: booted.banner,
  ...(speaksUnverified(booted.banner) && { unverified: true }),
  panic: booted.panic ?? null,
});

const linesJson = ({ lines }: DiffHunk<LogLine>, sign: '-' | '+') =>
  lines.filter((line) => line.sign === sign).map(({ line }) => logJson(line));

/** dmaheap.diff/1 */
export const diffJson = (
  { before, after, differences, log, answer, hasHistory }: Compared,
  counts: boolean,
) => ({
  schema: 'dmaheap.diff/1',
  before: sideJson(before),
  after: sideJson(after),
  verdict: differences.length + log.length === 0 && answer === undefined ? 'same' : 'different',
  /** Whether differences that count (--fail-on) are among them. */
  failed: counts,
  differences: differences.map(bootDifferenceJson),
  log: log.map((hunk) => ({
    before: hunk.before,
    after: hunk.after,
    removed: linesJson(hunk, '-'),
    added: linesJson(hunk, '+'),
  })),
  history: hasHistory
    ? {
        first:
          answer === undefined
            ? null
            : {
                step: answer.number,
                position: answer.position ?? null,
                path: answer.path,
                task: answer.task,
                action: answer.action,
                text: answer.text,
                differences: answer.differences,
              },
      }
    : null,
});
