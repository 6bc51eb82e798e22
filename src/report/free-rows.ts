/** What can be had of each area, as rows of a picture: a bar of what is free, the largest run, the largest aligned one. */
import { formatHex, type PfnRange } from '../units.ts';
import type { Drawn } from './map-picture.ts';
import { addressOf, freeSpaces, placeWords } from './map-words.ts';
import type { MemoryMap } from './memory-map.ts';
import { roundSize } from './round-size.ts';
import { type Shape, shape } from './shape.ts';

const ROW = 22;
/** Where the columns begin, and how long a bar is. */
const AT = { name: 12, bar: 300, free: 412, longest: 630, aligned: 870 };
const BAR = 96;
/** Letters that fit before the bar. */
const NAME_ROOM = 35;

const cut = (text: string): string =>
  text.length <= NAME_ROOM ? text : `${text.slice(0, NAME_ROOM / 2)}…${text.slice(-NAME_ROOM / 2)}`;

/**
 * The rows, with titles.
 *
 * @param window what the picture shows: areas outside of it are left out
 * @param top where they begin
 */
export function freeRows(map: MemoryMap, window: PfnRange, top: number): Drawn {
  const touches = (run: PfnRange | undefined) =>
    run === undefined || (run.pfn < window.pfn + window.pages && window.pfn < run.pfn + run.pages);
  const spaces = freeSpaces(map).filter(({ place, longest }) => touches(place ?? longest));
  const size = (pages: number) => roundSize(BigInt(pages) * BigInt(map.pageSize));
  const at = (run: PfnRange | undefined) =>
    run === undefined ? 'none' : `${size(run.pages)} at ${formatHex(addressOf(run.pfn, map.pageSize))}`;
  const text = (x: number, y: number, words: string, look?: string): Shape =>
    shape('text', { x, y, class: look }, words);
  const titles = [
    text(AT.name, top + 14, 'Free in', 'head'),
    text(AT.free, top + 14, 'free of', 'head'),
    text(AT.longest, top + 14, 'largest run', 'head'),
    text(AT.aligned, top + 14, 'largest aligned block', 'head'),
  ];
  const rows = spaces.map(({ name, place, pages, freePages, longest, aligned }, index) => {
    const y = top + (index + 1) * ROW;
    const share = pages === 0 ? 0 : freePages / pages;
    const bar = { x: AT.bar, y: y + 3, height: 13 };
    return shape(
      'g',
      {},
      text(AT.name, y + 14, cut(place === undefined ? `${name} (system)` : placeWords(place))),
      shape('rect', { ...bar, width: (BAR * share).toFixed(1), class: 'k-area-free' }),
      shape('rect', { ...bar, width: BAR, class: 'frame' }),
      text(AT.free, y + 14, `${size(freePages)} of ${size(pages)}`),
      text(AT.longest, y + 14, at(longest)),
      text(AT.aligned, y + 14, at(aligned)),
    );
  });
  return { shapes: [...titles, ...rows], bottom: top + (spaces.length + 1) * ROW };
}
