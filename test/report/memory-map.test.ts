/** The map of memory: every page belongs to one thing, and the sums are those of regions, list and buffers. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { echo } from '../../src/program/echo.ts';
import { isFree } from '../../src/report/map-kinds.ts';
import { layoutMap } from '../../src/report/map-layout.ts';
import { mapTables } from '../../src/report/map-tables.ts';
import { freeSpaces } from '../../src/report/map-words.ts';
import { joinedRuns, type MemoryMap, memoryMap } from '../../src/report/memory-map.ts';
import { roundSize } from '../../src/report/round-size.ts';
import { formatHex, GiB, MiB, type PfnRange } from '../../src/units.ts';
import { alloc, board, bootBoard, cma, coherent, dynamicCma, node, range } from '../small-board.ts';

const pagesOf = (runs: readonly PfnRange[]): number => runs.reduce((sum, { pages }) => sum + pages, 0);

/** Every page of memory is in one part, and in no two. */
function expectPartition(map: MemoryMap): void {
  let at: number | undefined;
  const ends: number[] = [];
  for (const { pfn, pages } of map.parts) {
    expect(pages).toBeGreaterThan(0);
    expect(pfn).toBeGreaterThanOrEqual(at ?? 0);
    at = pfn + pages;
    ends.push(at);
  }
  expect(joinedRuns(map.parts)).toEqual(map.segments);
  for (const [index, thing] of map.things.entries()) {
    const own = map.parts.filter((part) => part.thing === index);
    expect(thing.runs.map(({ pfn, pages }) => [pfn, pages])).toEqual(
      own.map(({ pfn, pages }) => [pfn, pages]),
    );
    expect(thing.pages).toBe(pagesOf(own));
  }
}

/** What the map says is what the other views say. */
function expectSums(map: MemoryMap, kernel: Kernel): void {
  const size = BigInt(map.pageSize);
  for (const region of kernel.regions()) {
    if (region.base === undefined || region.size === undefined || region.kind === 'none') continue;
    const index = map.places.findIndex((place) => place.region === region);
    const own = map.parts.filter((part) => part.place === index);
    expect([region.name, BigInt(pagesOf(own)) * size]).toEqual([region.name, region.size]);
  }
  for (const buffer of kernel.buffers()) {
    const thing = map.things.find((one) => one.buffer?.ino === buffer.ino);
    expect([buffer.ino, thing?.pages]).toEqual([buffer.ino, pagesOf(buffer.sgTable)]);
  }
  for (const heap of kernel.heaps()) {
    const place = map.places.findIndex(({ area }) => area?.heaps.includes(heap.name));
    const free = map.things.filter(
      (thing) => isFree(thing.kind) && thing.place === (place < 0 ? undefined : place),
    );
    const pages = free.reduce((sum, thing) => sum + thing.pages, 0);
    expect([heap.name, BigInt(pages) * size]).toEqual([heap.name, heap.free]);
    if (place < 0) continue;
    const space = freeSpaces(map).find(({ heaps }) => heaps.includes(heap.name));
    expect([heap.name, BigInt(space?.pages ?? 0) * size]).toEqual([heap.name, heap.size]);
  }
}

/** The tables below the map have all regions and all buffers. */
function expectTables(map: MemoryMap, kernel: Kernel): void {
  const layout = layoutMap(map, { columns: 32, rows: 24 });
  const tables = mapTables(map, layout);
  const rowsOf = (title: string) => tables.find(({ columns }) => columns[0]?.title === title)?.rows ?? [];
  const free = rowsOf('FREE IN');
  const reserved = rowsOf('RESERVED, NO HEAP');
  for (const { name, heaps, base, size, kind } of kernel.regions()) {
    if (base === undefined || size === undefined || kind === 'none') continue;
    const told = kind === 'reserved' ? reserved : free;
    const row = told.filter(([own]) => own === (heaps.length === 0 ? name : heaps.join(' = ')));
    expect([name, row.length]).toEqual([name, 1]);
    expect(row[0]).toContain(roundSize(size));
    if (kind === 'reserved') expect(row[0]).toContain(formatHex(base));
  }
  expect(free).toHaveLength(freeSpaces(map).length);
  const buffers = [...kernel.buffers()].sort((a, b) => Number(b.size - a.size));
  const ofTasks = tables.find(({ columns }) => columns[2]?.title === 'BUFFERS');
  const count = ofTasks?.rows.reduce((sum, row) => sum + Number(row[2]), 0);
  if (ofTasks !== undefined) expect(count).toBe(buffers.length);
  const one = tables.find(({ columns }) => columns[1]?.title === 'BUFFER');
  const more = Number(/^and (\d+) more/.exec(one?.notes[0] ?? '')?.[1] ?? 0);
  expect((one?.rows.length ?? 0) + more).toBe(buffers.length);
  // The largest ones are told, whatever order equals have.
  const most = buffers.slice(0, one?.rows.length ?? 0).map(({ sgTable }) => pagesOf(sgTable));
  expect(one?.rows.map((row) => row[3]) ?? []).toEqual(
    most.map((pages) => roundSize(BigInt(pages) * BigInt(map.pageSize))),
  );
  const small = rowsOf('SMALLER THAN A CELL').length;
  expect(small > 0).toBe(layout.small.length > 0);
}

/** What the map calls the largest buffer is what one allocation gets, there; a page more is refused. */
function expectLargest(map: MemoryMap, kernel: Kernel): void {
  const size = BigInt(map.pageSize);
  for (const { heaps, largest, longest } of freeSpaces(map)) {
    const [heap] = heaps;
    if (heap === undefined || largest === undefined) continue;
    const get = (pages: number) =>
      kernel.rehearse((other) => {
        const { errno } = alloc(other, heap, BigInt(pages) * size);
        return { errno, run: other.buffers().at(-1)?.sgTable[0] };
      });
    if (largest.pages > 0) {
      const { errno, run } = get(largest.pages);
      expect([heap, errno]).toEqual([heap, undefined]);
      if (heap !== 'system') expect([heap, run?.pfn]).toEqual([heap, largest.pfn]);
    }
    // Of RAM nothing is left: the kernel kills the task.
    expect([heap, get(largest.pages + 1).errno]).toEqual([heap, heap === 'system' ? 'EINTR' : 'ENOMEM']);
    if (heap !== 'system') expect(largest.pages).toBeLessThanOrEqual(longest?.pages ?? 0);
  }
}

const BOARD = board(
  [
    coherent('pool@45000000', GiB + 80n * MiB, 4n * MiB),
    coherent('next@45400000', GiB + 84n * MiB, 1n * MiB),
    cma('video@46000000', GiB + 96n * MiB, 32n * MiB),
    node('fw@48000000', { reg: [range(GiB + 128n * MiB, 3n * MiB)], compatible: [], noMap: true }),
    node('log@48800000', { reg: [range(GiB + 136n * MiB, MiB)], compatible: [] }),
    dynamicCma('dyn', 8n * MiB),
  ],
  { memory: [range(GiB, 256n * MiB), range(3n * GiB, 64n * MiB)] },
);

describe('the map of memory', () => {
  test('of a boot', () => {
    const { kernel } = bootBoard(BOARD);
    const map = memoryMap(kernel);
    expectPartition(map);
    expectSums(map, kernel);
    const kinds = new Set(map.things.map(({ kind }) => kind));
    for (const kind of ['kernel', 'dtb', 'early', 'no-map', 'reserved', 'area-free', 'pool-free', 'free']) {
      expect(kinds).toContain(kind);
    }
  });

  test('after any calls', () => {
    const size = fc.constantFrom(4096n, 65536n, 300n * 1024n, 1n * MiB, 3n * MiB, 9n * MiB);
    const heap = fc.constantFrom(
      'system',
      'video@46000000',
      'pool@45000000',
      'next@45400000',
      'default_cma_region',
    );
    const step = fc.oneof(
      fc.record({ heap, size }),
      fc.record({ free: fc.nat(30) }),
      fc.record({ drain: heap }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const { kernel } = bootBoard(BOARD);
        for (const one of steps) {
          if ('heap' in one) alloc(kernel, one.heap, one.size);
          else if ('free' in one) kernel.syscall('shell', { call: 'close', fd: one.free });
          else while (alloc(kernel, one.drain, 8n * MiB).fd > 0);
        }
        const map = memoryMap(kernel);
        expectPartition(map);
        expectSums(map, kernel);
        expectTables(map, kernel);
        expectLargest(map, kernel);
      }),
      { numRuns: 25 },
    );
  });

  test('a buffer is one thing in however many pieces it lies', () => {
    const { kernel } = bootBoard(BOARD);
    alloc(kernel, 'system', 300n * 1024n);
    const own = memoryMap(kernel).things.filter(({ kind }) => kind === 'buffer');
    expect(own).toHaveLength(1);
    expect(own[0]?.runs.length).toBeGreaterThan(1);
  });

  test('two names of one area are one place', () => {
    const { kernel } = bootBoard(
      board([cma('linux,cma@46000000', GiB + 96n * MiB, 32n * MiB, { linuxCmaDefault: true })]),
    );
    const [place, ...others] = memoryMap(kernel).places;
    expect(others).toEqual([]);
    expect(place?.area?.heaps).toEqual(['default_cma_region', 'linux,cma@46000000']);
  });

  test('pages that nobody known has are taken, and not free', () => {
    const { kernel } = bootBoard(BOARD);
    echo({ kernel, task: 'shell' }, '/sys/kernel/debug/cma/video@46000000/alloc', '16');
    const map = memoryMap(kernel);
    expectPartition(map);
    const taken = map.things.find(({ kind }) => kind === 'taken');
    expect([taken?.name, taken?.pages]).toEqual(['video@46000000', 16]);
  });
});
