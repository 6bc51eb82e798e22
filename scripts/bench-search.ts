// How long the search for free pages in a fragmented area takes beside a loop in C over the same bits; a part of
// npm run bench:
//   node scripts/run-ts.mjs scripts/bench-search.ts [ROUNDS]
//
// An area of 1,048,576 pages in which 3,000 runs are taken, with gaps between them; what is asked for fits only behind
// the last. `bits` and `coherent` are the search alone, for a heap's alignment or anywhere, and for a power of two of pages;
// `CMA` is a call of the allocator that takes the pages, and the one that gives them back. bench-search.c is compiled with the system's compiler (cc -O2) at every start; without one nothing
// is compared, and the line says so. Its words have 64 bits.
//
// Both sides do the same search 101 times in a round and take the median; the median of the rounds' ratios is what counts.
// `first` is the first search of all, before V8 has compiled it or has filled any cache.
// Ends with 1 when a ratio is above the limit; fails when the answers differ.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Bitmap } from '../src/mm/alloc/bitmap.ts';
import { Cma, createCma } from '../src/mm/alloc/cma.ts';
import { createCoherentPool, DmaCoherentMem } from '../src/mm/alloc/coherent.ts';
import { createPerCpuPages } from '../src/mm/alloc/per-cpu-pages.ts';
import { Printk } from '../src/printk.ts';
import { getOrder } from '../src/units.ts';
import { bareRecords } from '../test/pages.ts';
import { median } from './bench-rounds.ts';

/** In times of the C loop. */
const LIMIT = 3;
const ROUNDS = Number(process.argv[2] ?? 31);
const WARM_UP = 2;
const TURNS = 101;

const PAGES = 2 ** 20;
const RUNS = 3000;
const BASE = 0x40000;
/** Free pages behind the last run, so that each search ends there. */
const ROOM = 2 ** 16;
/** CONFIG_CMA_ALIGNMENT */
const MOST_ORDER = 8;

/** The same numbers at every start: 0 up to, not including, `below`. */
function draws(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/**
 * Takes `RUNS` runs at even distances, each `taken` of its distance long give or take a half, with a gap of at least a
 * page behind each; then nothing is free up to the room at the end but gaps.
 */
function fragment(bitmap: Bitmap, taken: number): void {
  const draw = draws(1);
  const pitch = (PAGES - ROOM) / RUNS;
  for (let i = 0; i < RUNS; i++) {
    const start = Math.round(i * pitch);
    const next = Math.round((i + 1) * pitch);
    const length = Math.round(pitch * taken * (0.5 + draw(1000) / 1000));
    const most = next - start - (i === RUNS - 1 ? 0 : 1);
    bitmap.set(i === RUNS - 1 ? next - Math.min(length, most) : start, Math.min(length, most));
  }
}

interface Search {
  readonly what: string;
  /** How much of the area is taken. */
  readonly taken: number;
  readonly pages: number;
}

const SEARCHES: readonly Search[] = [
  { what: 'half taken, 1,024 pages', taken: 0.5, pages: 1024 },
  { what: 'half taken, 512 pages', taken: 0.5, pages: 512 },
  { what: 'half taken, 400 pages', taken: 0.5, pages: 400 },
  { what: 'mostly taken, 256 pages', taken: 0.8, pages: 256 },
  { what: 'gaps of a page, 2 pages', taken: 2, pages: 2 },
  { what: 'gaps of a page, 100 pages', taken: 2, pages: 100 },
  { what: 'mostly free, 2,048 pages', taken: 0.05, pages: 2048 },
  { what: 'mostly free, 40,000 pages', taken: 0.05, pages: 40_000 },
];

interface Contender {
  readonly what: string;
  readonly bitmap: Bitmap;
  readonly align: number;
  readonly offset: number;
  readonly pages: number;
  /** Searches, and leaves everything as it was. @returns the bit, or `PAGES` when there is none */
  readonly search: () => number;
}

function inArea({ what, taken, pages }: Search): readonly Contender[] {
  const records = bareRecords();
  createCma(records, 0, 'bench', BASE, PAGES);
  createPerCpuPages(records, [{ span: { pfn: BASE, pages: PAGES }, managed: PAGES }]);
  const cma = new Cma(records, 0);
  fragment(cma.bitmap, taken);
  const printk = new Printk(records);
  const order = Math.min(getOrder(pages), MOST_ORDER);
  const align = 2 ** order;
  const offset = BASE % align;
  const common = { bitmap: cma.bitmap, align, offset, pages };
  return [
    {
      ...common,
      what: `bits, ${what}`,
      search: () => cma.bitmap.findZeroArea(0, pages, align, offset) ?? PAGES,
    },
    {
      ...common,
      what: `bits, ${what}, anywhere`,
      align: 1,
      search: () => cma.bitmap.findZeroArea(0, pages, 1, offset) ?? PAGES,
    },
    {
      ...common,
      what: `CMA, ${what}`,
      search: () => {
        // Made for a call, as the kernel model does.
        const area = new Cma(records, 0);
        const pfn = area.alloc(pages, order, printk, undefined, true);
        if (pfn !== undefined) area.release(pfn, pages);
        return pfn === undefined ? PAGES : pfn - BASE;
      },
    },
  ];
}

function inPool({ what, taken, pages }: Search): Contender {
  const records = bareRecords();
  createCoherentPool(records, 0, { name: 'bench', pfnBase: BASE, size: PAGES });
  const { bitmap } = new DmaCoherentMem(records, 0);
  fragment(bitmap, taken);
  return {
    what: `coherent, ${what}`,
    bitmap,
    align: 2 ** getOrder(pages),
    offset: 0,
    pages: 2 ** getOrder(pages),
    search: () => bitmap.findFreeRegion(getOrder(pages)) ?? PAGES,
  };
}

/** Compiles the loop in C. @returns the program, or `undefined` where there is no compiler */
function compile(directory: string): string | undefined {
  const source = join(resolve(process.argv[1] ?? '.', '..'), 'bench-search.c');
  const program = join(directory, 'bench-search');
  const { status, error, stderr } = spawnSync('cc', ['-O2', '-o', program, source], { encoding: 'utf8' });
  if (error !== undefined) return undefined;
  if (status !== 0) throw new Error(`cc: ${stderr}`);
  return program;
}

/** The median of the nanoseconds that a search takes here. */
function ours(search: () => number): number {
  const turns: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const start = process.hrtime.bigint();
    search();
    turns.push(Number(process.hrtime.bigint() - start));
  }
  return median(turns);
}

/** The same in C, and the bit that was found. */
function theirs(program: string, file: string, { pages, align, offset }: Contender): [number, number] {
  const args = [file, PAGES, TURNS, 0, pages, align, offset].map(String);
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the C loop ends with ${status}: ${stderr}`);
  const [answer = Number.NaN, time = Number.NaN] = stdout.trim().split(' ').map(Number);
  return [answer, time];
}

function compare(program: string, file: string, contender: Contender): boolean {
  const words = Uint32Array.from({ length: PAGES / 32 }, (_, index) => contender.bitmap.word(index));
  writeFileSync(file, words);
  const start = process.hrtime.bigint();
  const found = contender.search();
  const first = Number(process.hrtime.bigint() - start);
  const turns: { we: number; they: number }[] = [];
  for (let round = 0; round < ROUNDS + WARM_UP; round++) {
    const we = ours(contender.search);
    const [answer, they] = theirs(program, file, contender);
    if (answer !== found) throw new Error(`${contender.what}: C finds bit ${answer}, we find ${found}`);
    if (round >= WARM_UP) turns.push({ we, they });
  }
  const ratio = median(turns.map(({ we, they }) => we / they));
  const us = (time: number): string => `${(time / 1000).toFixed(1).padStart(7)} µs`;
  const good = ratio <= LIMIT;
  console.log(
    `  ${contender.what.padEnd(42)} ${us(median(turns.map(({ we }) => we)))}  C ${us(
      median(turns.map(({ they }) => they)),
    )}  ${ratio.toFixed(2)} x (limit ${LIMIT}${good ? '' : ', MISSED'})  first ${us(first)}`,
  );
  return good;
}

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-bench-'));
try {
  const program = compile(directory);
  console.log(`free pages among ${PAGES} with ${RUNS} runs taken, medians of ${ROUNDS} rounds`);
  if (program === undefined)
    console.log('  absent: no C compiler (cc), so that there is nothing to compare with');
  else {
    const contenders = SEARCHES.flatMap((search) => [
      ...inArea(search),
      // Longer ones are 16 looks in a pool.
      ...(search.pages < 10_000 ? [inPool(search)] : []),
    ]);
    const kept = contenders.map((contender) => compare(program, join(directory, 'bits'), contender));
    if (kept.includes(false)) process.exitCode = 1;
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
