/** The arena of a server: no call waits for the disk, and what a power cut can cost is known. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Kernel, layoutOf } from '../../src/kernel/kernel.ts';
import { MemoryRecords, type Records } from '../../src/records.ts';
import { BufferFiles } from '../../src/session/buffer-files.ts';
import { ExportedMemory } from '../../src/session/exported-memory.ts';
import { Arena, FilePhysMemory } from '../../src/session/file-phys-memory.ts';
import { onHostCall } from '../../src/session/host-files.ts';
import { Task } from '../kernel/machine.ts';
import { bootInputs, cameraInputs } from './camera-board.ts';

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-served-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
afterEach(() => onHostCall(undefined));

const build = bootInputs(cameraInputs());
const PAGE = 4096n;

let made = 0;
class Served {
  readonly path = join(directory, `arena.${++made}`);
  readonly buffers = new BufferFiles(join(directory, `b.${made}`));
  readonly records: Records = new MemoryRecords();
  arena: Arena;
  #names = 0;

  constructor() {
    build(this.records);
    mkdirSync(join(directory, `b.${made}`));
    Arena.create(this.path, layoutOf(this.records));
    this.arena = this.open(true);
  }

  open(served: boolean): Arena {
    return new Arena(this.path, layoutOf(this.records), { served });
  }

  /** A transaction as a server makes it. */
  transact<T>(body: (task: Task, kernel: Kernel) => T): T {
    this.arena.begin();
    const arena = new FilePhysMemory(this.arena, true);
    const memory = new ExportedMemory(arena, this.buffers, this.records, { settles: true });
    const kernel = new Kernel(this.records, memory);
    const value = body(new Task(kernel), kernel);
    memory.settle();
    for (const name of memory.retired) this.buffers.remove(name);
    return value;
  }

  /** Allocates a buffer, exported or not, and fills it. @returns its descriptor and where it is */
  alloc(isExported: boolean, byte = 0): { fd: number; address: bigint } {
    const name = `n.${this.#names++}`;
    if (isExported) writeFileSync(join(directory, `b.${made}`, name), new Uint8Array(0), { mode: 0o600 });
    return this.transact((task, kernel) => {
      const fd = task.alloc('system', PAGE);
      if (isExported) kernel.exportBuffer('shell', fd, name);
      const address = kernel.physOf('shell', fd) ?? 0n;
      if (byte !== 0) kernel.physMemory().write(address, new Uint8Array(4096).fill(byte));
      return { fd, address };
    });
  }

  free(fd: number): void {
    this.transact((task) => task.must({ call: 'close', fd }));
  }

  byteAt(address: bigint): number {
    const bytes = new Uint8Array(1);
    new FilePhysMemory(this.arena, false).read(address, bytes);
    return bytes[0] ?? -1;
  }
}

/** The host's files that were waited for while something ran. */
function waitedFor(action: () => void): string[] {
  const waited: string[] = [];
  onHostCall((call, path) => {
    if (call === 'fsync') waited.push(path);
    return undefined;
  });
  action();
  onHostCall(undefined);
  return waited;
}

describe("a server's arena", () => {
  it('waits for the disk when it begins and when it settles, and in no call between', () => {
    const served = new Served();
    served.transact(() => undefined);
    const work = (): void => {
      for (const isExported of [true, false, true]) {
        const { fd } = served.alloc(isExported, 7);
        served.free(fd);
      }
    };
    expect(waitedFor(work)).toEqual([]);
    // The bits, and the zeros of the buffer that was not exported: once each.
    expect(waitedFor(() => served.arena.settle())).toEqual([`${served.path}.dirty`, served.path]);
    expect(waitedFor(() => served.arena.settle())).toEqual([]);
  });

  it('waits for its zeros only where a buffer needs them', () => {
    const served = new Served();
    for (let i = 0; i < 3; i++) served.free(served.alloc(true, 9).fd);
    expect(waitedFor(() => served.arena.settle())).toEqual([`${served.path}.dirty`]);
  });

  it('zeroes a new buffer that is not exported, whatever lay there', () => {
    const served = new Served();
    const first = served.alloc(true, 7);
    served.free(first.fd);
    expect(served.byteAt(first.address)).toBe(7);
    const next = served.alloc(false);
    expect(next.address).toBe(first.address);
    expect(served.byteAt(first.address)).toBe(0);
  });

  it('is marked while it is served', () => {
    const served = new Served();
    served.transact(() => undefined);
    expect(existsSync(`${served.path}.served`)).toBe(true);
    served.arena.close();
    expect(existsSync(`${served.path}.served`)).toBe(false);
  });

  it('loses nothing when its server was killed: the bits are trusted', () => {
    const served = new Served();
    const { fd, address } = served.alloc(true, 7);
    served.free(fd);
    const dirty = readFileSync(`${served.path}.dirty`);
    // Killed: nothing is closed.
    served.arena = served.open(false);
    served.arena.begin();
    expect(readFileSync(`${served.path}.dirty`)).toEqual(dirty);
    expect(served.byteAt(address)).toBe(7);
  });

  it.each([true, false])(
    'shows no old bytes after a power cut that lost the bits (served again: %s)',
    (again) => {
      const served = new Served();
      const { fd, address } = served.alloc(true, 7);
      served.free(fd);
      // What the disk has after the cut: the bytes, and not the bits; and the mark of another boot of the host.
      const lost = new Uint8Array(readFileSync(`${served.path}.dirty`).length);
      writeFileSync(`${served.path}.dirty`, lost);
      writeFileSync(`${served.path}.served`, 'another-boot');
      served.arena = served.open(again);
      expect(served.byteAt(address)).toBe(0);
      const next = served.alloc(false);
      expect(next.address).toBe(address);
      // Its first write makes the page one that is read from the disk.
      served.transact((_task, kernel) => kernel.physMemory().write(address, Uint8Array.of(1)));
      expect([served.byteAt(address), served.byteAt(address + 1n)]).toEqual([1, 0]);
      expect(existsSync(`${served.path}.served`)).toBe(again);
    },
  );
});
