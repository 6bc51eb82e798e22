/** The page of a report: the map of the step that is chosen first, then all that is listed, in slices. */
import { byId, html, table } from '../page/element.ts';
import type { ReportData } from '../report/report-data.ts';
import { drawCharts } from './charts.ts';
import { drawInputs } from './files.ts';
import { drawLifeLines } from './life-lines.ts';
import { byStep, stepEntry } from './step-list.ts';
import { StepMap } from './step-map.ts';
import { BUFFER_COLUMNS, bufferRow, drawComparison, drawFindings, drawRegions } from './tables.ts';
import { unpack } from './unpack.ts';

/** Milliseconds of making entries between two looks at what the reader does. */
const SLICE = 40;

/** Makes a long list in slices. */
function inSlices(count: number, make: (index: number) => HTMLElement, into: HTMLElement): Promise<void> {
  return new Promise((resolve) => {
    let at = 0;
    const slice = (): void => {
      const until = performance.now() + SLICE;
      const entries: HTMLElement[] = [];
      for (; at < count && performance.now() < until; at++) entries.push(make(at));
      into.append(...entries);
      if (at < count) setTimeout(slice);
      else resolve();
    };
    slice();
  });
}

/** What there is of memory beside the map. */
async function drawMemory(data: ReportData, map: StepMap): Promise<void> {
  drawCharts(byId('charts', HTMLElement), data);
  map.mark();
  drawLifeLines(byId('life-lines', HTMLElement), data, (buffer) => map.choose(buffer));
  drawRegions(byId('region-table', HTMLElement), data);
  const { length } = data.buffers;
  const caption = `${length} ${length === 1 ? 'buffer was' : 'buffers were'} made`;
  const buffers = table(caption, BUFFER_COLUMNS, []);
  byId('buffer-table', HTMLElement).replaceChildren(buffers);
  const show = (buffer: number): void => map.showBuffer(buffer);
  await inSlices(length, (index) => bufferRow(data, index, show), buffers.querySelector('tbody') ?? buffers);
}

async function drawLists(data: ReportData, map: StepMap | undefined): Promise<void> {
  drawFindings(byId('finding-list', HTMLElement), data);
  drawComparison(data);
  drawInputs(data);
  const list = html('ol', { start: 0 });
  byId('step-list', HTMLElement).replaceChildren(list);
  if (map !== undefined) await drawMemory(data, map);
  const groups = byStep(data);
  const show = map && ((step: number): void => map.showStep(step));
  await inSlices(data.steps.length + 1, (index) => stepEntry(data, groups, index, show), list);
  // What the address names is looked for again, since it may not have been there before.
  document.body.dataset.ready = 'yes';
  const { hash } = location;
  if (hash.length > 1) document.getElementById(hash.slice(1))?.scrollIntoView();
}

const packed = byId('data', HTMLScriptElement).text;
const data = JSON.parse(await (await unpack(packed)).text()) as ReportData;
// A kernel that died while it booted has no memory to show.
const map = data.panic === undefined ? new StepMap(data) : undefined;
performance.mark('first map');
// When the map is on the screen.
requestAnimationFrame(() => setTimeout(() => void drawLists(data, map)));
