/** What ageing made of a heap as text: `dmaheap age`. */

import { escapeText } from '../../escape-text.ts';
import type { AgeReport } from '../../program/age.ts';
import { formatSize } from '../../units.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { renderFacts, renderTable } from '../terminal/table.ts';
import { sizeExact } from './size.ts';

const COLUMNS = [{ title: 'REQUEST', right: true }, { title: 'ANSWER' }];

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

/** Which part of what is free the largest request leaves unused. */
function fragmentation({ heap, largestAligned }: AgeReport): string {
  if (heap.free === 0n) return '-';
  return `${Number(100n - (largestAligned * 100n) / heap.free)} % of what is free is out of reach of one request`;
}

export function renderAge(report: AgeReport, ink: Ink = NO_INK): string {
  const { heap, sizes, failed, tried } = report;
  const failures = Object.entries(failed).map(([errno, count]) => `${count} ${errno}`);
  const lost = sum(Object.values(failed));
  const facts = renderFacts([
    ['heap', escapeText(heap.name)],
    [
      'mix',
      sizes.map(({ bytes, weight }) => `${formatSize(bytes)}${weight === 1 ? '' : ` x${weight}`}`).join(', '),
    ],
    ['steps', `${report.steps}, mean lifetime ${report.lifetime}, seed ${report.seed}`],
    ['allocated', String(report.allocated)],
    ['failed', lost === 0 ? '0' : failures.join(', ')],
    ['freed', String(report.freed)],
    ['alive', `${report.alive} (${formatSize(report.aliveBytes)})`],
    ['free', `${sizeExact(heap.free)} of ${formatSize(heap.size)}`],
    ['largest', `${sizeExact(report.largestRun)}: the largest block`],
    ['aligned', `${sizeExact(report.largestAligned)}: the largest request, as the heap aligns it`],
    ['fragmented', fragmentation(report)],
  ]);
  const rows = tried.map(({ size, errno }) => [
    formatSize(size),
    errno === undefined ? 'ok' : ink.bad(errno),
  ]);
  return `${facts}\n${renderTable(COLUMNS, rows, ink.title)}`;
}
