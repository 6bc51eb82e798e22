// npm run bench:boards: how many boards a second `dmaheap boards` boots, over the fixtures repeated to 1,700:
//   node scripts/run-ts.mjs scripts/bench-boards.ts [--boards 1700] [--jobs 2] [--kernel RELEASE]
//
// A whole process of the built command, from its start to its end, with the table written. Ends with 1 below the limit.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** Boards a second. */
const LIMIT = 30;

const { values } = parseArgs({
  options: {
    boards: { type: 'string', default: '1700' },
    jobs: { type: 'string', default: '2' },
    kernel: { type: 'string' },
  },
});
const root = resolve(process.argv[1] ?? '.', '../..');
const fixtures = readdirSync(join(root, 'fixtures'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.dtb'))
  .map((entry) => join(entry.parentPath, entry.name))
  .sort();
const work = mkdtempSync(join(tmpdir(), 'dmaheap-boards-'));
try {
  const count = Number(values.boards);
  for (let i = 0; i < count; i++) {
    const directory = join(work, String(Math.floor(i / fixtures.length)));
    mkdirSync(directory, { recursive: true });
    copyFileSync(fixtures[i % fixtures.length] ?? '', join(directory, `${i % fixtures.length}.dtb`));
  }
  const kernel = values.kernel === undefined ? [] : ['--kernel', values.kernel];
  const words = ['boards', work, '--jobs', values.jobs, ...kernel];
  const start = process.hrtime.bigint();
  const done = spawnSync(process.execPath, [join(root, 'bin/dmaheap.cjs'), ...words], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (done.status !== 0 && done.status !== 1) throw new Error(done.stderr);
  const rate = count / seconds;
  console.log(done.stderr.trim());
  console.log(
    `${count} boards of ${fixtures.length} fixtures in ${seconds.toFixed(1)} s: ${rate.toFixed(0)} a second`,
  );
  if (rate < LIMIT) process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true });
}
