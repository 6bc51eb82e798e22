// What a scenario of 100,000 steps takes beside the same calls made through the library; a part of npm run bench:
//   node scripts/run-ts.mjs scripts/bench-scenario.ts [ROUNDS]
//
// The time is the process's own (user and system), which a busy machine disturbs less than the clock. Reading 100,000
// steps that are written out is measured apart, without a limit.
// Ends with 1 when the median of the rounds' ratios is above the limit.
import { boot } from '../src/kernel/boot/boot.ts';
import { Kernel, layoutOf } from '../src/kernel/kernel.ts';
import { InMemoryPhysMemory } from '../src/mm/phys-memory.ts';
import { MemoryRecords } from '../src/records.ts';
import { compileScenario, readScenario, ScenarioRun } from '../src/scenario/index.ts';
import { sha256 } from '../src/session/kept-bytes.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../src/uapi/dma-heap.ts';
import { O_CLOEXEC, O_RDWR } from '../src/uapi/fcntl.ts';
import { GiB, MiB } from '../src/units.ts';
import { pfnPhys } from '../test/pages.ts';
import { board, cma, RAM_BASE, range } from '../test/small-board.ts';
import { median } from './bench-rounds.ts';

const LIMIT = 1.2;
const ROUNDS = Number(process.argv[2] ?? 11);
const WARM_UP = 2;
const STEPS = 100_000;
const PAIRS = STEPS / 2;

const AREA = 'frames';
const BOARD = board([cma(AREA, RAM_BASE + 512n * MiB, 64n * MiB)], { memory: [range(RAM_BASE, GiB)] });

const LOOP = `
board: board
steps:
  - repeat:
      times: ${PAIRS}
      do:
        - alloc: { heap: ${AREA}, size: 64K }
          as: a
          expect: { size: 64K, phys: ">= 0x40000000" }
        - free: a
expect: { leaks: none }
`;

const prepare = (text: string) =>
  compileScenario(readScenario(text, 'bench.yaml'), BOARD, { readFile: () => new Uint8Array(), sha256 });

/** The program that somebody would have written instead, with the same two looks at what it got. */
function library(): void {
  const records = new MemoryRecords();
  boot(BOARD, {}, records);
  const kernel = new Kernel(records, new InMemoryPhysMemory(layoutOf(records)));
  for (let i = 0; i < PAIRS; i++) {
    const node = kernel.syscall('shell', { call: 'open', path: `/dev/dma_heap/${AREA}`, flags: O_RDWR }).ret;
    const data = { len: 65536n, fd: 0, fd_flags: O_RDWR | O_CLOEXEC, heap_flags: 0n };
    const arg = encodeDmaHeapAllocationData(data);
    kernel.syscall('shell', { call: 'ioctl', fd: node, request: DMA_HEAP_IOCTL_ALLOC, arg });
    kernel.syscall('shell', { call: 'close', fd: node });
    const { fd } = decodeDmaHeapAllocationData(arg);
    const buffer = kernel.buffer('shell', fd);
    if (buffer?.size !== 65536n || pfnPhys(buffer.sgTable[0]?.pfn ?? 0) < RAM_BASE)
      throw new Error('no buffer');
    kernel.syscall('shell', { call: 'close', fd });
  }
  if (kernel.buffers().length > 0) throw new Error('a leak');
}

function scenario(): void {
  const run = new ScenarioRun(prepare(LOOP));
  while (!run.advance(256)) {
    // On to the next slice, as the command does.
  }
  const { verdict, steps } = run.report();
  if (verdict !== 'passed' || steps !== STEPS) throw new Error(`${verdict} after ${steps} steps`);
}

/** The same written out, as `export` writes a history. */
function writtenOut(): string {
  const steps = Array.from(
    { length: PAIRS },
    (_, i) =>
      `  - alloc: { heap: ${AREA}, size: 64K }\n    as: a${i}\n    expect: { phys: 0x60000000 }\n  - free: a${i}\n`,
  );
  return `board: board\nsteps:\n${steps.join('')}`;
}

/** The seconds of processor time that `body` takes. */
function seconds(body: () => void): number {
  const start = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

const ratios: number[] = [];
const ours: number[] = [];
const theirs: number[] = [];
for (let round = 0; round < ROUNDS + WARM_UP; round++) {
  // Whoever comes second finds warmer caches: they swap.
  const early = round % 2 === 0 ? seconds(library) : undefined;
  const own = seconds(scenario);
  const other = early ?? seconds(library);
  if (round < WARM_UP) continue;
  ratios.push(own / other);
  ours.push(own);
  theirs.push(other);
}
const ratio = median(ratios);
const good = ratio <= LIMIT;
console.log(`a scenario of ${STEPS} steps`);
console.log(
  `  ${median(ours).toFixed(2)} s  library ${median(theirs).toFixed(2)} s  ${ratio.toFixed(2)} x (limit ${LIMIT}${good ? '' : ', MISSED'})`,
);
const text = writtenOut();
const reading = seconds(() => prepare(text));
console.log(
  `  reading ${STEPS} steps that are written out (${(text.length / 2 ** 20).toFixed(1)} MiB): ${reading.toFixed(2)} s`,
);
console.log(
  `medians of ${ratios.length} rounds, node ${process.versions.node}, ${process.platform} ${process.arch}`,
);
if (!good) process.exitCode = 1;
