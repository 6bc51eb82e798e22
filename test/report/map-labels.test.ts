/** Names beside rows: they fit, each row that is another than the one before has one, and neighbours are told apart. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutName } from '../../src/cut-text.ts';
import { fitNames, rowNames } from '../../src/report/map-labels.ts';
import { layoutMap } from '../../src/report/map-layout.ts';
import { secondShade } from '../../src/report/map-words.ts';
import type { MapPart, MemoryMap } from '../../src/report/memory-map.ts';

const place = (text: string) => ({ text, isPlace: true });
const thing = (text: string) => ({ text, isPlace: false });

describe('names beside a row', () => {
  test('a region gives way before a buffer, and what has no room is counted', () => {
    const names = [place('video-cma@60000000'), thing('camera: frame 0'), thing('camera: frame 1')];
    expect(fitNames(names, 60, '…').text).toBe('video-cma@60000000; camera: frame 0; camera: frame 1');
    expect(fitNames(names, 48, '…').text).toBe('video-c…000000; camera: frame 0; camera: frame 1');
    expect(fitNames(names, 40, '…')).toEqual({ text: 'video-cma@60000000; camera: frame 0; +1', more: 1 });
    expect(fitNames(names, 20, '…')).toEqual({ text: 'video-cm…0000000; +2', more: 2 });
    expect(fitNames([], 20, '…')).toEqual({ text: '', more: 0 });
  });

  test('two names of one area stay two, or one is told', () => {
    const both = 'default_cma_region = linux,cma@a0000000';
    expect(cutName(both, 39, '…')).toBe(both);
    expect(cutName(both, 27, '…')).toBe('defaul…egion = linux,…00000');
    expect(cutName(both, 20, '..')).toBe('def..ion = lin..000');
    expect(cutName(both, 14, '…')).toBe('default…region');
  });

  test('fit into any room', () => {
    const name = fc.record({ text: fc.string({ maxLength: 40 }), isPlace: fc.boolean() });
    fc.assert(
      fc.property(fc.array(name, { maxLength: 9 }), fc.integer({ min: 16, max: 90 }), (names, room) => {
        const { text, more } = fitNames(names, room, '…');
        expect(text.length).toBeLessThanOrEqual(room);
        expect(text.endsWith(`+${more}`) || more === 0).toBe(true);
        expect(more).toBeLessThan(Math.max(names.length, 1));
      }),
    );
  });
});

/** A map of things in the order of their pages: [number of the thing, pages]. */
function mapOf(given: readonly (readonly [thing: number, pages: number])[]): MemoryMap {
  const parts: MapPart[] = [];
  let pfn = 0;
  for (const [thing, pages] of given) {
    parts.push({ pfn, pages, thing });
    pfn += pages;
  }
  const count = Math.max(...given.map(([thing]) => thing)) + 1;
  const things = Array.from({ length: count }, (_, at) => {
    const runs = parts.filter((part) => part.thing === at);
    const pages = runs.reduce((sum, run) => sum + run.pages, 0);
    return { kind: 'buffer' as const, name: `frame ${at}`, number: at, tasks: ['camera'], runs, pages };
  });
  return { pageSize: 4096, banner: 'Linux', segments: [{ pfn: 0, pages: pfn }], places: [], things, parts };
}

const runs = fc.array(fc.tuple(fc.nat(6), fc.integer({ min: 1, max: 3000 })), {
  minLength: 1,
  maxLength: 30,
});

test('a row that has other things than the one before has a name, and the same rows have none', () => {
  fc.assert(
    fc.property(runs, (given) => {
      const map = mapOf(given);
      const layout = layoutMap(map, { columns: 8, rows: 12 });
      const names = rowNames(map, layout);
      for (const [at, line] of layout.lines.entries()) {
        if (line.is === 'hole') continue;
        const before = layout.lines[at - 1];
        const isOther =
          before?.is !== 'row' || JSON.stringify(before.has) !== JSON.stringify(line.has) || line.alike > 1;
        expect((names[at]?.length ?? 0) > 0).toBe(isOther);
        // It is of something that is there.
        for (const { text } of names[at] ?? []) {
          expect(line.has.map((index) => `camera: frame ${index}`)).toContain(text);
        }
      }
    }),
  );
});

test('buffers in one piece have another shade than the one before', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 30 });
  fc.assert(
    fc.property(lengths, (given) => {
      const shade = secondShade(mapOf(given.map((pages, thing) => [thing, pages] as const)));
      for (const at of given.keys()) if (at > 0) expect(shade.has(at)).not.toBe(shade.has(at - 1));
    }),
  );
});
