// How fast bytes go through the arena, beside the machine's own copying; a part of npm run bench:
//   node scripts/run-ts.mjs scripts/bench-arena.ts [ROUNDS]
//
// A buffer of 256 MiB from a CMA heap, mapped, in blocks of 1 MiB. In memory against copies between arrays;
// in a session against dd on the same part of the same file, warm. Ends with 1 below a limit.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boot } from '../src/kernel/boot/boot.ts';
import type { Kernel } from '../src/kernel/kernel.ts';
import type { Mapping } from '../src/kernel/mapping.ts';
import { arenaPath } from '../src/session/directory.ts';
import { bootSession, openSession } from '../src/session/local-session.ts';
import { MAP_SHARED, PROT_READ, PROT_WRITE } from '../src/uapi/fcntl.ts';
import { GiB, MiB } from '../src/units.ts';
import { device } from '../test/kernel/machine.ts';
import { pfnPhys } from '../test/pages.ts';
import { alloc, board, bootBoard, cma, RAM_BASE, RESERVE, range } from '../test/small-board.ts';
import { contend, gibPerSecond, seconds } from './bench-rounds.ts';

/** Of the speed of memcpy and of dd. */
const LIMIT = 0.5;
const ROUNDS = Number(process.argv[2] ?? 21);

const SIZE = Number(256n * MiB);
const BLOCK = Number(MiB);

/** 1 GiB of RAM in one range, and a CMA area with room for the buffer. */
const AREA = 'frames';
const BOARD = board([cma(AREA, RAM_BASE + 512n * MiB, 320n * MiB)], { memory: [range(RAM_BASE, GiB)] });

function allocBuffer(kernel: Kernel): number {
  const { ret, fd } = alloc(kernel, AREA, BigInt(SIZE));
  if (ret < 0) throw new Error(`no buffer: errno ${-ret}`);
  return fd;
}

function mapBuffer(kernel: Kernel, fd: number): Mapping {
  const length = BigInt(SIZE);
  const prot = PROT_READ | PROT_WRITE;
  const { ret } = kernel.syscall('shell', { call: 'mmap', fd, length, prot, flags: MAP_SHARED, offset: 0n });
  if (ret < 0) throw new Error(`no mapping: errno ${-ret}`);
  return kernel.mapping(ret);
}

/** The seconds that the whole buffer takes, block by block. */
function timed(visit: (offset: number) => void): number {
  return seconds(() => {
    for (let offset = 0; offset < SIZE; offset += BLOCK) visit(offset);
  });
}

/** Bytes that tell one page from another. */
function pattern(size: number): Uint8Array {
  const words = new Uint32Array(size / 4);
  for (let i = 0, word = 1; i < words.length; i++) {
    word = (Math.imul(word, 1664525) + 1013904223) >>> 0;
    words[i] = word;
  }
  return new Uint8Array(words.buffer);
}

function mustEqual(what: string, bytes: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(bytes, expected) !== 0) throw new Error(`${what}: not the bytes that were written`);
}

interface InMemory {
  readonly title: string;
  readonly limit?: number;
  /** What happens to the buffer after it was allocated and before it is mapped. */
  readonly prepare?: (kernel: Kernel, fd: number) => void;
  readonly rounds?: number;
}

/** A device that does not snoop: from now on every access goes through the model of the cache. */
function attachCamera(kernel: Kernel, fd: number): void {
  kernel.syscall('shell', { call: 'device_add', device: device('camera') });
  const { ret } = kernel.syscall('shell', { call: 'dma_buf_attach', fd, device: 'camera' });
  kernel.syscall('shell', {
    call: 'dma_buf_map_attachment',
    attachment: ret,
    direction: 'DMA_BIDIRECTIONAL',
  });
  if (kernel.buffers()[0]?.attachments[0]?.direction === undefined)
    throw new Error('the camera is not mapped');
}

function inMemory({ title, limit, prepare, rounds = ROUNDS }: InMemory): boolean {
  const { kernel } = bootBoard(BOARD);
  const fd = allocBuffer(kernel);
  prepare?.(kernel, fd);
  const mapping = mapBuffer(kernel, fd);
  const source = pattern(SIZE);
  const target = new Uint8Array(SIZE).fill(1);
  const part = (bytes: Uint8Array, at: number): Uint8Array => bytes.subarray(at, at + BLOCK);
  const block = source.slice(0, BLOCK);

  timed((at) => mapping.write(BigInt(at), part(source, at)));
  timed((at) => mapping.read(BigInt(at), part(target, at)));
  mustEqual(title, target, source);
  const contests = [
    {
      what: 'write',
      ours: () => timed((at) => mapping.write(BigInt(at), part(source, at))),
      yardstick: () => timed((at) => target.set(part(source, at), at)),
    },
    {
      what: 'read',
      ours: () => timed((at) => mapping.read(BigInt(at), part(target, at))),
      yardstick: () => timed((at) => target.set(part(source, at), at)),
    },
    // A program that uses its block again keeps it in the processor's cache: the faster yardstick.
    {
      what: 'write one block',
      ours: () => timed((at) => mapping.write(BigInt(at), block)),
      yardstick: () => timed((at) => target.set(block, at)),
    },
    {
      what: 'read one block',
      ours: () => timed((at) => mapping.read(BigInt(at), block)),
      yardstick: () => timed((at) => block.set(part(target, at))),
    },
  ];
  return contend({ title, against: 'memcpy', contests, bytes: SIZE, rounds, limit });
}

/** The seconds that dd says it took: without the start of its process. */
function dd(...operands: string[]): number {
  const all = [...operands, `bs=${BLOCK}`, `count=${SIZE / BLOCK}`];
  const { status, stderr, error } = spawnSync('dd', all, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  // `copied, 0.05 s,` (GNU), `copied, 0.05 seconds,` (busybox), `transferred in 0.05 secs` (macOS)
  const time = /([\d.]+(?:e-?\d+)?) s(?:ec\w*)?\b/.exec(stderr ?? '')?.[1];
  if (status !== 0 || time === undefined) throw error ?? new Error(`dd ${all.join(' ')}: ${stderr}`);
  return Number(time);
}

function inFile(title: string, directory: string, limit: number): boolean {
  const location = { path: join(directory, 'session'), from: '--session' } as const;
  const inputs = { board: new Uint8Array(), file: 'bench', format: 'dtb', params: {} } as const;
  bootSession(location, inputs, (records) => boot(BOARD, { reserve: RESERVE }, records));
  const session = openSession(location);
  try {
    const arena = arenaPath(location.path, session.info().generation);
    return session.transact((kernel) => {
      const mapping = mapBuffer(kernel, allocBuffer(kernel));
      const pfn = kernel.buffers()[0]?.sgTable[0]?.pfn ?? 0;
      const place = (pfnPhys(pfn) - RAM_BASE) / MiB;
      const block = pattern(BLOCK);
      const back = new Uint8Array(BLOCK);
      const write = (): number => timed((at) => mapping.write(BigInt(at), block));
      const read = (): number => timed((at) => mapping.read(BigInt(at), back));
      const ddWrite = (): number => dd('if=/dev/zero', `of=${arena}`, `seek=${place}`, 'conv=notrunc');
      const ddRead = (): number => dd(`if=${arena}`, 'of=/dev/null', `skip=${place}`);

      const first = write();
      read();
      mustEqual(title, back, block);
      // That dd is at the same bytes.
      ddWrite();
      read();
      mustEqual(`${title}, by dd`, back, new Uint8Array(BLOCK));
      const contests = [
        { what: 'write', ours: write, yardstick: ddWrite },
        { what: 'read', ours: read, yardstick: ddRead },
      ];
      const kept = contend({ title, against: 'dd', contests, bytes: SIZE, rounds: ROUNDS, limit });
      console.log(
        `  first write        ${gibPerSecond(SIZE, first)}  once, the marks of its pages on disk first`,
      );
      return kept;
    });
  } finally {
    session.close();
  }
}

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-bench-'));
try {
  const kept = [
    inMemory({ title: 'arena in memory', limit: LIMIT }),
    inFile('arena in a file', directory, LIMIT),
    // Recorded apart, without a limit: each line of 64 bytes has its own state then.
    inMemory({ title: 'in memory, with a device that does not snoop', prepare: attachCamera, rounds: 1 }),
  ];
  console.log(`256 MiB in blocks of 1 MiB, medians of ${ROUNDS} rounds`);
  if (kept.includes(false)) process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
