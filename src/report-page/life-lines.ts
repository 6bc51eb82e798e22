/** When each buffer lived, by task: a bar from the step that made it to the step that gave it back. */

import { html, svg } from '../page/element.ts';
import type { ReportBuffer, ReportData } from '../report/report-data.ts';
import { roundSize } from '../report/round-size.ts';

const WIDTH = 800;
const LEFT = 44;
const LANE = 10;
/** Lanes of a task that are drawn; the table has every buffer. */
const MAX_LANES = 60;

interface Bar {
  readonly lane: number;
  readonly index: number;
  readonly buffer: ReportBuffer;
}

/** Puts buffers into lanes, each into the first that is free; those that find none are left out. */
function lanesOf(buffers: readonly (readonly [index: number, buffer: ReportBuffer])[]): readonly Bar[] {
  const ends: number[] = [];
  return buffers.flatMap(([index, buffer]): Bar[] => {
    let lane = ends.findIndex((end) => end <= buffer.born);
    if (lane < 0) lane = ends.length;
    if (lane >= MAX_LANES) return [];
    ends[lane] = buffer.died ?? Number.POSITIVE_INFINITY;
    return [{ lane, index, buffer }];
  });
}

/** Draws a figure for each task. @param choose told of the buffer, by its index, that was clicked */
export function drawLifeLines(place: HTMLElement, data: ReportData, choose: (buffer: number) => void): void {
  const byTask = new Map<string, (readonly [number, ReportBuffer])[]>();
  for (const [index, buffer] of data.buffers.entries()) {
    const own = byTask.get(buffer.task) ?? [];
    own.push([index, buffer]);
    byTask.set(buffer.task, own);
  }
  const last = Math.max(data.steps.length, 1);
  const x = (step: number): number => LEFT + (step / last) * WIDTH;
  const figures = [...byTask].map(([task, buffers]) => {
    const bars = lanesOf(buffers);
    const height = (Math.max(...bars.map(({ lane }) => lane), 0) + 1) * LANE + 8;
    const bytes = buffers.reduce((sum, [, buffer]) => sum + buffer.bytes, 0);
    const left = buffers.filter(([, { died }]) => died === undefined).length;
    const rects = bars.map(({ lane, index, buffer }) => {
      const from = x(buffer.born);
      const rect = svg('rect', {
        x: from,
        y: 4 + lane * LANE,
        width: Math.max(x(buffer.died ?? last) - from, 1),
        height: LANE - 2,
        class: 'life',
      });
      rect.addEventListener('click', () => choose(index));
      return rect;
    });
    const cut = buffers.length - bars.length;
    return html(
      'figure',
      {},
      html('h3', {}, task),
      svg(
        'svg',
        {
          viewBox: `0 0 ${LEFT + WIDTH + 4} ${height}`,
          role: 'img',
          'aria-label': `When the buffers of ${task} lived`,
          class: 'chart',
        },
        ...rects,
      ),
      html(
        'figcaption',
        {},
        `${buffers.length} made, ${roundSize(bytes)} in all; ${left} live at the end.${cut > 0 ? ` ${cut} of them are not drawn: more than ${MAX_LANES} lived at once. The table has them all.` : ''}`,
      ),
    );
  });
  place.replaceChildren(...(figures.length > 0 ? figures : [html('p', {}, 'No buffer was made.')]));
}
