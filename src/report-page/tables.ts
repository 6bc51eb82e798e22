/** Buffers, regions, findings and what went in, each linked to the others. */

import { button, type Column, html, linkTo, row, table } from '../page/element.ts';
import { placeOf } from '../report/memory-at.ts';
import type { ReportBuffer, ReportData } from '../report/report-data.ts';

/** Links to buffers of a region that are shown; the table of buffers has them all. */
const MAX_LINKS = 50;
/** The same of lines of the log. */
const MAX_LINES = 3;

const hex = (pfn: number, pageSize: number): string => `0x${(BigInt(pfn) * BigInt(pageSize)).toString(16)}`;

const stepLink = (step: number): Node =>
  step === 0 ? new Text('before') : linkTo(`s${step}`, `step ${step}`);

export const BUFFER_COLUMNS: readonly Column[] = [
  { title: 'name' },
  { title: 'address', is: 'address' },
  { title: 'bytes', is: 'number' },
  { title: 'heap' },
  { title: 'task' },
  { title: 'region' },
  { title: 'made', is: 'step' },
  { title: 'gone', is: 'step' },
  { title: 'map', is: 'step' },
];

/** A row of the table of buffers. @param show shows the buffer in the map */
export function bufferRow(data: ReportData, index: number, show: (buffer: number) => void): HTMLElement {
  const buffer = data.buffers[index] as ReportBuffer;
  const { name, runs, bytes, heap, task, born, died } = buffer;
  const place = placeOf(buffer, data.places);
  const more = runs.length / 2 - 1;
  return row(
    BUFFER_COLUMNS,
    [
      name,
      `${hex(runs[0] ?? 0, data.pageSize)}${more > 0 ? ` and ${more} more ${more === 1 ? 'run' : 'runs'}` : ''}`,
      String(bytes),
      heap,
      task,
      place < 0 ? 'RAM' : linkTo(`r${place}`, data.places[place]?.name ?? ''),
      stepLink(born),
      died === undefined ? 'lives' : stepLink(died),
      button('show', { label: `show ${name} in the map` }, () => show(index)),
    ],
    `b${index}`,
  );
}

const REGION_COLUMNS: readonly Column[] = [
  { title: 'name' },
  { title: 'address', is: 'address' },
  { title: 'bytes', is: 'number' },
  { title: 'what it is' },
  { title: 'heaps' },
  { title: 'buffers' },
  { title: 'log' },
];

/** The table of regions, each with its buffers and the lines of boot that name it. */
export function drawRegions(place: HTMLElement, data: ReportData): void {
  const own = new Map<number, number[]>();
  for (const [index, buffer] of data.buffers.entries()) {
    const at = placeOf(buffer, data.places);
    own.set(at, [...(own.get(at)?.slice(0, MAX_LINKS) ?? []), index]);
  }
  const rows = data.places.map(({ name, pfn, pages, what, heaps, why }, index) => {
    const buffers = own.get(index) ?? [];
    const lines = data.log.flatMap(({ text }, line) => (text.includes(name) ? [line] : []));
    const links = buffers
      .slice(0, MAX_LINKS)
      .flatMap((buffer) => [linkTo(`b${buffer}`, data.buffers[buffer]?.name ?? ''), ' ']);
    return row(
      REGION_COLUMNS,
      [
        name,
        hex(pfn, data.pageSize),
        String(pages * data.pageSize),
        what,
        heaps.length > 0 ? heaps.join(', ') : `none${why === undefined ? '' : `: ${why}`}`,
        html('span', {}, ...links, buffers.length > MAX_LINKS ? 'and more' : undefined),
        html(
          'span',
          {},
          ...lines.slice(0, MAX_LINES).flatMap((line) => [linkTo(`l${line}`, `line ${line + 1}`), ' ']),
        ),
      ],
      `r${index}`,
    );
  });
  place.replaceChildren(table(`${data.places.length} regions, areas and pools`, REGION_COLUMNS, rows));
}

/** What checks and failed steps say. */
export function drawFindings(list: HTMLElement, data: ReportData): void {
  const items = data.findings.map(({ severity, name, message, step, steps, place, hint }) => {
    const region = place === undefined ? -1 : data.places.findIndex((one) => one.name === place);
    return html(
      'li',
      { class: severity },
      html('strong', {}, `${severity}: ${name}`),
      ` ${message} `,
      step === undefined ? undefined : stepLink(step),
      steps === undefined ? undefined : ` and ${steps - 1} more steps `,
      region < 0 ? undefined : linkTo(`r${region}`, place ?? ''),
      hint === undefined ? undefined : html('div', {}, `What helps: ${hint}`),
    );
  });
  list.replaceChildren(...(items.length > 0 ? items : [html('li', {}, 'Nothing was found.')]));
}

/** What is different with another kernel or board. */
export function drawComparison(data: ReportData): void {
  const { comparison } = data;
  const place = document.getElementById('difference-list');
  if (comparison === undefined || place === null) return;
  const { differences } = comparison;
  place.replaceChildren(
    html('p', {}, `Compared with ${comparison.with}:`),
    html(
      'ul',
      {},
      ...(differences.length > 0 ? differences : ['nothing is different']).map((text) =>
        html('li', {}, text),
      ),
    ),
  );
}
