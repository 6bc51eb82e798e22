// How much longer a cold `dmaheap alloc` on an existing session takes than node alone; a part of npm run bench:
//   node scripts/run-ts.mjs scripts/bench-start.ts [PAIRS]
//
// Pairs of runs, so that a busy machine slows both; the median of the pairs' ratios is what counts.
// Ends with 1 when it is above the limit.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { median } from './bench-rounds.ts';

const LIMIT = 1.75;
const PAIRS = Number(process.argv[2] ?? 41);
const WARM_UP = 3;

const root = resolve(process.argv[1] ?? '.', '../..');
const command = join(root, 'bin/dmaheap.cjs');
const board = join(root, 'fixtures/boards/camera-soc.dtb');

function timed(args: readonly string[]): number {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, args);
  const end = process.hrtime.bigint();
  if (status !== 0) throw new Error(`node ${args.join(' ')}: status ${status}\n${stderr}`);
  return Number(end - start) / 1e6;
}

function measure(session: string): boolean {
  const dmaheap = (...args: string[]): string[] => [command, '--session', session, ...args];
  timed(dmaheap('boot', board));
  const runs: { bare: number; alloc: number; list: number }[] = [];
  for (let i = 0; i < PAIRS + WARM_UP; i++) {
    const bare = timed(['-e', '0']);
    const alloc = timed(dmaheap('alloc', 'system', '64K'));
    const list = timed(dmaheap('list'));
    if (i >= WARM_UP) runs.push({ bare, alloc, list });
  }
  const ms = (pick: (run: (typeof runs)[number]) => number): string =>
    `${median(runs.map(pick)).toFixed(1)} ms`;
  const ratio = median(runs.map((run) => run.alloc / run.bare));
  const listRatio = median(runs.map((run) => run.list / run.bare));
  console.log(`node -e 0      ${ms((run) => run.bare)}`);
  console.log(`dmaheap alloc  ${ms((run) => run.alloc)}  ${ratio.toFixed(2)} x (limit ${LIMIT})`);
  console.log(`dmaheap list   ${ms((run) => run.list)}  ${listRatio.toFixed(2)} x`);
  console.log(
    `medians of ${runs.length} runs, node ${process.versions.node}, ${process.platform} ${process.arch}`,
  );
  return ratio <= LIMIT;
}

if (!existsSync(join(root, 'dist/cli.cjs'))) throw new Error('nothing to measure: npm run build first');
const directory = mkdtempSync(join(tmpdir(), 'dmaheap-bench-'));
try {
  if (!measure(join(directory, 'session'))) process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
