/** A report in short, as text and as JSON: the page has the rest. */

import { escapeText } from '../../escape-text.ts';
import { livesAt } from '../../report/memory-at.ts';
import type { HeapSeries, ReportData } from '../../report/report-data.ts';
import { counted, formatSize } from '../../units.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';

/** Findings that the text shows; the rest is counted. */
const MAX_FINDINGS = 10;

/** What a heap came to. */
interface HeapEnd {
  readonly heap: string;
  readonly size: number;
  readonly free: number;
  readonly largest: number;
  readonly leastFree: number;
  /** The step after which the least was free. */
  readonly leastStep: number;
}

function heapEnd({ heap, pages, points }: HeapSeries, pageSize: number): HeapEnd {
  let [free, largest, leastFree, leastStep] = [0, 0, Number.POSITIVE_INFINITY, 0];
  for (let at = 0; at + 2 < points.length; at += 3) {
    [free, largest] = [points[at + 1] ?? 0, points[at + 2] ?? 0];
    if (free < leastFree) [leastFree, leastStep] = [free, points[at] ?? 0];
  }
  return {
    heap,
    size: pages * pageSize,
    free: free * pageSize,
    largest: largest * pageSize,
    leastFree: leastFree * pageSize,
    leastStep,
  };
}

const heapEnds = ({ series, pageSize }: ReportData): readonly HeapEnd[] =>
  series.map((one) => heapEnd(one, pageSize));

const aliveAtEnd = ({ buffers, steps }: ReportData): number =>
  buffers.filter((buffer) => livesAt(buffer, steps.length)).length;

/** dmaheap.report/1 @param html where the page is, absent when none was asked for */
export const reportJson = (data: ReportData, html?: { readonly file: string; readonly bytes: number }) => ({
  schema: 'dmaheap.report/1',
  profile: data.banner,
  title: data.title,
  panic: data.panic ?? null,
  steps: data.steps.length,
  buffers: data.buffers.length,
  alive: aliveAtEnd(data),
  heaps: heapEnds(data).map(({ heap, size, free, largest, leastFree, leastStep }) => ({
    name: heap,
    size,
    free,
    largest,
    least_free: leastFree,
    least_free_step: leastStep,
  })),
  findings: data.findings.map(({ severity, name, message, step, steps, place, hint }) => ({
    severity,
    name,
    message,
    step: step ?? null,
    steps: steps ?? (step === undefined ? 0 : 1),
    region: place ?? null,
    hint: hint ?? null,
  })),
  compared_with: data.comparison?.with ?? null,
  differences: data.comparison?.differences ?? null,
  notes: data.notes,
  html: html?.file ?? null,
  bytes: html?.bytes ?? null,
});

/** The same in some lines. */
/** @param page the file of the page, if one was written */
export function reportText(data: ReportData, page: string | undefined, ink: Ink = NO_INK): string {
  const size = (bytes: number): string => formatSize(BigInt(Math.round(bytes)));
  const heaps = heapEnds(data).map(
    ({ heap, size: all, free, largest, leastFree, leastStep }) =>
      `${escapeText(heap)}: ${size(free)} of ${size(all)} free, largest block ${size(largest)}; least free ${size(leastFree)} after step ${leastStep}\n`,
  );
  const findings = data.findings.slice(0, MAX_FINDINGS).map(({ severity, name, message, step, steps }) => {
    const head = severity === 'error' ? ink.bad(severity) : severity;
    return `${head}: ${escapeText(name)}${step === undefined ? '' : ` (step ${step}${steps === undefined ? '' : ` and ${steps - 1} more`})`}: ${escapeText(message)}\n`;
  });
  const more = data.findings.length - MAX_FINDINGS;
  const differences = data.comparison?.differences.map((one) => `  ${escapeText(one)}\n`);
  return [
    `${ink.title(escapeText(data.title))}\n${escapeText(data.banner)}\n`,
    data.panic === undefined
      ? ''
      : `${ink.bad(`the kernel dies while it boots: ${escapeText(data.panic)}`)}\n`,
    `${counted(data.steps.length, 'step')}; ${counted(data.buffers.length, 'buffer')} made, ${aliveAtEnd(data)} live at the end\n`,
    ...heaps,
    ...findings,
    more > 0 ? `… and ${more} more findings\n` : '',
    ...(data.comparison === undefined
      ? []
      : [
          `compared with ${escapeText(data.comparison.with)}:\n`,
          ...(differences?.length ? differences : ['  nothing is different\n']),
        ]),
    ...data.notes.map((note) => `note: ${escapeText(note)}\n`),
    page === undefined ? '' : `page: ${escapeText(page)}\n`,
  ].join('');
}
