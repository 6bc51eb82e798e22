/** What many boards boot to: one table, and JSON. */

import { whyNoHeap } from '../../check/explain-region.ts';
import { escapeText } from '../../escape-text.ts';
import type { BoardSummary } from '../../program/boots/board-summary.ts';
import { formatHex, formatSize } from '../../units.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { PAGE, type Page } from '../terminal/list-table.ts';
import { renderTable } from '../terminal/table.ts';

type Heap = BoardSummary['heaps'][number];

/** The areas or pools behind heaps: a default area has two names. */
function behind(heaps: readonly Heap[], backend: Heap['backend']): string {
  const areas = new Map(
    heaps.filter((heap) => heap.backend === backend).map((heap) => [heap.base, heap.size]),
  );
  if (areas.size === 0) return '-';
  const size = [...areas.values()].reduce((sum, one) => sum + one, 0n);
  return `${areas.size}: ${formatSize(size)}`;
}

const OUTCOMES: Readonly<Record<BoardSummary['outcome'], string>> = {
  boots: 'boots',
  panics: 'panics',
  'no-memory': 'no memory',
  invalid: 'no board',
  bug: 'a bug in dmaheap',
};

/** The regions with something odd, by what it is. */
function findingsText({ findings, message }: BoardSummary): string {
  if (message !== undefined) return message;
  const counts = new Map<string, number>();
  for (const { why } of findings) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].map(([why, count]) => (count === 1 ? why : `${count} × ${why}`)).join(', ');
}

/** The architecture that a board says it has; the others are of the one above the table. */
const archText = ({ arch, unverified }: BoardSummary): string =>
  `${arch ?? '-'}${unverified ? ' (unverified)' : ''}`;

/** How many there are of each outcome, in a sentence. */
export function boardsSummary(boards: readonly BoardSummary[], seconds: number): string {
  const counts = (Object.keys(OUTCOMES) as BoardSummary['outcome'][]).flatMap((outcome) => {
    const count = boards.filter((board) => board.outcome === outcome).length;
    return count === 0 ? [] : [`${count} ${OUTCOMES[outcome]}`];
  });
  const odd = boards.filter(({ findings }) => findings.length > 0).length;
  const rate = seconds > 0 ? `, ${Math.round(boards.length / seconds)} a second` : '';
  return `${boards.length} ${boards.length === 1 ? 'board' : 'boards'}: ${counts.join(', ')}; ${odd} with findings; ${seconds.toFixed(1)} s${rate}\n`;
}

export function boardsText(
  boards: readonly BoardSummary[],
  ink: Ink = NO_INK,
  { width }: Page = PAGE,
): string {
  // What is only ever declared has a column where it is.
  const hasCarveouts = boards.some(({ heaps }) => heaps.some(({ backend }) => backend === 'carveout'));
  const rows = boards.map((board) => [
    escapeText(board.name),
    archText(board),
    OUTCOMES[board.outcome],
    board.outcome === 'boots' ? String(board.heaps.length) : '-',
    behind(board.heaps, 'cma'),
    behind(board.heaps, 'coherent'),
    ...(hasCarveouts ? [behind(board.heaps, 'carveout')] : []),
    escapeText(findingsText(board)),
  ]);
  return renderTable(
    [
      { title: 'BOARD' },
      { title: 'ARCH' },
      { title: 'OUTCOME' },
      { title: 'HEAPS', right: true },
      { title: 'CMA' },
      { title: 'COHERENT' },
      ...(hasCarveouts ? [{ title: 'CARVEOUT' }] : []),
      { title: 'FINDINGS', wraps: true },
    ],
    rows,
    ink.title,
    width,
  );
}

/** dmaheap.boards/1 */
export const boardsJson = (boards: readonly BoardSummary[], profile: string) => ({
  schema: 'dmaheap.boards/1',
  profile,
  boards: boards.map(({ name, model, arch, unverified, outcome, message, heaps, findings, warnings }) => ({
    board: name,
    model: model ?? null,
    arch: arch ?? null,
    unverified: unverified ?? false,
    outcome,
    message: message ?? null,
    heaps: heaps.map((heap) => ({
      name: heap.name,
      backend: heap.backend,
      region: heap.region ?? null,
      base: heap.base === undefined ? null : formatHex(heap.base),
      size: Number(heap.size),
    })),
    findings: findings.map(({ region, why }) => ({ region, why, reason: whyNoHeap(why) })),
    warnings,
  })),
});
