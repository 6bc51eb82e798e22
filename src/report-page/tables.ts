/** Buffers, regions, findings and what went in, each linked to the others. */
import type { ReportBuffer, ReportData, ReportPlace } from '../report/report-data.ts';
import { shownName } from '../report/shown-name.ts';
import { html, linkTo, table } from './element.ts';

/** Links to buffers of a region that are shown; the table of buffers has them all. */
const MAX_LINKS = 50;

const hex = (pfn: number, pageSize: number): string => `0x${(BigInt(pfn) * BigInt(pageSize)).toString(16)}`;

/** The region that has the first page of a buffer, by its index. */
export function placeOf({ runs }: ReportBuffer, places: readonly ReportPlace[]): number {
  const [pfn = -1] = runs;
  return places.findIndex((place) => pfn >= place.pfn && pfn < place.pfn + place.pages);
}

const stepLink = (step: number): Node =>
  step === 0 ? new Text('before') : linkTo(`s${step}`, `step ${step}`);

/** A row of the table of buffers. @param show shows the buffer in the map */
export function bufferRow(data: ReportData, index: number, show: (buffer: number) => void): HTMLElement {
  const buffer = data.buffers[index] as ReportBuffer;
  const name = shownName(buffer.name);
  const place = placeOf(buffer, data.places);
  const button = html('button', { type: 'button', 'aria-label': `show ${name} in the map` }, 'show');
  button.addEventListener('click', () => show(index));
  const runs = buffer.runs.length / 2;
  return html(
    'tr',
    { id: `b${index}` },
    html('th', { scope: 'row' }, html('bdi', {}, name)),
    html(
      'td',
      { class: 'address' },
      hex(buffer.runs[0] ?? 0, data.pageSize),
      runs > 1 ? ` and ${runs - 1} more runs` : '',
    ),
    html('td', { class: 'number' }, String(buffer.bytes)),
    html('td', {}, shownName(buffer.heap)),
    html('td', {}, shownName(buffer.task)),
    html('td', {}, place < 0 ? 'RAM' : linkTo(`r${place}`, shownName(data.places[place]?.name ?? ''))),
    html('td', {}, stepLink(buffer.born)),
    html('td', {}, buffer.died === undefined ? 'lives' : stepLink(buffer.died)),
    html('td', {}, button),
  );
}

export const BUFFER_COLUMNS = ['name', 'address', 'bytes', 'heap', 'task', 'region', 'made', 'gone', 'map'];

/** The table of regions, each with its buffers and the lines of boot that name it. */
export function drawRegions(place: HTMLElement, data: ReportData): void {
  const own = new Map<number, number[]>();
  for (const [index, buffer] of data.buffers.entries()) {
    const at = placeOf(buffer, data.places);
    own.set(at, [...(own.get(at)?.slice(0, MAX_LINKS) ?? []), index]);
  }
  const rows = data.places.map((region, index) => {
    const buffers = own.get(index) ?? [];
    const lines = data.log.flatMap(({ text }, line) => (text.includes(region.name) ? [line] : []));
    const links = buffers
      .slice(0, MAX_LINKS)
      .flatMap((buffer) => [linkTo(`b${buffer}`, shownName(data.buffers[buffer]?.name ?? '')), ' ']);
    return html(
      'tr',
      { id: `r${index}` },
      html('th', { scope: 'row' }, html('bdi', {}, shownName(region.name))),
      html('td', { class: 'address' }, hex(region.pfn, data.pageSize)),
      html('td', { class: 'number' }, String(region.pages * data.pageSize)),
      html('td', {}, region.what),
      html(
        'td',
        {},
        region.heaps.length > 0
          ? region.heaps.map(shownName).join(', ')
          : `none${region.why === undefined ? '' : `: ${region.why}`}`,
      ),
      html('td', {}, ...links, buffers.length > MAX_LINKS ? 'and more' : undefined),
      html('td', {}, ...lines.slice(0, 3).flatMap((line) => [linkTo(`l${line}`, `line ${line + 1}`), ' '])),
    );
  });
  const columns = ['name', 'address', 'bytes', 'what it is', 'heaps', 'buffers', 'log'];
  place.replaceChildren(table(`${data.places.length} regions, areas and pools`, columns, rows));
}

/** What checks and failed steps say. */
export function drawFindings(list: HTMLElement, data: ReportData): void {
  const items = data.findings.map(({ severity, name, message, step, steps, place, hint }) => {
    const region = place === undefined ? -1 : data.places.findIndex((one) => one.name === place);
    return html(
      'li',
      { class: severity },
      html('strong', {}, `${severity}: ${name}`),
      ` ${shownName(message)} `,
      step === undefined ? undefined : stepLink(step),
      steps === undefined ? undefined : ` and ${steps - 1} more steps `,
      region < 0 ? undefined : linkTo(`r${region}`, shownName(place ?? '')),
      hint === undefined ? undefined : html('div', {}, `What helps: ${shownName(hint)}`),
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
    html('p', {}, `Compared with ${shownName(comparison.with)}:`),
    html(
      'ul',
      {},
      ...(differences.length > 0 ? differences : ['nothing is different']).map((text) =>
        html('li', {}, shownName(text)),
      ),
    ),
  );
}
