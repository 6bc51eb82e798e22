/** The steps, each with the lines of the log that it caused, its buffers and what failed. */

import { button, html, linkTo } from '../page/element.ts';
import type { ReportData } from '../report/report-data.ts';

/** What belongs to steps, by their numbers. */
export interface ByStep {
  readonly made: ReadonlyMap<number, readonly number[]>;
  readonly lines: ReadonlyMap<number, readonly number[]>;
}

function grouped<T>(all: readonly T[], stepOf: (one: T) => number): ReadonlyMap<number, readonly number[]> {
  const groups = new Map<number, number[]>();
  for (const [index, one] of all.entries()) {
    const group = groups.get(stepOf(one));
    if (group === undefined) groups.set(stepOf(one), [index]);
    else group.push(index);
  }
  return groups;
}

export const byStep = (data: ReportData): ByStep => ({
  made: grouped(data.buffers, ({ born }) => born),
  lines: grouped(data.log, ({ step }) => step),
});

/** A line of the log: `[    1.250000] text`, linked to the regions that it names. */
function logLine(data: ReportData, index: number): HTMLElement {
  const { time, text } = data.log[index] ?? { time: 0, text: '' };
  const seconds = (time / 1e9).toFixed(6).padStart(12);
  const places = data.places.flatMap((place, at) => (text.includes(place.name) ? [at] : []));
  const links = places.flatMap((at) => [' ', linkTo(`r${at}`, data.places[at]?.name ?? '')]);
  return html('div', { id: `l${index}`, class: 'log' }, `[${seconds}] ${text}`, ...links);
}

/** The entry of a step; 0 is the boot. @param show shows a step in the map, where there is one */
export function stepEntry(
  data: ReportData,
  groups: ByStep,
  step: number,
  show: ((step: number) => void) | undefined,
): HTMLElement {
  const lines = (groups.lines.get(step) ?? []).map((index) => logLine(data, index));
  const what = step === 0 ? 'boot' : String(step);
  const label = step === 0 ? 'show boot in the map' : `show step ${step} in the map`;
  const number = show === undefined ? what : button(what, { label }, () => show(step));
  const known = data.steps[step - 1];
  if (known === undefined) return html('li', { id: 's0' }, number, ...lines);
  const made = (groups.made.get(step) ?? []).flatMap((index) => [
    ' made ',
    linkTo(`b${index}`, data.buffers[index]?.name ?? ''),
  ]);
  return html(
    'li',
    { id: `s${step}`, class: known.ended === undefined ? undefined : 'failed' },
    number,
    ` ${data.tasks[known.task] ?? ''}: ${known.text}`,
    ...made,
    known.ended === undefined ? undefined : html('strong', {}, ` ${known.ended}`),
    known.line === undefined ? undefined : html('span', { class: 'line' }, ` line ${known.line}`),
    ...lines,
  );
}
