import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { MemoryRecords } from '../../src/records.ts';
import { describeLocation, sessionPath } from '../../src/session/directory.ts';
import { bootSession, openSession, removeSession } from '../../src/session/local-session.ts';
import { MemorySession } from '../../src/session/memory-session.ts';
import type { Session } from '../../src/session/session.ts';
import { SessionError } from '../../src/session/session-error.ts';
import { MAP_SHARED, PROT_READ, PROT_WRITE } from '../../src/uapi/fcntl.ts';
import { at, bootInputs, cameraInputs, ROOT } from './camera-board.ts';
import { childTests } from './child-tests.ts';
import { alloc, observe, perform, withMapping } from './random-calls.ts';

const tests = childTests('session');
const { directory } = tests;

const inputs = cameraInputs();
const build = bootInputs(inputs);
const TASK = 'shell';

let sessions = 0;
/** The path of a new session that has booted. */
function booted(): string {
  const path = join(directory, `session-${++sessions}`);
  expect(bootSession(at(path), inputs, build)).toEqual({ warnings: [] });
  return path;
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof SessionError) return error.code;
    throw error;
  }
  return 'done';
}

const allocate = (session: Session, size = 4096): number =>
  session.transact((kernel) => alloc(kernel, TASK, 'system', size));
const count = (session: Session): number => session.view((kernel) => kernel.buffers().length);

describe('a session in a directory', () => {
  it('is private, ignores itself and says what it is', () => {
    const path = booted();
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(path, '.gitignore'), 'utf8')).toBe('*\n');
    expect(JSON.parse(readFileSync(join(path, 'session.json'), 'utf8'))).toMatchObject({
      format: 6,
      arch: 'arm64',
    });
    const session = openSession(at(path));
    allocate(session);
    const names = ['.gitignore', 'arena.1', 'arena.1.dirty', 'session.json', 'store'];
    expect(readdirSync(path).sort()).toEqual(names);
    const inStore = readdirSync(join(path, 'store')).map((name) => join('store', name));
    expect(inStore).toContain('store/records.db-wal');
    for (const name of [...names, ...inStore]) expect(statSync(join(path, name)).mode & 0o077).toBe(0);
    session.close();
  });

  it('does what a kernel in memory does, from one opening to the next', () => {
    const path = booted();
    const records = new MemoryRecords();
    build(records);
    const memory = new MemorySession(records, inputs);
    const steps: ((kernel: Kernel) => unknown)[] = [
      (kernel) => alloc(kernel, TASK, 'system', 300_000),
      (kernel) => alloc(kernel, TASK, kernel.heaps()[1]?.name ?? '', 70_000),
      (kernel) => perform(kernel, TASK, { kind: 'write', fd: 4, offset: 100, length: 5000, byte: 9 }),
      (kernel) => alloc(kernel, TASK, 'no-such-heap', 1),
      (kernel) => alloc(kernel, TASK, 'system', 2 ** 41),
      (kernel) => perform(kernel, TASK, { kind: 'free', fd: 5 }),
    ];
    for (const step of steps) {
      const session = openSession(at(path));
      expect(session.transact(step)).toEqual(memory.transact(step));
      expect(session.view(observe)).toEqual(memory.view(observe));
      session.close();
    }
    const session = openSession(at(path));
    const read = (kernel: Kernel): Uint8Array => {
      const bytes = new Uint8Array(6000);
      withMapping(kernel, TASK, 4, (mapping) => mapping.read(50n, bytes));
      return bytes;
    };
    expect(session.transact(read)).toEqual(memory.transact(read));
    const story = (from: Session): unknown[] => from.journal().map(({ time: _, ...entry }) => entry);
    expect(story(session)).toEqual(story(memory));
    expect(session.journal(7)).toEqual(session.journal().slice(7));
    expect(session.info()).toMatchObject({ path, generation: 1, inputs, entries: session.journal().length });
    session.close();
  });

  it('keeps nothing of a transaction that throws', () => {
    const session = openSession(at(booted()));
    allocate(session);
    const before = session.view(observe);
    const failing = (): void =>
      session.transact((kernel) => {
        alloc(kernel, TASK, 'system', 1 << 20);
        throw new Error('thought better of it');
      });
    expect(failing).toThrow('thought better');
    expect(() => session.transact(async () => {})).toThrow('asynchronous');
    expect(session.view(observe)).toEqual(before);
    expect(session.journal()).toHaveLength(3);
    expect(allocate(session)).toBe(5);
    session.close();
  });

  it('refuses changes in a view', () => {
    const session = openSession(at(booted()));
    expect(() => session.view((kernel) => alloc(kernel, TASK, 'system', 4096))).toThrow('view');
    expect(count(session)).toBe(0);
    session.close();
  });

  it('gives fresh buffers that are zero where old ones were written', () => {
    const session = openSession(at(booted()));
    for (let round = 0; round < 3; round++) {
      const fd = allocate(session, 1 << 20);
      session.transact((kernel) => {
        withMapping(kernel, TASK, fd, (mapping) => {
          const bytes = new Uint8Array(1 << 20).fill(1);
          mapping.read(0n, bytes);
          expect(bytes.every((byte) => byte === 0)).toBe(true);
          mapping.write(0n, bytes.fill(0xa5));
        });
        kernel.syscall(TASK, { call: 'close', fd });
      });
    }
    session.close();
  });
});

describe('booting again', () => {
  it('replaces a session without buffers, and wants force for one with some', () => {
    const path = booted();
    const session = openSession(at(path));
    const fd = allocate(session);
    expect(codeOf(() => bootSession(at(path), inputs, build))).toBe('session-has-buffers');
    expect(count(session)).toBe(1);
    session.transact((kernel) => kernel.syscall(TASK, { call: 'close', fd }));
    bootSession(at(path), inputs, build);
    expect(session.info()).toMatchObject({ generation: 2, calls: 0 });
    allocate(session);
    bootSession(at(path), { ...inputs, file: 'other.dtb' }, build, { force: true });
    expect(session.info()).toMatchObject({ generation: 3, calls: 0, inputs: { file: 'other.dtb' } });
    expect(count(session)).toBe(0);
    expect(session.journal()).toEqual([]);
    expect(readdirSync(path).filter((name) => name.startsWith('arena'))).toEqual([
      'arena.3',
      'arena.3.dirty',
    ]);
    session.close();
  });

  it('changes nothing when the boot panics or throws', () => {
    const fresh = join(directory, 'panicked');
    expect(bootSession(at(fresh), inputs, () => ({ panic: 'no memory' }))).toEqual({ panic: 'no memory' });
    expect(codeOf(() => openSession(at(fresh)))).toBe('session-missing');
    const path = booted();
    const session = openSession(at(path));
    allocate(session);
    bootSession(at(path), inputs, () => ({ panic: 'no memory' }), { force: true });
    const failing = (): unknown =>
      bootSession(at(path), inputs, () => {
        throw new Error('bad board');
      });
    expect(failing).toThrow('bad board');
    expect(count(session)).toBe(1);
    session.close();
  });

  it('takes over the files of a boot that was killed', () => {
    const path = booted();
    writeFileSync(join(path, 'arena.2'), 'left over');
    writeFileSync(join(path, 'arena.2.dirty'), Buffer.alloc(10, 0xff));
    bootSession(at(path), inputs, build);
    const session = openSession(at(path));
    expect(session.info().generation).toBe(2);
    expect(statSync(join(path, 'arena.2')).size).toBeGreaterThan(2 ** 30 - 1);
    expect(allocate(session)).toBe(4);
    session.close();
  });

  it('lets a view that is running see the old boot or the new one, not a mix', () => {
    const path = booted();
    const session = openSession(at(path));
    const fd = allocate(session);
    session.transact((kernel) => {
      const prot = PROT_READ | PROT_WRITE;
      kernel.syscall(TASK, { call: 'mmap', fd, length: 4096n, prot, flags: MAP_SHARED, offset: 0n });
      kernel.mapping(1).write(0n, new Uint8Array(4096).fill(7));
    });
    session.close();
    const again = openSession(at(path));
    const seen: string[] = [];
    const byte = again.view((kernel) => {
      seen.push(`${kernel.buffers().length} buffers`);
      if (kernel.buffers().length === 0) return 'nothing to read';
      const env = { ...process.env, DMAHEAP_TEST_ROOT: ROOT };
      execFileSync(process.execPath, [tests.bundle, 'boot', path], { env });
      kernel.mapping(1).read(0n, new Uint8Array(1));
      return 'old bytes';
    });
    expect(seen).toEqual(['1 buffers', '0 buffers']);
    expect(byte).toBe('nothing to read');
    again.close();
  });
});

describe('a session is refused by name', () => {
  it('when it is not there, or something else is', () => {
    expect(codeOf(() => openSession(at(join(directory, 'nowhere'))))).toBe('session-missing');
    const empty = join(directory, 'empty');
    mkdirSync(empty);
    expect(codeOf(() => openSession(at(empty)))).toBe('session-not-a-session');
    const file = join(directory, 'file');
    writeFileSync(file, 'hello');
    expect(codeOf(() => openSession(at(file)))).toBe('session-not-a-session');
    expect(codeOf(() => bootSession(at(file), inputs, build))).toBe('session-not-a-session');
    expect(codeOf(() => bootSession(at(join(file, 'below')), inputs, build))).toBe('session-not-a-session');
    const foreign = join(directory, 'foreign');
    mkdirSync(foreign);
    writeFileSync(join(foreign, 'thesis.tex'), 'precious');
    expect(codeOf(() => bootSession(at(foreign), inputs, build, { force: true }))).toBe('session-exists');
    expect(codeOf(() => removeSession(at(foreign)))).toBe('session-not-a-session');
    expect(readdirSync(foreign)).toEqual(['thesis.tex']);
  });

  it('when it was made but never booted', () => {
    const path = booted();
    rmSync(join(path, 'store'), { recursive: true });
    expect(codeOf(() => openSession(at(path)))).toBe('session-missing');
    bootSession(at(path), inputs, build);
    expect(codeOf(() => openSession(at(path)).close())).toBe('done');
  });

  it('when it has another format, architecture or byte order', () => {
    for (const change of [{ format: 3 }, { arch: 'riscv64' }, { endianness: 'BE' }]) {
      const path = booted();
      const file = join(path, 'session.json');
      writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...change }));
      expect(codeOf(() => openSession(at(path)))).toBe('session-format');
      expect(codeOf(() => bootSession(at(path), inputs, build, { force: true }))).toBe('session-format');
      removeSession(at(path));
      expect(codeOf(() => openSession(at(path)))).toBe('session-missing');
    }
  });

  it('when session.json is damaged', () => {
    for (const text of ['', '{', 'null', '[]', '{"format":1}']) {
      const path = booted();
      writeFileSync(join(path, 'session.json'), text);
      expect(codeOf(() => openSession(at(path)))).toBe('session-damaged');
    }
  });

  it('when its arena is gone or cut off', () => {
    const path = booted();
    const session = openSession(at(path));
    touchBytes(session);
    session.close();
    rmSync(join(path, 'arena.1'));
    const again = openSession(at(path));
    expect(codeOf(() => touchBytes(again))).toBe('session-damaged');
    again.close();
  });
});

/** Makes the bytes of one buffer dirty, and reads them. */
function touchBytes(session: Session): void {
  session.transact((kernel) => {
    const fd = kernel.buffers()[0]?.fds[0]?.fd ?? alloc(kernel, TASK, 'system', 4096);
    withMapping(kernel, TASK, fd, (mapping) => {
      mapping.read(0n, new Uint8Array(10));
      mapping.write(0n, new Uint8Array(10).fill(1));
    });
  });
}

describe('removing a session', () => {
  it('takes its own files and leaves others', () => {
    const path = booted();
    removeSession(at(path));
    expect(codeOf(() => removeSession(at(path)))).toBe('session-missing');
    const shared = booted();
    writeFileSync(join(shared, 'notes.txt'), 'mine');
    removeSession(at(shared));
    expect(readdirSync(shared)).toEqual(['notes.txt']);
  });

  it('empties the directory that a link points to, which can be booted into again', () => {
    const path = booted();
    const link = join(directory, 'link');
    symlinkSync(path, link);
    const session = openSession(at(link));
    expect(allocate(session)).toBe(4);
    session.close();
    const direct = openSession(at(path));
    expect(count(direct)).toBe(1);
    direct.close();
    removeSession(at(link));
    expect(readdirSync(path)).toEqual([]);
    expect(bootSession(at(link), inputs, build)).toEqual({ warnings: [] });
    expect(codeOf(() => openSession(at(path)).close())).toBe('done');
  });
});

describe('where the session is', () => {
  const cwd = '/somewhere';
  it('is said by the option, else the variable, else it is the default', () => {
    expect(sessionPath({ flag: 'a', env: { DMAHEAP_SESSION: 'b' }, cwd })).toEqual({
      path: '/somewhere/a',
      from: '--session',
    });
    expect(sessionPath({ env: { DMAHEAP_SESSION: '/b' }, cwd })).toEqual({
      path: '/b',
      from: '$DMAHEAP_SESSION',
    });
    expect(sessionPath({ env: { DMAHEAP_SESSION: '' }, cwd })).toEqual({
      path: '/somewhere/.dmaheap',
      from: 'default',
    });
  });

  it('is named in messages, with who said so', () => {
    expect(describeLocation(sessionPath({ flag: 'a', env: {}, cwd }))).toBe('/somewhere/a (--session)');
    expect(() => openSession(sessionPath({ env: {}, cwd: directory }))).toThrow(
      `no session at ${directory}/.dmaheap (neither --session nor $DMAHEAP_SESSION is set)`,
    );
  });
});
