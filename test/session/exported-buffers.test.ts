/** Buffers whose bytes lie in files of their own: who sees which bytes, and what is left when they die. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BufferFiles, buffersPath } from '../../src/session/buffer-files.ts';
import { checkSession } from '../../src/session/check-session.ts';
import { bootSession, openSession } from '../../src/session/local-session.ts';
import type { Session } from '../../src/session/session.ts';
import { SessionError } from '../../src/session/session-error.ts';
import { Task } from '../kernel/machine.ts';
import { at, bootInputs, cameraInputs } from './camera-board.ts';

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-exported-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const inputs = cameraInputs();
const build = bootInputs(inputs);

let sessions = 0;
function booted(): { path: string; session: Session; files: string } {
  const path = join(directory, `session-${++sessions}`);
  bootSession(at(path), inputs, build);
  const files = buffersPath(path);
  mkdirSync(files, { recursive: true });
  return { path, session: openSession(at(path)), files };
}

/** What a carrier does: the file of a new buffer, all zeros. */
const makeFile = (path: string, size: number): void =>
  writeFileSync(path, new Uint8Array(size), { mode: 0o600 });

/** Allocates a buffer and exports it. @returns its descriptor */
function allocExported(session: Session, files: string, name: string, size: number, heap = 'system'): number {
  makeFile(join(files, name), size);
  return session.transact((kernel) => {
    const fd = new Task(kernel).alloc(heap, BigInt(size));
    kernel.exportBuffer('shell', fd, name);
    return fd;
  });
}

const bytesAt = (session: Session, address: bigint, length: number): Uint8Array =>
  session.view((_kernel, { memory }) => {
    const bytes = new Uint8Array(length).fill(0x99);
    memory.read(address, bytes);
    return bytes;
  });

const physOf = (session: Session, fd: number): bigint =>
  session.view((kernel) => kernel.physOf('shell', fd) ?? 0n);

const free = (session: Session, fd: number): void =>
  session.transact((kernel) => void new Task(kernel).must({ call: 'close', fd }));

const mapWritable = (session: Session, fd: number, length: number): number =>
  session.transact((kernel) => new Task(kernel).map(fd, BigInt(length)));

describe('an exported buffer', () => {
  it('is read and written through its file, by every process', () => {
    const { path, session, files } = booted();
    const fd = allocExported(session, files, '100.0', 8192);
    const address = physOf(session, fd);
    // The program writes to what it mapped; the commands see it, also across the border of its pages.
    writeFileSync(join(files, '100.0'), new Uint8Array(8192).fill(7), { flag: 'r+' });
    expect(bytesAt(session, address + 4000n, 200)).toEqual(new Uint8Array(200).fill(7));
    const other = openSession(at(path));
    expect(bytesAt(other, address, 16)).toEqual(new Uint8Array(16).fill(7));
    other.transact((kernel) => kernel.physMemory().write(address + 4095n, Uint8Array.of(1, 2)));
    expect([...readFileSync(join(files, '100.0')).subarray(4094, 4098)]).toEqual([7, 1, 2, 7]);
    // What lies behind it is the arena's.
    other.transact((kernel) => kernel.physMemory().write(address + 8190n, Uint8Array.of(3, 3, 4, 4)));
    expect(statSync(join(files, '100.0')).size).toBe(8192);
    expect([...bytesAt(session, address + 8190n, 4)]).toEqual([3, 3, 4, 4]);
    other.close();
    session.close();
  });

  it('leaves its bytes in the arena when it dies, and its file goes', () => {
    const { session, files } = booted();
    const fd = allocExported(session, files, '100.0', 8192);
    const address = physOf(session, fd);
    const mapping = mapWritable(session, fd, 8192);
    const bytes = Uint8Array.from({ length: 8192 }, (_, i) => i % 251);
    writeFileSync(join(files, '100.0'), bytes, { flag: 'r+' });
    free(session, fd);
    // The mapping holds it still.
    expect(readdirSync(files)).toEqual(['100.0']);
    session.transact((kernel) => new Task(kernel).must({ call: 'munmap', mapping }));
    expect(readdirSync(files)).toEqual([]);
    expect(bytesAt(session, address, 8192)).toEqual(bytes);
    expect(session.view((kernel) => kernel.exportedBuffers())).toEqual([]);
    // The next buffer there is zero all the same.
    const next = session.transact((kernel) => new Task(kernel).alloc('system', 8192n));
    expect(physOf(session, next)).toBe(address);
    expect(bytesAt(session, address, 8192)).toEqual(new Uint8Array(8192));
    session.close();
  });

  it('leaves zeros where nobody could have written, whatever lay there before', () => {
    const { session, files } = booted();
    const old = session.transact((kernel) => new Task(kernel).alloc('system', 4096n));
    const address = physOf(session, old);
    session.transact((kernel) => kernel.physMemory().write(address, new Uint8Array(4096).fill(5)));
    free(session, old);
    expect([...bytesAt(session, address, 2)]).toEqual([5, 5]);
    const fd = allocExported(session, files, '100.0', 4096);
    expect(physOf(session, fd)).toBe(address);
    expect([...bytesAt(session, address, 2)]).toEqual([0, 0]);
    free(session, fd);
    expect(bytesAt(session, address, 4096)).toEqual(new Uint8Array(4096));
    session.close();
  });

  it('is still exported when the transaction failed in which it died', () => {
    const { session, files } = booted();
    const fd = allocExported(session, files, '100.0', 4096);
    const address = physOf(session, fd);
    mapWritable(session, fd, 4096);
    writeFileSync(join(files, '100.0'), new Uint8Array(4096).fill(1), { flag: 'r+' });
    expect(() =>
      session.transact((kernel) => {
        kernel.syscall('shell', { call: 'exit' });
        throw new Error('on purpose');
      }),
    ).toThrow('on purpose');
    writeFileSync(join(files, '100.0'), new Uint8Array(4096).fill(2), { flag: 'r+' });
    expect([...bytesAt(session, address, 2)]).toEqual([2, 2]);
    session.transact((kernel) => kernel.syscall('shell', { call: 'exit' }));
    expect([...bytesAt(session, address, 2)]).toEqual([2, 2]);
    expect(readdirSync(files)).toEqual([]);
    session.close();
  });

  it('takes its bytes along when it had some before: a buffer of another command', () => {
    const { session, files } = booted();
    const fd = session.transact((kernel) => new Task(kernel).alloc('system', 8192n));
    const address = physOf(session, fd);
    session.transact((kernel) => kernel.physMemory().write(address + 5000n, Uint8Array.of(8, 9)));
    makeFile(join(files, 'late'), 8192);
    session.transact((kernel) => kernel.exportBuffer('shell', fd, 'late'));
    expect([...readFileSync(join(files, 'late')).subarray(4999, 5003)]).toEqual([0, 8, 9, 0]);
    free(session, fd);
    expect([...bytesAt(session, address + 4999n, 4)]).toEqual([0, 8, 9, 0]);
    session.close();
  });

  it.each([
    ['cut short', (file: string) => truncateSync(file, 100), 100],
    ['opened to others', (file: string) => chmodSync(file, 0o666), 0],
    ['removed', (file: string) => rmSync(file), 0],
  ])('dies in peace when its program has %s its file', (_how, spoil, kept) => {
    const { path, session, files } = booted();
    const fd = allocExported(session, files, '100.0', 8192);
    const address = physOf(session, fd);
    mapWritable(session, fd, 8192);
    writeFileSync(join(files, '100.0'), new Uint8Array(8192).fill(7), { flag: 'r+' });
    spoil(join(files, '100.0'));
    const later = openSession(at(path));
    later.transact((kernel) => kernel.syscall('shell', { call: 'exit' }));
    expect(later.view((kernel) => kernel.bufferCount())).toBe(0);
    const expected = new Uint8Array(8192).fill(7, 0, kept);
    expect(bytesAt(later, address, 8192)).toEqual(expected);
    later.close();
    session.close();
  });

  it('reads as zeros beyond the end that its program gave it, and a write there grows nothing else', () => {
    const { session, files } = booted();
    const fd = allocExported(session, files, '100.0', 8192);
    const address = physOf(session, fd);
    truncateSync(join(files, '100.0'), 0);
    expect(bytesAt(session, address, 8192)).toEqual(new Uint8Array(8192));
    session.transact((kernel) => kernel.physMemory().write(address + 10n, Uint8Array.of(1)));
    expect(statSync(join(files, '100.0')).size).toBe(11);
    session.close();
  });

  it('is refused by name when its file is not to be trusted', () => {
    const { session, files } = booted();
    const fd = allocExported(session, files, '100.0', 4096);
    const address = physOf(session, fd);
    chmodSync(join(files, '100.0'), 0o666);
    const codeOf = (): string => {
      try {
        bytesAt(session, address, 1);
      } catch (error) {
        if (error instanceof SessionError) return error.code;
        throw error;
      }
      return 'done';
    };
    expect(codeOf()).toBe('session-untrusted');
    session.close();
  });

  it('may not be called what leads elsewhere', () => {
    const { session } = booted();
    const fd = session.transact((kernel) => new Task(kernel).alloc('system', 4096n));
    for (const name of ['', '.', '..', '../x', 'a/b', '.hidden', 'a\0b', 'x'.repeat(65)]) {
      expect(() => session.transact((kernel) => kernel.exportBuffer('shell', fd, name))).toThrow('called');
    }
    session.close();
  });
});

describe('a file that is gone', () => {
  it('lets a view look again when its buffer died meanwhile', () => {
    const { path, session, files } = booted();
    const fd = allocExported(session, files, '100.0', 4096);
    const address = physOf(session, fd);
    session.transact((kernel) => kernel.physMemory().write(address, Uint8Array.of(7)));
    const other = openSession(at(path));
    let looks = 0;
    const looking = openSession(at(path));
    const seenThere = looking.view((_kernel, { memory }) => {
      if (++looks === 1) free(other, fd);
      const bytes = new Uint8Array(1);
      memory.read(address, bytes);
      return bytes[0];
    });
    expect([looks, seenThere]).toEqual([2, 7]);
    looking.close();
    other.close();
    session.close();
  });

  it('is named by session check, and ends who writes to it', () => {
    const { path, session, files } = booted();
    const fd = allocExported(session, files, '100.0', 4096);
    const address = physOf(session, fd);
    expect(checkSession(at(path))).toEqual([]);
    rmSync(join(files, '100.0'));
    expect(checkSession(at(path))).toEqual([expect.stringContaining('exec/b/100.0 is missing')]);
    const write = (): void =>
      session.transact((kernel) => kernel.physMemory().write(address, Uint8Array.of(1)));
    expect(write).toThrow('the bytes of that buffer are lost');
    session.close();
  });
});

describe('files that no record speaks of', () => {
  it('are swept, and the others stay', () => {
    const { session, files } = booted();
    allocExported(session, files, 'kept', 4096);
    makeFile(join(files, 'left-1'), 4096);
    makeFile(join(files, 'left-2'), 4096);
    const names = session.view((kernel) => new Set(kernel.exportedBuffers().map(([, { name }]) => name)));
    expect(new BufferFiles(files).sweep((name) => names.has(name))).toBe(2);
    expect(readdirSync(files)).toEqual(['kept']);
    expect(new BufferFiles(join(files, 'not there')).sweep(() => false)).toBe(0);
    expect(existsSync(join(files, 'kept'))).toBe(true);
    session.close();
  });
});
