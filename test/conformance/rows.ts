/** How the answers agree for each kernel and architecture: the rows of README's table. */
import type { CaseResult, Tally } from './conformance.ts';
import { GRADES } from './fact.ts';

/** A kernel, an architecture and a page size, and what its cases came to. */
export interface Row {
  /** `6.12 | arm64`; with `, 16 KiB pages` where these are not 4 KiB. */
  readonly of: string;
  readonly cases: number;
  readonly exact: Tally;
  readonly structural: Tally;
  readonly knownGaps: number;
}

type Replayed = Extract<CaseResult, { kind: 'replayed' }>;

/** The release of `6.12.118`. */
const releaseOf = (linux: string): string => linux.split('.').slice(0, 2).join('.');

const rowName = ({ on: { linux, arch, page_size } }: Replayed): string =>
  `${releaseOf(linux)} | ${arch}${page_size === 4096 ? '' : `, ${page_size / 1024} KiB pages`}`;

/** What rows are sorted by: release, architecture, page size. */
function orderOf({ of }: Row): readonly [major: number, minor: number, arch: string, pages: number] {
  const [, major = '', minor = '', arch = '', pages = '4'] =
    /^(\d+)\.(\d+) \| (\w+)(?:, (\d+) KiB)?/.exec(of) ?? [];
  return [Number(major), Number(minor), arch, Number(pages)];
}

function inOrder(a: Row, b: Row): number {
  const [one, other] = [orderOf(a), orderOf(b)];
  return one[0] - other[0] || one[1] - other[1] || one[2].localeCompare(other[2]) || one[3] - other[3];
}

/** The rows of the cases that were replayed. */
export function rowsOf(results: readonly CaseResult[]): readonly Row[] {
  const groups = new Map<string, Replayed[]>();
  for (const result of results) {
    if (result.kind !== 'replayed') continue;
    const name = rowName(result);
    groups.set(name, [...(groups.get(name) ?? []), result]);
  }
  return [...groups]
    .map(([of, cases]): Row => {
      const [exact, structural] = GRADES.map((grade) => ({
        agreed: cases.reduce((sum, { grades }) => sum + grades[grade].agreed, 0),
        total: cases.reduce((sum, { grades }) => sum + grades[grade].total, 0),
      })) as [Tally, Tally];
      const knownGaps = cases.reduce(
        (sum, { differences }) => sum + differences.filter(({ gap }) => gap !== undefined).length,
        0,
      );
      return { of, cases: cases.length, exact, structural, knownGaps };
    })
    .sort(inOrder);
}

const HEAD = ['kernel', 'architecture', 'cases', 'exact', 'agree', 'structural', 'agree', 'known gaps'];

/** The table as Markdown, as README has it. */
export function rowsTable(rows: readonly Row[]): string {
  const cells = rows.map(({ of, cases, exact, structural, knownGaps }) => [
    ...of.split(' | '),
    ...[cases, exact.total, exact.agreed, structural.total, structural.agreed, knownGaps].map(String),
  ]);
  const widths = HEAD.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(HEAD), line(rule), ...cells.map(line)].join('\n');
}
