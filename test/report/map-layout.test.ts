/** Rows of cells: every page is in one cell or in a row that is shown once, and borders are where they are. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MapKind } from '../../src/report/map-kinds.ts';
import { layoutMap, type MapLine } from '../../src/report/map-layout.ts';
import type { MapPart, MemoryMap } from '../../src/report/memory-map.ts';

/** A map of things one after the other. @param given kind and pages, or a hole */
function mapOf(given: readonly (readonly [MapKind | 'hole', number])[], from = 0): MemoryMap {
  const parts: MapPart[] = [];
  let pfn = from;
  for (const [kind, pages] of given) {
    if (kind !== 'hole') parts.push({ pfn, pages, thing: parts.length });
    pfn += pages;
  }
  const kinds = given.flatMap(([kind]) => (kind === 'hole' ? [] : [kind]));
  const things = parts.map((run, at) => ({
    kind: kinds[at] ?? 'free',
    name: `thing ${at}`,
    runs: [run],
    pages: run.pages,
  }));
  return { pageSize: 4096, banner: 'Linux', segments: parts, places: [], things, parts };
}

const rows = (lines: readonly MapLine[]) => lines.flatMap((line) => (line.is === 'row' ? [line] : []));

describe('a layout', () => {
  test('has cells as small as a border needs', () => {
    const map = mapOf([
      ['kernel', 64],
      ['free', 64],
    ]);
    const { cellPages, lines } = layoutMap(map, { columns: 8, rows: 4 });
    expect(cellPages).toBe(4);
    expect(rows(lines).map(({ alike, cells }) => [alike, cells[0]?.thing, cells[7]?.mixed])).toEqual([
      [2, 0, false],
      [2, 1, false],
    ]);
  });

  test('shows once what many rows are, and holes as one line', () => {
    const map = mapOf([
      ['free', 4096],
      ['hole', 1 << 20],
      ['buffer', 1],
      ['free', 4095],
    ]);
    const { lines, cellPages } = layoutMap(map, { columns: 16, rows: 8 });
    expect(cellPages).toBe(1);
    expect(lines.map((line) => (line.is === 'hole' ? `hole ${line.pages}` : line.alike))).toEqual([
      256,
      `hole ${1 << 20}`,
      1,
      255,
    ]);
  });

  test('marks a cell of several kinds, and names what is smaller than a cell', () => {
    const map = mapOf([
      ['dtb', 1],
      ['free', (1 << 16) - 2],
      ['initrd', 1],
      ['free', 1 << 16],
    ]);
    const { lines, small, cellPages } = layoutMap(map, { columns: 8, rows: 2 });
    expect(cellPages).toBeGreaterThan(1);
    expect(rows(lines)[0]?.cells[0]?.mixed).toBe(true);
    expect(small).toEqual([0, 2]);
  });

  test('keeps to a window', () => {
    const map = mapOf([['free', 100]], 1000);
    const { lines, cellPages } = layoutMap(map, {
      columns: 8,
      rows: 8,
      window: { pfn: 1010, pages: 4 },
    });
    const [row] = rows(lines);
    expect([cellPages, row?.pfn]).toEqual([1, 1008]);
    expect(row?.cells.map(({ thing }) => thing)).toEqual([
      undefined,
      undefined,
      0,
      0,
      0,
      0,
      undefined,
      undefined,
    ]);
  });

  test('has every page in one row, whatever there is', () => {
    const kind = fc.constantFrom<MapKind | 'hole'>('free', 'buffer', 'reserved', 'hole');
    const runs = fc.array(fc.tuple(kind, fc.integer({ min: 1, max: 5000 })), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(runs, fc.nat(3000), fc.integer({ min: 1, max: 30 }), (given, from, most) => {
        const map = mapOf(given, from);
        if (map.parts.length === 0) return;
        const { lines, cellPages, columns } = layoutMap(map, { columns: 8, rows: most });
        const shown = rows(lines);
        for (const { pfn, pages, thing } of map.parts) {
          // The first and the last page of each part are in a row, and a row has them once.
          for (const page of [pfn, pfn + pages - 1]) {
            const own = shown.filter(
              (row) => page >= row.pfn && page < row.pfn + row.alike * cellPages * columns,
            );
            expect(own).toHaveLength(1);
            const column = Math.floor((page - (own[0]?.pfn ?? 0)) / cellPages) % columns;
            const cell = own[0]?.cells[column];
            expect(cell?.thing === thing || (cell?.things ?? 0) > 1).toBe(true);
          }
        }
        const whole = (map.parts.at(-1)?.pfn ?? 0) + 5000 <= cellPages * columns;
        if (!whole) expect(shown.length).toBeLessThanOrEqual(Math.max(most, 2));
      }),
      { numRuns: 300 },
    );
  });
});
