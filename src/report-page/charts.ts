/** Usage and fragmentation of each heap over the steps, as lines. */

import { html, svg } from '../page/element.ts';
import type { HeapSeries, ReportData } from '../report/report-data.ts';
import { roundSize } from '../report/round-size.ts';

const WIDTH = 800;
const HEIGHT = 120;
/** The room of the numbers at the left. */
const LEFT = 44;

interface Point {
  readonly step: number;
  readonly free: number;
  readonly largest: number;
}

function* pointsOf({ points }: HeapSeries): Iterable<Point> {
  for (let at = 0; at + 2 < points.length; at += 3) {
    yield { step: points[at] ?? 0, free: points[at + 1] ?? 0, largest: points[at + 2] ?? 0 };
  }
}

/**
 * A line of steps: the least and the most of each pixel, so that no peak is lost.
 *
 * @param last the last step
 * @param height of a point, 0 to 1
 */
function stepLine(points: readonly Point[], last: number, height: (point: Point) => number): string {
  const x = (step: number): number => Math.round(LEFT + (step / Math.max(last, 1)) * WIDTH);
  const y = (value: number): number => Math.round((1 - value) * HEIGHT * 10) / 10 + 4;
  let path = '';
  let column = -1;
  let [least, most] = [0, 0];
  for (const point of points) {
    const here = y(height(point));
    const at = x(point.step);
    if (at !== column) {
      path += column < 0 ? `M${at} ${here}` : `H${at}V${here}`;
      [column, least, most] = [at, here, here];
    } else if (here < least || here > most) {
      path += `V${here}`;
      [least, most] = [Math.min(least, here), Math.max(most, here)];
    } else path += `V${here}`;
  }
  return `${path}H${LEFT + WIDTH}`;
}

const inPages = (pages: number, pageSize: number): string => roundSize(pages * pageSize);

function chart(series: HeapSeries, { steps, pageSize }: ReportData): HTMLElement {
  const points = [...pointsOf(series)];
  const last = steps.length;
  const all = Math.max(series.pages, 1);
  const least = points.reduce((min, point) => (point.free < min.free ? point : min), points[0] ?? NONE);
  const worst = points.reduce((max, point) => (split(point) > split(max) ? point : max), points[0] ?? NONE);
  const end = points.at(-1) ?? NONE;
  const words = `${series.heap}: ${inPages(series.pages, pageSize)}. Least free: ${inPages(least.free, pageSize)} after step ${least.step}. Most split: the largest free block was ${inPages(worst.largest, pageSize)} of ${inPages(worst.free, pageSize)} free after step ${worst.step}. At the end ${inPages(end.free, pageSize)} free, the largest block ${inPages(end.largest, pageSize)}.`;
  return html(
    'figure',
    {},
    svg(
      'svg',
      {
        viewBox: `0 0 ${LEFT + WIDTH + 4} ${HEIGHT + 26}`,
        role: 'img',
        'aria-label': `Usage of ${series.heap} over the steps`,
        class: 'chart',
      },
      svg('path', { d: `M${LEFT} 4v${HEIGHT}h${WIDTH}`, class: 'axis' }),
      svg('text', { x: LEFT - 6, y: 14, 'text-anchor': 'end' }, '100%'),
      svg('text', { x: LEFT - 6, y: HEIGHT + 4, 'text-anchor': 'end' }, '0%'),
      svg('text', { x: LEFT, y: HEIGHT + 20 }, 'step 0'),
      svg('text', { x: LEFT + WIDTH, y: HEIGHT + 20, 'text-anchor': 'end' }, `step ${last}`),
      svg('path', { d: stepLine(points, last, ({ free }) => 1 - free / all), class: 'used-line' }),
      svg('path', { d: stepLine(points, last, split), class: 'split-line' }),
      svg('path', { d: `M${LEFT} 4v${HEIGHT}`, class: 'cursor' }),
    ),
    html('figcaption', {}, words),
  );
}

const NONE: Point = { step: 0, free: 0, largest: 0 };

/** How much of what is free lies outside the largest free block, 0 to 1. */
const split = ({ free, largest }: Point): number => (free > 0 ? 1 - Math.min(largest / free, 1) : 0);

/** Draws all of them. */
export function drawCharts(place: HTMLElement, data: ReportData): void {
  place.replaceChildren(
    html(
      'p',
      {},
      'The full line is what is used. The dashed line is how much of the free memory lies outside the largest free block: the higher, the more it is fragmented.',
    ),
    ...data.series.map((series) => chart(series, data)),
  );
}

/** Moves the line that marks a step in all charts. */
export function markStep(step: number, last: number): void {
  const x = LEFT + (step / Math.max(last, 1)) * WIDTH;
  for (const cursor of document.querySelectorAll('.cursor')) cursor.setAttribute('d', `M${x} 4v${HEIGHT}`);
}
