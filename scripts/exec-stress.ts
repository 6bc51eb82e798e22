/**
 * npm run exec:stress [-- --rounds N] [--heap NAME] [--kills N]
 *
 * 8 wrapped processes allocate, map, write, read back and free 10,000 buffers each on one session (test/native/exec-stress.c), three
 * times; then again while children are killed at random. Meanwhile commands look at the session and allocate on it. After each round
 * nothing may be left, no two buffers may have shared a page, and the server's memory after the third round may be 1.1 x that after
 * the first. Needs Linux and a C compiler. Exit codes: 0 all hold; 1 not; 2 wrong usage.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readMarker } from '../src/exec/server-marker.ts';
import { openSession } from '../src/session/local-session.ts';

const PROCESSES = 8;
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10000' },
    heap: { type: 'string', default: 'system' },
    kills: { type: 'string', default: '100' },
  },
});

const dmaheap = resolve('bin/dmaheap.cjs');
const work = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'dmaheap-stress-'));
const path = join(work, 'session');
const program = join(work, 'exec-stress');
const wrong: string[] = [];

function command(...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [dmaheap, ...words], { encoding: 'utf8' });
  if (status !== 0) wrong.push(`dmaheap ${words.join(' ')}: exit ${status}: ${stderr.trim()}`);
  return stdout;
}

/** Lines of /proc/PID/status in KiB. */
function residentKiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Two live buffers that share a page frame; `undefined` when none do. */
function overlap(): string | undefined {
  const session = openSession({ path, from: '--session' });
  try {
    const pieces = session.view((kernel) =>
      kernel.buffers().flatMap(({ ino, sgTable }) => sgTable.map(({ pfn, pages }) => ({ ino, pfn, pages }))),
    );
    pieces.sort((a, b) => a.pfn - b.pfn);
    for (const [index, piece] of pieces.entries()) {
      const next = pieces[index + 1];
      if (next !== undefined && next.pfn < piece.pfn + piece.pages)
        return `inodes ${piece.ino} and ${next.ino}`;
    }
    return undefined;
  } finally {
    session.close();
  }
}

const exec = (...words: readonly string[]): ChildProcess =>
  spawn(process.execPath, [dmaheap, 'exec', '--session', path, '--', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });

/** One run of the program, with others who look and allocate meanwhile. */
async function round(name: string, kills: number): Promise<void> {
  const start = Date.now();
  const child = exec(program, values.heap, String(PROCESSES), values.rounds, String(kills));
  let output = '';
  child.stdout?.on('data', (data) => {
    output += data;
  });
  const ended = new Promise<number | null>((done) => child.once('close', done));
  let looks = 0;
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over) {
    await new Promise((wait) => setTimeout(wait, 500));
    if (over) break;
    const shared = overlap();
    if (shared !== undefined) wrong.push(`${name}: ${shared} share a page`);
    const [fd] = /^\d+/.exec(command('alloc', '--session', path, values.heap, '4K')) ?? [];
    if (fd !== undefined) command('free', '--session', path, fd);
    looks++;
  }
  const status = await ended;
  const marker = readMarker(path);
  const left = openSession({ path, from: '--session' });
  const buffers = left.view((kernel) => kernel.bufferCount());
  left.close();
  if (status !== 0) wrong.push(`${name}: the program ended with ${status}: ${output}`);
  if (buffers !== 0) wrong.push(`${name}: ${buffers} buffers are left`);
  const memory = marker === undefined ? Number.NaN : residentKiB(marker.pid);
  resident.push(memory);
  process.stdout.write(
    `${name}: ${output.trim()}; ${((Date.now() - start) / 1000).toFixed(1)} s; ${looks} looks by others; ${buffers} left; server ${memory} KiB\n`,
  );
}

const resident: number[] = [];
execFileSync('cc', ['-O2', '-o', program, resolve('test/native/exec-stress.c')]);
command('boot', '--session', path, resolve('fixtures/boards/camera-soc.dts'));
// Keeps the server between the rounds.
const holder = exec('sleep', '100000');
try {
  for (let n = 1; n <= 3; n++) await round(`round ${n}`, 0);
  const [first = Number.NaN, , third = Number.NaN] = resident;
  process.stdout.write(`the server's memory: ${(third / first).toFixed(2)} x after the third round\n`);
  if (!(third <= 1.1 * first)) wrong.push("the server's memory grows");
  await round('with kills', Number(values.kills));
  process.stdout.write(command('session', 'check', '--session', path));
} finally {
  holder.kill('SIGTERM');
  await new Promise((done) => holder.once('close', done));
  rmSync(work, { recursive: true, force: true });
}
for (const line of wrong) process.stdout.write(`wrong: ${line}\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
