/** The picture: well-formed, with what a screen reader says, and with nothing of a name's own. */
import { describe, expect, test } from 'vitest';
import { MAP_KINDS } from '../../src/report/map-kinds.ts';
import { layoutMap } from '../../src/report/map-layout.ts';
import { LOOKS, mapPatterns } from '../../src/report/map-looks.ts';
import { MapPicture, placeId, thingId } from '../../src/report/map-picture.ts';
import { mapSvg } from '../../src/report/map-svg.ts';
import { type MemoryMap, memoryMap } from '../../src/report/memory-map.ts';
import { shapeText } from '../../src/report/shape.ts';
import { xmlText } from '../../src/report/xml-text.ts';
import { GiB, MiB } from '../../src/units.ts';
import { alloc, board, bootBoard, cma } from '../small-board.ts';

const HOSTILE = '"><script>alert(1)</script>\u202e&\u0007';

function hostileMap(): MemoryMap {
  const { kernel } = bootBoard(board([cma('video@46000000', GiB + 96n * MiB, 32n * MiB)]));
  alloc(kernel, 'video@46000000', 2n * MiB);
  const map = memoryMap(kernel);
  return {
    ...map,
    banner: HOSTILE,
    places: map.places.map((place) => ({ ...place, name: HOSTILE })),
    things: map.things.map((thing) => ({ ...thing, name: HOSTILE })),
  };
}

/** The elements by a reader that takes nothing but what we write. @throws Error where it is not well-formed */
function elementsOf(xml: string): readonly string[] {
  const open: string[] = [];
  const all: string[] = [];
  let end = 0;
  for (const match of xml.matchAll(/<(\/?)([a-zA-Z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g)) {
    const between = xml.slice(end, match.index);
    if (/[<>]|&(?!(amp|lt|gt|quot|#39);)/.test(between)) throw new Error(between);
    end = match.index + match[0].length;
    const [, closes, name = '', , empty] = match;
    if (closes === '/') {
      if (open.pop() !== name) throw new Error(`</${name}>`);
      continue;
    }
    all.push(name);
    if (empty !== '/') open.push(name);
  }
  if (open.length > 0) throw new Error(`${open.join(' ')} not closed`);
  return all;
}

describe('the map as SVG', () => {
  test('is well-formed whatever names are', () => {
    const map = hostileMap();
    const svg = mapSvg(map, layoutMap(map, { columns: 64, rows: 32 }));
    const names = new Set(elementsOf(svg));
    expect([...names].sort()).toEqual(
      ['circle', 'defs', 'g', 'path', 'pattern', 'rect', 'style', 'svg', 'text', 'title'].sort(),
    );
    expect(svg).not.toContain('<script');
    for (const hidden of ['\u202e', '\u0007']) expect(svg).not.toContain(hidden);
    expect(svg).not.toMatch(/(href|src|url)\s*[=(]\s*["']?(https?:|\/\/)/);
  });

  test('says of every buffer its name, its size and its address, below an id that others know', () => {
    const { kernel } = bootBoard(board([cma('video@46000000', GiB + 96n * MiB, 32n * MiB)]));
    alloc(kernel, 'video@46000000', 2n * MiB);
    alloc(kernel, 'video@46000000', 1n * MiB);
    const map = memoryMap(kernel);
    const svg = mapSvg(map, layoutMap(map, { columns: 64, rows: 32 }));
    for (const [ino, words] of [
      [1, 'shell: buffer 1, 2 MiB at 0x46000000 in video@46000000'],
      [2, 'shell: buffer 2, 1 MiB at 0x46200000 in video@46000000'],
    ] as const) {
      const thing = map.things.findIndex(({ buffer }) => buffer?.ino === ino);
      expect(thingId(map, thing)).toBe(`buffer-${ino}`);
      expect(svg).toContain(`<g id="buffer-${ino}" role="img" aria-label="${words}">`);
    }
    const ids = [...svg.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const index of map.places.keys()) expect(ids).toContain(placeId(index));
  });

  test('has a colour of each theme and a look of its own for every kind', () => {
    expect(new Set(MAP_KINDS.map((kind) => JSON.stringify(LOOKS[kind].pattern))).size).toBeGreaterThan(12);
    for (const theme of ['light', 'dark'] as const) {
      expect(new Set(MAP_KINDS.map((kind) => LOOKS[kind][theme])).size).toBe(MAP_KINDS.length);
    }
  });

  test('within a page, its ids begin with a prefix that is the page’s', () => {
    const { kernel } = bootBoard(board([cma('video@46000000', GiB + 96n * MiB, 32n * MiB)]));
    const map = memoryMap(kernel);
    const picture = new MapPicture(map, layoutMap(map, { columns: 64, rows: 32 }), 'a-');
    const shapes = [mapPatterns('a-'), ...picture.grid(0).shapes, ...picture.legend(0).shapes];
    const text = shapes.map(shapeText).join('');
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(ids.length).toBeGreaterThan(10);
    expect(ids.filter((id) => !id?.startsWith('a-'))).toEqual([]);
    for (const [, id] of text.matchAll(/url\(#([^)]+)\)/g)) expect(ids).toContain(id);
  });

  test('text for XML', () => {
    expect(xmlText(`a<b>&"'`)).toBe('a&lt;b&gt;&amp;&quot;&#39;');
    expect(xmlText('\u202e\u0000\uffff')).toBe('\\u{202e}\\x00\\u{ffff}');
  });
});
