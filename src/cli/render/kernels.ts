/** The kernels that can be spoken for, and what differs between them. */
import { type Evidence, isUnverifiedChange, type KernelDifference } from '../../profile/kernel-change.ts';
import { isUnverified, type KernelRow } from '../../profile/kernels.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { PAGE, type Page } from '../terminal/list-table.ts';
import { renderTable, wrapWords } from '../terminal/table.ts';

const newest = ({ release, stable }: KernelRow): string => `${release}.${stable}`;

const standsBehind = ({ recorded, source }: KernelRow): string =>
  recorded === undefined
    ? `unverified: read from ${source}, no recording`
    : `recorded from ${recorded.from}, on ${recordedOn(recorded.on)}`;

/** Architectures, with page sizes where these are not 4 KiB alone. */
const recordedOn = (on: Readonly<Record<string, readonly number[]>>): string =>
  Object.entries(on)
    .map(([arch, pages]) => (pages.length === 1 ? arch : `${arch} (${pages.join(', ')} KiB pages)`))
    .join(', ');

const SERIES: Readonly<Record<string, string>> = {
  posted: 'as posted',
  backport: 'a backport that nobody has run',
};

function evidenceText(evidence: Evidence): string {
  if (typeof evidence === 'string') return evidence;
  return 'changelog' in evidence ? `changelog: ${evidence.changelog}` : `recording ${evidence.recording}`;
}

const KERNEL_COLUMNS = [
  { title: 'KERNEL' },
  { title: 'MEANS' },
  { title: 'WHAT STANDS BEHIND IT', wraps: true },
  { title: 'COHERENT SERIES (NOT IN MAINLINE)', wraps: true },
];

export function kernelsText(
  kernels: readonly KernelRow[],
  differences: readonly KernelDifference[],
  ink: Ink = NO_INK,
  { width }: Page = PAGE,
): string {
  const rows = kernels.map((row) => [
    row.release,
    newest(row),
    standsBehind(row),
    row.series === undefined ? '-' : (SERIES[row.series] ?? ''),
  ]);
  const told = differences.map((difference) => differenceText(difference, width, ink));
  return `${renderTable(KERNEL_COLUMNS, rows, ink.title, width)}\nwhat differs, since which release, and the evidence:\n\n${told.join('')}`;
}

/** What differs, who decides it, and a line for each release that changed it. */
function differenceText({ about, where, changes }: KernelDifference, width: number, ink: Ink): string {
  const since = Math.max(...changes.map((change) => change.since.length));
  const lines = changes.flatMap((change) => {
    const evidence = `${isUnverifiedChange(change) ? 'unverified: ' : ''}${evidenceText(change.evidence)}`;
    return wrapWords(`${change.says} (${evidence})`, width - since - 4).map(
      (line, i) => `  ${(i === 0 ? change.since : '').padEnd(since)}  ${line}`,
    );
  });
  const titles = wrapWords(`${about}: ${where}`, width - 2).map((line, i) => (i === 0 ? line : `  ${line}`));
  return [...titles.map(ink.title), ...lines].map((line) => `${line}\n`).join('');
}

const evidenceJson = (evidence: Evidence) =>
  typeof evidence === 'string'
    ? { kind: 'source' }
    : 'changelog' in evidence
      ? { kind: 'changelog', entry: evidence.changelog }
      : { kind: 'recording', case: evidence.recording, shows: evidence.shows };

/** dmaheap.kernels/1 */
export const kernelsJson = (kernels: readonly KernelRow[], differences: readonly KernelDifference[]) => ({
  schema: 'dmaheap.kernels/1',
  kernels: kernels.map((row) => ({
    release: row.release,
    means: newest(row),
    since: `${row.release}.${row.since ?? 0}`,
    recorded: row.recorded?.from ?? null,
    recorded_on: row.recorded?.on ?? {},
    source: row.source,
    coherent_series: row.series ?? null,
    unverified: isUnverified(row.release),
  })),
  differences: differences.map(({ about, where, changes }) => ({
    about,
    where,
    changes: changes.map((change) => ({
      since: change.since,
      is: change.says,
      evidence: evidenceJson(change.evidence),
      unverified: isUnverifiedChange(change),
    })),
  })),
});
