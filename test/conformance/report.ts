/** What the runner says: text for people, one JSON object for programs. */
import { shortenPair } from './compare.ts';
import type { CaseResult, Tally } from './conformance.ts';
import { GRADES } from './fact.ts';
import type { Json } from './oracle-case.ts';
import { rowsOf } from './rows.ts';

type Replayed = Extract<CaseResult, { kind: 'replayed' }>;

const SHOWN = 20;

/** One line for a case, and its differences under it. */
export function caseText(result: CaseResult, width: number): string {
  const name = result.id.padEnd(width);
  if (result.kind === 'not-modelled') return `--    ${name}  not modelled: ${result.what}`;
  const named = result.differences.filter((difference) => difference.gap !== undefined).length;
  const grades = GRADES.map((grade) => `${grade} ${fraction(result.grades[grade])}`).join('  ');
  const lines = [
    `${result.ok ? 'ok  ' : 'FAIL'}  ${name}  ${grades}${named > 0 ? `  known gaps ${named}` : ''}`,
  ];
  const open = result.differences.filter((difference) => difference.gap === undefined);
  for (const { path, grade, expected, got } of open.slice(0, SHOWN)) {
    const [want, have] = path === 'replay' ? [String(expected), String(got)] : shortenPair(expected, got);
    lines.push(`        ${path}${grade === 'structural' ? ' (structural)' : ''}`);
    lines.push(`          expected ${want}`, `          got      ${have}`);
  }
  if (open.length > SHOWN) lines.push(`        ... and ${open.length - SHOWN} more differences (see --json)`);
  for (const gap of result.unexpectedPasses) {
    lines.push(`        ${gap.fact} agrees, but the gap list names it: ${gap.reason}`);
  }
  return lines.join('\n');
}

const fraction = ({ agreed, total }: Tally): string => `${agreed}/${total}`;

export interface Totals {
  readonly cases: number;
  readonly ok: number;
  readonly failed: number;
  readonly grades: Readonly<Record<(typeof GRADES)[number], Tally>>;
  readonly knownGaps: number;
  readonly unexpectedPasses: number;
  /** Steps of ops that have no handler, steps behind them, and cases of other kernels: by name. */
  readonly notReplayed: Readonly<Record<string, number>>;
  readonly behind: Readonly<Record<string, number>>;
  readonly notModelled: Readonly<Record<string, number>>;
}

/** Adds up the results. */
export function totalsOf(results: readonly CaseResult[]): Totals {
  const replayed = results.filter((result): result is Replayed => result.kind === 'replayed');
  const sum = (grade: (typeof GRADES)[number]): Tally => ({
    agreed: replayed.reduce((total, result) => total + result.grades[grade].agreed, 0),
    total: replayed.reduce((total, result) => total + result.grades[grade].total, 0),
  });
  const addUp = (tables: readonly Readonly<Record<string, number>>[]): Record<string, number> => {
    const total: Record<string, number> = {};
    for (const table of tables) {
      for (const [key, count] of Object.entries(table)) total[key] = (total[key] ?? 0) + count;
    }
    return Object.fromEntries(Object.entries(total).sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  return {
    cases: results.length,
    ok: replayed.filter((result) => result.ok).length,
    failed: replayed.filter((result) => !result.ok).length,
    grades: { exact: sum('exact'), structural: sum('structural') },
    knownGaps: replayed.reduce(
      (total, result) =>
        total + result.differences.filter((difference) => difference.gap !== undefined).length,
      0,
    ),
    unexpectedPasses: replayed.reduce((total, result) => total + result.unexpectedPasses.length, 0),
    notReplayed: addUp(replayed.map((result) => result.notReplayed)),
    behind: addUp(replayed.map((result) => result.behind)),
    notModelled: addUp(results.map((result) => (result.kind === 'not-modelled' ? { [result.what]: 1 } : {}))),
  };
}

/** The last lines: totals for each grade, and what was not looked at. */
export function totalsText(totals: Totals): string {
  const counted = (table: Readonly<Record<string, number>>): string =>
    Object.entries(table)
      .map(([key, count]) => `${key} x${count}`)
      .join(', ');
  const lines = [
    `${totals.ok + totals.failed} cases replayed: ${totals.ok} agree, ${totals.failed} do not`,
    ...GRADES.map((grade) => `${grade.padEnd(10)}  ${fraction(totals.grades[grade])}`),
  ];
  if (totals.knownGaps > 0) lines.push(`known gaps: ${totals.knownGaps}`);
  if (totals.unexpectedPasses > 0) lines.push(`gaps that agree by now: ${totals.unexpectedPasses}`);
  for (const [title, table] of [
    ['not replayed yet', totals.notReplayed],
    ['not judged', totals.behind],
    ['not modelled', totals.notModelled],
  ] as const) {
    if (Object.keys(table).length > 0) lines.push(`${title}: ${counted(table)}`);
  }
  return lines.join('\n');
}

/** The whole run as one object, `dmaheap.conformance/1`. */
export function reportJson(results: readonly CaseResult[]): Json {
  const totals = totalsOf(results);
  return {
    schema: 'dmaheap.conformance/1',
    ok: totals.failed === 0,
    cases: results.map(
      (result): Json =>
        result.kind === 'not-modelled'
          ? { case: result.id, status: 'not-modelled', not_modelled: result.what }
          : {
              case: result.id,
              status: result.ok ? 'ok' : 'failed',
              exact: { ...result.grades.exact },
              structural: { ...result.grades.structural },
              differences: result.differences.map(({ path, grade, expected, got, gap }) => ({
                fact: path,
                grade,
                expected,
                got,
                ...(gap === undefined ? {} : { gap }),
              })),
              unexpected_passes: result.unexpectedPasses.map((gap) => ({ ...gap })),
              not_replayed: result.notReplayed,
              not_judged: result.behind,
            },
    ),
    kernels: rowsOf(results).map(
      (row): Json => ({
        of: row.of,
        cases: row.cases,
        exact: { ...row.exact },
        structural: { ...row.structural },
        known_gaps: row.knownGaps,
      }),
    ),
    totals: {
      replayed: totals.ok + totals.failed,
      ok: totals.ok,
      failed: totals.failed,
      exact: { ...totals.grades.exact },
      structural: { ...totals.grades.structural },
      known_gaps: totals.knownGaps,
      unexpected_passes: totals.unexpectedPasses,
      not_replayed: totals.notReplayed,
      not_judged: totals.behind,
      not_modelled: totals.notModelled,
    },
  };
}
