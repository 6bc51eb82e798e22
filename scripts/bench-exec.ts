// What a program's calls cost through `dmaheap exec` (preload carrier); a part of npm run bench:
//   node scripts/run-ts.mjs scripts/bench-exec.ts [DISK_DIR]
//
// bench-exec.c measures from inside the program, in one run, 31 turns each:
//   round trip   an allocation of 4 KiB, 1 MiB, 8 MiB beside a bare echo between C and Node over a Unix socket; the close beside it;
//                with the session in memory (/dev/shm) and on a disk (DISK_DIR, else the temporary directory). Limit: 3 x for 4 KiB in memory
//   together     allocations and closes a second of 8 processes beside one. Limit: 0.8 x
//   carriers     an allocation, a close and a DMA_BUF_IOCTL_SYNC by the second carrier beside the first, in turns, in memory
//   check-sync   a DMA_BUF_IOCTL_SYNC of a mapped buffer of 8 and 64 MiB with --check-sync and without
//   writing      filling a mapped 64 MiB buffer beside anonymous shared memory, after the first touch. Limit: 0.95 x
//   commands     allocations a second beside single `dmaheap alloc` commands. Limit: 150 x
// Ends with 1 when a limit is missed. Needs Linux and a C compiler.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { median } from './bench-rounds.ts';

const TURNS = 31;
const BOARD = 'fixtures/boards/camera-soc.dts';
const HEAP = 'system';
const dmaheap = resolve('bin/dmaheap.cjs');

/** An echo server in a Node of its own: answers 80 bytes to each 120. */
const ECHO = `require('node:net').createServer((socket) => {
  let got = 0; const answer = Buffer.alloc(80);
  socket.on('data', (data) => { got += data.length; for (; got >= 120; got -= 120) socket.write(answer); });
  socket.on('error', () => {});
}).listen(process.argv[1], () => console.log('ready'));`;

const work = mkdtempSync(join(tmpdir(), 'dmaheap-bench-'));
const disk = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'dmaheap-bench-'));
const memory = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/dmaheap-bench-') : undefined;
const program = join(work, 'bench-exec');
execFileSync('cc', ['-O2', '-o', program, resolve('scripts/bench-exec.c')]);
let missed = false;

function command(words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [dmaheap, ...words], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`dmaheap ${words.join(' ')}: exit ${status}\n${stderr}`);
  return stdout;
}

/** Boots a session and runs the program on it. @param options of `exec` */
function measured(
  dir: string,
  words: readonly (string | number)[],
  ...options: readonly string[]
): Record<string, number> {
  const session = join(dir, 'session');
  if (!existsSync(session)) command(['boot', '--session', session, BOARD]);
  return JSON.parse(command(['exec', '--session', session, ...options, '--', program, ...words.map(String)]));
}

/** The second carrier beside the first: medians of seven runs of each. */
function carriers(dir: string, socket: string): void {
  const runs = ['preload', 'seccomp'].map((carrier) => {
    const times: Record<'alloc' | 'close' | 'sync', number[]> = { alloc: [], close: [], sync: [] };
    return { carrier, ...times };
  });
  for (let turn = 0; turn < 7; turn++) {
    for (const { carrier, alloc, close, sync } of runs) {
      const one = measured(dir, ['echo', socket, HEAP, 4096, 200, TURNS], '--carrier', carrier);
      const other = measured(dir, ['sync', HEAP, 4096, 500], '--carrier', carrier);
      alloc.push(one.alloc ?? 0);
      close.push(one.close ?? 0);
      sync.push(1e3 * (other.same ?? 0));
    }
  }
  for (const { carrier, alloc, close, sync } of runs) {
    const [a, c, s] = [alloc, close, sync].map((values) => median(values).toFixed(1));
    console.log(`carriers: ${carrier}: alloc ${a} us, close ${c} us, SYNC ${s} us`);
  }
}

function checkSync(dir: string): void {
  for (const [size, bytes] of [
    ['8 MiB', 2 ** 23],
    ['64 MiB', 2 ** 26],
  ] as const) {
    const without = measured(dir, ['sync', HEAP, bytes, TURNS]);
    const { same, changed } = measured(dir, ['sync', HEAP, bytes, TURNS], '--check-sync');
    console.log(
      `check-sync: ${size}: SYNC ${same} ms where nothing has changed, ${changed} ms where all was written; without ${without.same} ms`,
    );
  }
}

function limit(good: boolean, words: string): string {
  missed ||= !good;
  return `(limit ${words}${good ? '' : ', MISSED'})`;
}

async function main(): Promise<void> {
  const socket = join(work, 'echo');
  const server = spawn(process.execPath, ['-e', ECHO, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((ready) => server.stdout.once('data', ready));
  try {
    for (const [where, dir] of [
      ['memory', memory],
      ['disk', disk],
    ] as const) {
      if (dir === undefined) {
        console.log('no /dev/shm: nothing is measured in memory');
        continue;
      }
      for (const [size, bytes, count] of [
        ['4 KiB', 4096, 200],
        ['1 MiB', 2 ** 20, 50],
        ['8 MiB', 2 ** 23, 10],
      ] as const) {
        const {
          echo = 0,
          alloc = 0,
          close = 0,
          ratio = 0,
        } = measured(dir, ['echo', socket, HEAP, bytes, count, TURNS]);
        const verdict = where === 'memory' && bytes === 4096 ? ` ${limit(ratio <= 3, '3')}` : '';
        console.log(
          `round trip, ${where}, ${size}: alloc ${alloc} us, close ${close} us, echo ${echo} us; alloc ${ratio.toFixed(2)} x echo${verdict}`,
        );
      }
    }
    carriers(memory ?? disk, socket);
    checkSync(memory ?? disk);
  } finally {
    server.kill();
  }
  const dir = memory ?? disk;
  const pairs = Array.from({ length: 7 }, () => {
    const one = measured(dir, ['rate', HEAP, 1, 4000]).rate ?? 0;
    const eight = measured(dir, ['rate', HEAP, 8, 500]).rate ?? 0;
    return { one, eight, ratio: eight / one };
  });
  const together = median(pairs.map(({ ratio }) => ratio));
  const [one, eight] = [median(pairs.map((pair) => pair.one)), median(pairs.map((pair) => pair.eight))];
  console.log(
    `together: 1 process ${one} a second, 8 processes ${eight}; ${together.toFixed(2)} x ${limit(together >= 0.8, '0.8')}`,
  );
  const write = measured(dir, ['write', HEAP, 2 ** 26, TURNS]);
  console.log(
    `writing 64 MiB: buffer ${write.ours} s, anonymous ${write.anonymous} s; ${write.ratio} x ${limit((write.ratio ?? 0) >= 0.95, '0.95')}; cold ${write.cold} s beside ${write.coldAnonymous} s`,
  );
  const session = join(dir, 'session');
  const turns = Array.from({ length: TURNS }, () => {
    const start = process.hrtime.bigint();
    command(['alloc', '--session', session, HEAP, '4K']);
    return Number(process.hrtime.bigint() - start) / 1e9;
  });
  const single = 1 / median(turns);
  console.log(
    `commands: ${single.toFixed(1)} a second; through exec ${(one / single).toFixed(0)} x ${limit(one / single >= 150, '150')}`,
  );
}

try {
  await main();
} finally {
  for (const dir of [work, disk, memory])
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
}
process.exitCode = missed ? 1 : 0;
