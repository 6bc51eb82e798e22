/** The page of a report: the map of the step that is chosen first, then all that is listed, in slices. */

import { escapeText } from '../escape-text.ts';
import { byId, html, table } from '../page/element.ts';
import { addMapStyle, drawMap } from '../page/map-figure.ts';
import { livesAt, memoryAt } from '../report/memory-at.ts';
import type { ReportData } from '../report/report-data.ts';
import type { PfnRange } from '../units.ts';
import { drawCharts, markStep } from './charts.ts';
import { drawInputs } from './files.ts';
import { drawLifeLines } from './life-lines.ts';
import { byStep, stepEntry } from './step-list.ts';
import { BUFFER_COLUMNS, bufferRow, drawComparison, drawFindings, drawRegions } from './tables.ts';
import { unpack } from './unpack.ts';

/** Milliseconds of making entries between two looks at what the reader does. */
const SLICE = 40;

const packed = byId('data', HTMLScriptElement).text;
const data = JSON.parse(await (await unpack(packed)).text()) as ReportData;
const last = data.steps.length;
const slider = byId('step', HTMLInputElement);
const number = byId('number', HTMLInputElement);
const shown = byId('window', HTMLSelectElement);

let step = last;
let chosen: number | undefined;
/** Whether a picture is asked for and not drawn yet. */
let isDue = false;

function windowShown(): PfnRange | undefined {
  const place = shown.value === '' ? undefined : data.places[Number(shown.value)];
  return place && { pfn: place.pfn, pages: place.pages };
}

/** What the step was, in a line. */
function stepWords(): string {
  if (step === 0) return `before the first of ${last} steps`;
  const { text, task, ended } = data.steps[step - 1] ?? { text: '', task: 0 };
  const end = ended === undefined ? '' : `: ${ended}`;
  return escapeText(`after step ${step} of ${last}: ${data.tasks[task] ?? ''}: ${text}${end}`);
}

function draw(): void {
  isDue = false;
  const at = memoryAt(data, step);
  const marked = chosen === undefined ? -1 : at.alive.indexOf(chosen);
  drawMap(byId('picture', HTMLElement), at.map, {
    window: windowShown(),
    chosen: marked,
    choose: (thing) => choose(at.alive[thing] ?? 0),
  });
  markStep(step, last);
}

/** Says the step, also to who does not see the picture. */
function tellStep(): void {
  const words = stepWords();
  slider.setAttribute('aria-valuetext', words);
  byId('now', HTMLOutputElement).value = words;
}

/** Draws with the next frame, however often it is asked for before. */
function drawSoon(): void {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(draw);
}

function goTo(wanted: number): void {
  if (!Number.isFinite(wanted)) return;
  step = Math.min(Math.max(Math.round(wanted), 0), last);
  slider.value = String(step);
  number.value = String(step);
  tellStep();
  drawSoon();
}

/** Marks a buffer in the map and leads to its row. */
function choose(buffer: number): void {
  chosen = buffer;
  location.hash = `b${buffer}`;
  drawSoon();
}

/** Shows a buffer in the map, at a step where it lives. */
function showBuffer(index: number): void {
  const buffer = data.buffers[index];
  if (buffer === undefined) return;
  chosen = index;
  goTo(livesAt(buffer, step) ? step : buffer.born);
  toMap();
}

function showStep(wanted: number): void {
  goTo(wanted);
  toMap();
}

/** The reader goes on at the slider. */
function toMap(): void {
  byId('map', HTMLElement).scrollIntoView();
  slider.focus({ preventScroll: true });
}

/** Makes a long list in slices. */
function inSlices(
  count: number,
  make: (index: number) => HTMLElement,
  into: HTMLElement,
  done: () => void,
): void {
  let at = 0;
  const slice = (): void => {
    const until = performance.now() + SLICE;
    const entries: HTMLElement[] = [];
    for (; at < count && performance.now() < until; at++) entries.push(make(at));
    into.append(...entries);
    if (at < count) setTimeout(slice);
    else done();
  };
  slice();
}

function drawLists(): void {
  drawFindings(byId('finding-list', HTMLElement), data);
  drawCharts(byId('charts', HTMLElement), data);
  drawComparison(data);
  drawLifeLines(byId('life-lines', HTMLElement), data, choose);
  drawRegions(byId('region-table', HTMLElement), data);
  drawInputs(data);
  markStep(step, last);
  const { length } = data.buffers;
  const buffers = table(`${length} ${length === 1 ? 'buffer was' : 'buffers were'} made`, BUFFER_COLUMNS, []);
  byId('buffer-table', HTMLElement).replaceChildren(buffers);
  const list = html('ol', { start: 0 });
  byId('step-list', HTMLElement).replaceChildren(list);
  const groups = byStep(data);
  inSlices(
    length,
    (index) => bufferRow(data, index, showBuffer),
    buffers.querySelector('tbody') ?? buffers,
    () => inSlices(last + 1, (index) => stepEntry(data, groups, index, showStep), list, arrived),
  );
}

/** All is there: what the address names is looked for again, since it may not have been there before. */
function arrived(): void {
  document.body.dataset.ready = 'yes';
  const { hash } = location;
  if (hash.length > 1) document.getElementById(hash.slice(1))?.scrollIntoView();
}

shown.append(
  html('option', { value: '' }, 'all memory'),
  ...data.places.map(({ name }, index) => html('option', { value: index }, name)),
);
slider.addEventListener('input', () => goTo(slider.valueAsNumber));
number.addEventListener('change', () => goTo(number.valueAsNumber));
shown.addEventListener('change', drawSoon);
byId('back', HTMLButtonElement).addEventListener('click', () => goTo(step - 1));
byId('on', HTMLButtonElement).addEventListener('click', () => goTo(step + 1));
addMapStyle();
tellStep();
draw();
performance.mark('first map');
// When the map is on the screen.
requestAnimationFrame(() => setTimeout(drawLists));
