/** Random work on buffers, some of which have files of their own, against sessions in memory. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { MemoryRecords } from '../../src/records.ts';
import { buffersPath } from '../../src/session/buffer-files.ts';
import { bootSession, openSession } from '../../src/session/local-session.ts';
import { MemorySession } from '../../src/session/memory-session.ts';
import type { Session } from '../../src/session/session.ts';
import {
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_READ,
  DMA_BUF_SYNC_RW,
  DMA_BUF_SYNC_WRITE,
} from '../../src/uapi/dma-buf.ts';
import { device, Task } from '../kernel/machine.ts';
import { at, bootInputs, cameraInputs } from './camera-board.ts';

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-bytes-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const inputs = cameraInputs();
const build = bootInputs(inputs);

/** Random work; what is exported when is part of it. */
const step = fc.record({
  kind: fc.constantFrom('alloc', 'alloc', 'free', 'store', 'store', 'dma', 'sync', 'poke', 'look', 'look'),
  which: fc.nat(1000),
  offset: fc.nat(70_000),
  length: fc.oneof(fc.nat(200), fc.nat(20_000)),
  byte: fc.integer({ min: 1, max: 255 }),
  heap: fc.constantFrom('system', 'system', 'video-cma@60000000', 'vpu-pool@50000000'),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const SYNCS = [
  DMA_BUF_SYNC_READ,
  DMA_BUF_SYNC_RW,
  DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE,
  DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW,
];

/** One turn of the work. @returns what was seen */
function turn(kernel: Kernel, step: Step, name: string | undefined): unknown {
  const task = new Task(kernel);
  const buffers = kernel.buffers();
  const buffer = buffers[step.which % Math.max(1, buffers.length)];
  if (step.kind === 'alloc' || buffer === undefined) {
    if (buffers.length > 8) return undefined;
    const size = BigInt(1 + step.offset);
    const fd = task.alloc(step.heap, size);
    if (name !== undefined) kernel.exportBuffer('shell', fd, name);
    const cam = task.attach(fd, 'cam');
    task.mapFor(cam);
    return [fd, cam, task.map(fd, kernel.buffer('shell', fd)?.size ?? 0n)];
  }
  const fd = buffer.fds[0]?.fd ?? -1;
  const mapping = buffer.mappings[0]?.id ?? -1;
  const attachment = buffer.attachments[0]?.id ?? -1;
  const size = Number(buffer.size);
  const from = step.offset % size;
  const length = Math.min(step.length, size - from);
  const bytes = Uint8Array.from({ length }, (_, i) => step.byte + i);
  const first = kernel.physOf('shell', fd) ?? 0n;
  switch (step.kind) {
    case 'free':
      task.must({ call: 'dma_buf_unmap_attachment', attachment });
      task.must({ call: 'dma_buf_detach', attachment });
      task.must({ call: 'munmap', mapping });
      task.must({ call: 'close', fd });
      return lookAt(kernel, first, 4096);
    case 'store':
      task.store(mapping, from, bytes);
      return undefined;
    case 'dma':
      task.dmaWrite(attachment, from, bytes);
      return undefined;
    case 'sync':
      task.sync(fd, SYNCS[step.which % SYNCS.length] ?? 0);
      return undefined;
    case 'poke':
      // Around the end of the first page, wherever that leads.
      kernel.physMemory().write(first + 4090n, bytes.subarray(0, 300));
      return undefined;
    default:
      return [
        lookAt(kernel, first, 8192),
        loaded(kernel, mapping, from, length),
        seen((into) => kernel.deviceMapping(attachment)?.read(BigInt(from), into), length),
      ];
  }
}

/** All bytes of all buffers: as they lie in memory, and as they are mapped. */
function everything(kernel: Kernel): unknown {
  const { pfnPhys, pagesToBytes } = kernel.profile.geometry;
  return kernel
    .buffers()
    .map(({ sgTable, mappings, size }) => [
      sgTable.map(({ pfn, pages }) => lookAt(kernel, pfnPhys(pfn), Number(pagesToBytes(pages)))),
      loaded(kernel, mappings[0]?.id ?? -1, 0, Number(size)),
    ]);
}

/** Bytes as text, which is compared fast. */
function seen(read: (into: Uint8Array) => void, length: number): string {
  const bytes = new Uint8Array(length);
  read(bytes);
  return Buffer.from(bytes).toString('latin1');
}

const lookAt = (kernel: Kernel, address: bigint, length: number): string =>
  seen((into) => kernel.physMemory().read(address, into), length);

const loaded = (kernel: Kernel, mapping: number, from: number, length: number): string =>
  seen((into) => kernel.mapping(mapping).read(BigInt(from), into), length);

function inMemory(dmaCoherent: boolean): Session {
  const records = new MemoryRecords();
  build(records);
  return withCamera(new MemorySession(records, inputs), dmaCoherent);
}

function withCamera(session: Session, dmaCoherent: boolean): Session {
  const cam = device('cam', { dmaCoherent });
  session.transact((kernel) => void new Task(kernel).must({ call: 'device_add', device: cam }));
  return session;
}

let sessions = 0;
function onDisk(dmaCoherent: boolean): {
  readonly session: Session;
  readonly makeFile: (name: string) => void;
} {
  const path = join(directory, `session-${++sessions}`);
  bootSession(at(path), inputs, build);
  const files = buffersPath(path);
  mkdirSync(files, { recursive: true });
  const session = withCamera(openSession(at(path)), dmaCoherent);
  return { session, makeFile: (name) => writeFileSync(join(files, name), '', { mode: 0o600 }) };
}

const hazardsOf = (session: Session): unknown =>
  session.view((kernel) => [...kernel.hazards.since()].map(({ seq, time, ...report }) => report));

describe('what is seen of buffers with files of their own', () => {
  it('is what is seen of others, with a device that snoops', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const { session, makeFile } = onDisk(true);
        const plain = inMemory(true);
        steps.forEach((one, number) => {
          // Half of the buffers are exported.
          const name = one.byte % 2 === 0 ? undefined : `b.${number}`;
          if (name !== undefined) makeFile(name);
          const expected = plain.transact((kernel) => turn(kernel, one, undefined));
          expect(session.transact((kernel) => turn(kernel, one, name))).toEqual(expected);
        });
        expect(session.transact(everything)).toEqual(plain.transact(everything));
        plain.close();
        session.close();
      }),
      { numRuns: 25 },
    );
  });

  it('are the newest bytes, with one that does not, and the hazards of others', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const { session, makeFile } = onDisk(false);
        const [newest, plain] = [inMemory(true), inMemory(false)];
        steps.forEach((one, number) => {
          makeFile(`b.${number}`);
          const expected = newest.transact((kernel) => turn(kernel, one, undefined));
          expect(session.transact((kernel) => turn(kernel, one, `b.${number}`))).toEqual(expected);
          plain.transact((kernel) => turn(kernel, one, undefined));
          expect(hazardsOf(session)).toEqual(hazardsOf(plain));
        });
        for (const each of [session, newest, plain]) each.close();
      }),
      { numRuns: 25 },
    );
  });
});
