// npm run bench:dts: how long a board source takes, beside `cpp | dtc` on the same file:
//   node scripts/run-ts.mjs scripts/bench-dts.ts [--dir DIR] [--suite NAME] [--package NAME]
//                                                 [--arch NAME] [--boards 40] [--runs 5]
//
// Cold is a whole process of the built command. Every round runs `cpp | dtc`, `dmaheap dt` and `node -e 0` one
// after another on the same board, so that a busy machine slows all of them; a board's figure is the median of
// its rounds, and what is printed is the median over the boards. Warm is a compilation in a process that has
// compiled other boards before. Ends with 1 above a limit.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { sourceFiles } from '../src/cli/read/source-files.ts';
import { compileSource } from '../src/devicetree/compile-source.ts';
import { encodeDtb } from '../src/devicetree/dtb.ts';
import { median } from './bench-rounds.ts';
import { fetchKernelSource, sourcesBelow } from './kernel-source.ts';

/** Of a board's time beyond Node's own start, in times of `cpp | dtc`. */
const COLD_LIMIT = 3;
const WARM_LIMIT_MS = 60;

const { values } = parseArgs({
  options: {
    suite: { type: 'string' },
    package: { type: 'string' },
    dir: { type: 'string', default: join(tmpdir(), 'linux-src') },
    arch: { type: 'string', default: 'arm64' },
    boards: { type: 'string', default: '40' },
    runs: { type: 'string', default: '5' },
  },
});

const command = join(resolve(process.argv[1] ?? '.', '../..'), 'bin/dmaheap.cjs');
if (!existsSync(join(dirname(command), '../dist/cli.cjs'))) {
  throw new Error('nothing to measure: npm run build first');
}
fetchKernelSource(values.dir, values);
const include = ['include', 'scripts/dtc/include-prefixes'].map((folder) => join(values.dir, folder));

/** Boards from all over the tree: every so many of the list. */
function chosen(): string[] {
  const all = sourcesBelow(join(values.dir, 'arch', values.arch, 'boot/dts')).filter((file) =>
    file.endsWith('.dts'),
  );
  const step = Math.max(1, all.length / Number(values.boards));
  return Array.from(
    { length: Math.min(all.length, Number(values.boards)) },
    (_, i) => all[Math.floor(i * step)],
  )
    .filter((file) => file !== undefined)
    .sort();
}

/** The milliseconds that a program takes, or undefined when it refuses the board. */
function timed(program: string, args: readonly string[]): number | undefined {
  const start = process.hrtime.bigint();
  const { status } = spawnSync(program, args, { stdio: 'ignore' });
  const end = process.hrtime.bigint();
  return status === 0 ? Number(end - start) / 1e6 : undefined;
}

const includeFlags = include.flatMap((folder) => ['-I', folder]);
/** As the kernel's build does; `$0` is the board, the rest are the flags of cpp. */
const PIPE =
  'cpp -nostdinc -undef -D__DTS__ -x assembler-with-cpp "$@" "$0" | dtc -q -I dts -O dtb -o /dev/null -i "$(dirname "$0")" -';

interface Round {
  readonly dtc: number;
  readonly ours: number;
  readonly bare: number;
}

function coldRound(board: string): Round | undefined {
  const dtc = timed('sh', ['-c', PIPE, board, ...includeFlags]);
  const dt = ['dt', board, ...includeFlags, '-O', 'dtb', '-o', '/dev/null'];
  const ours = timed(process.execPath, [command, ...dt]);
  const bare = timed(process.execPath, ['-e', '0']);
  if (dtc === undefined || ours === undefined || bare === undefined) return undefined;
  return { dtc, ours, bare };
}

function warm(board: string): number {
  const start = performance.now();
  const text = readFileSync(board, 'utf8');
  const readFile = sourceFiles({ directory: dirname(board), include, allowOutside: false });
  encodeDtb(compileSource({ path: board, text }, { readFile }).tree);
  return performance.now() - start;
}

interface Figures extends Round {
  readonly board: string;
  readonly ratio: number;
  readonly ownRatio: number;
}

const figures: Figures[] = [];
const boards = chosen();
for (const board of boards) {
  const rounds = Array.from({ length: Number(values.runs) + 1 }, () => coldRound(board)).slice(1);
  const good = rounds.filter((round) => round !== undefined);
  if (good.length < rounds.length) {
    console.log(`${basename(board)}: refused by one of the two, left out`);
    continue;
  }
  const of = (pick: (round: Round) => number): number => median(good.map(pick));
  figures.push({
    board,
    dtc: of((round) => round.dtc),
    ours: of((round) => round.ours),
    bare: of((round) => round.bare),
    ratio: of((round) => round.ours / round.dtc),
    ownRatio: of((round) => (round.ours - round.bare) / round.dtc),
  });
}
const warmTimes = figures.flatMap(({ board }, i) => {
  const time = warm(board);
  // The first boards pay for V8's first look at the code.
  return i < 3 ? [] : [time];
});

const over = (pick: (figure: Figures) => number): number => median(figures.map(pick));
const ms = (value: number): string => `${value.toFixed(1).padStart(6)} ms`;
const ownRatio = over((figure) => figure.ownRatio);
const warmTime = median(warmTimes);
console.log(`cpp | dtc, both processes   ${ms(over((figure) => figure.dtc))}`);
console.log(`node -e 0                   ${ms(over((figure) => figure.bare))}`);
console.log(
  `dmaheap dt, whole process   ${ms(over((figure) => figure.ours))}  ${over((figure) => figure.ratio).toFixed(2)} x`,
);
console.log(
  `  less Node's own start     ${ms(over((figure) => figure.ours - figure.bare))}  ${ownRatio.toFixed(2)} x (limit ${COLD_LIMIT})`,
);
console.log(`warm, in one process        ${ms(warmTime)}          (limit ${WARM_LIMIT_MS} ms)`);
console.log(
  `medians over ${figures.length} boards of ${values.arch}, ${values.runs} runs each, ` +
    `node ${process.versions.node}, ${process.platform} ${process.arch}`,
);
if (!(ownRatio <= COLD_LIMIT && warmTime <= WARM_LIMIT_MS)) process.exitCode = 1;
