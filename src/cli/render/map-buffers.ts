/** The buffers of a map, by task and name. */

import { escapeText } from '../../escape-text.ts';
import { partsIn } from '../../report/map-layout.ts';
import { addressOf } from '../../report/map-words.ts';
import type { MapThing, MemoryMap } from '../../report/memory-map.ts';
import { roundSize } from '../../report/round-size.ts';
import { formatHex, type PfnRange } from '../../units.ts';
import type { Ink } from '../terminal/ink.ts';
import type { Page } from '../terminal/list-table.ts';
import { renderTable } from '../terminal/table.ts';

/** So many are told one by one; of more, each task's together. */
const MOST = 12;

/** A table of the buffers that have pages of a window; empty where there are none. */
export function bufferTable(map: MemoryMap, window: PfnRange, ink: Ink, page: Page): string {
  const seen = new Set(partsIn(map.parts, window).map(({ thing }) => thing));
  const buffers = map.things.filter((thing, index) => thing.buffer !== undefined && seen.has(index));
  if (buffers.length === 0) return '';
  const size = (pages: number) => roundSize(BigInt(pages) * BigInt(map.pageSize));
  return buffers.length > MOST ? byTask(buffers, size, ink) : oneByOne(map, buffers, size, ink, page);
}

const taskOf = ({ tasks = [] }: MapThing): string => escapeText(tasks.join(', '));

type Size = (pages: number) => string;

function oneByOne(map: MemoryMap, buffers: readonly MapThing[], size: Size, ink: Ink, page: Page): string {
  const cut = (text: string): string =>
    text.length <= 20 || page.width > 100
      ? text
      : `${text.slice(0, 20 - page.ellipsis.length)}${page.ellipsis}`;
  const rows = [...buffers]
    .sort((a, b) => taskOf(a).localeCompare(taskOf(b), 'en') || (a.runs[0]?.pfn ?? 0) - (b.runs[0]?.pfn ?? 0))
    .map((thing) => {
      const at = formatHex(addressOf(thing.runs[0]?.pfn ?? 0, map.pageSize));
      const more = thing.runs.length > 1 ? ` and ${thing.runs.length - 1} more pieces` : '';
      return [
        cut(taskOf(thing)),
        cut(escapeText(thing.name)),
        cut(escapeText(thing.buffer?.heap ?? '')),
        size(thing.pages),
        `${at}${more}`,
      ];
    });
  return renderTable(
    [
      { title: 'TASK' },
      { title: 'BUFFER' },
      { title: 'HEAP' },
      { title: 'SIZE', right: true },
      { title: 'AT' },
    ],
    rows,
    ink.title,
  );
}

function byTask(buffers: readonly MapThing[], size: Size, ink: Ink): string {
  const groups = new Map<string, { task: string; heap: string; count: number; pages: number }>();
  for (const thing of buffers) {
    const [task, heap] = [taskOf(thing), escapeText(thing.buffer?.heap ?? '')];
    const key = JSON.stringify([task, heap]);
    const group = groups.get(key) ?? { task, heap, count: 0, pages: 0 };
    groups.set(key, { ...group, count: group.count + 1, pages: group.pages + thing.pages });
  }
  const rows = [...groups.values()]
    .sort((a, b) => b.pages - a.pages)
    .map(({ task, heap, count, pages }) => [task, heap, String(count), size(pages)]);
  return renderTable(
    [{ title: 'TASK' }, { title: 'HEAP' }, { title: 'BUFFERS', right: true }, { title: 'SIZE', right: true }],
    rows,
    ink.title,
  );
}
