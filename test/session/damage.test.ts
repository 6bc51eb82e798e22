import { once } from 'node:events';
import {
  closeSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { storePath } from '../../src/session/directory.ts';
import { LmdbStore } from '../../src/session/lmdb-store.ts';
import { bootSession, openSession } from '../../src/session/local-session.ts';
import { SessionError } from '../../src/session/session-error.ts';
import { findDamage, StoreFile } from '../../src/session/store-check.ts';
import { Random } from '../fuzz/random.ts';
import { bundleChild, startChild } from './bundle-child.ts';
import { at, bootInputs, cameraInputs } from './camera-board.ts';
import { copySession } from './damage-store.ts';
import { chooseOperation, perform } from './random-calls.ts';

const directory = mkdtempSync(join(tmpdir(), 'dmaheap-damage-'));
let bundle = '';
beforeAll(async () => {
  bundle = await bundleChild();
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
  rmSync(bundle, { force: true });
});

function damageOf(path: string): string | undefined {
  const fd = openSync(path, 'r');
  try {
    return findDamage(new StoreFile(fd));
  } finally {
    closeSync(fd);
  }
}

/** A session with some work behind it. */
function workedOn(name: string, calls: number): string {
  const path = join(directory, name);
  bootSession(at(path), cameraInputs(), bootInputs(cameraInputs()));
  const session = openSession(at(path));
  const random = new Random(calls);
  for (let i = 0; i < calls; i++) {
    const operation = session.view((kernel) => chooseOperation(kernel, random));
    if (operation.kind !== 'boot') session.transact((kernel) => perform(kernel, 'shell', operation));
  }
  session.close();
  return path;
}

it('nothing is wrong with a store that only transactions changed', () => {
  const path = join(directory, 'sound.mdb');
  const store = new LmdbStore(path);
  const random = new Random(1);
  for (let i = 0; i < 400; i++) {
    store.write((reader) => {
      const keys = reader.keys('');
      const changes: [string, Uint8Array | undefined][] = [];
      for (let n = random.below(20); n > 0; n--) {
        const key = random.oneIn(2) && keys.length > 0 ? random.pick(keys) : `key/${random.below(2000)}`;
        const size = random.oneIn(10) ? random.below(50_000) : random.below(300);
        changes.push([key, random.oneIn(3) ? undefined : new Uint8Array(size + 1)]);
      }
      return changes;
    });
    expect(damageOf(path)).toBeUndefined();
  }
  store.close();
});

it('a damaged store is refused by name, or what is left of it works: the process never dies', async () => {
  const path = workedOn('fuzzed', 150);
  const child = startChild(bundle, ['damage', path, '1', '600']);
  let out = '';
  let err = '';
  child.stdout?.on('data', (data) => {
    out += String(data);
  });
  child.stderr?.on('data', (data) => {
    err += String(data);
  });
  const [code, signal] = await once(child, 'close');
  expect({ code, signal, err, last: out.slice(-200) }).toMatchObject({ code: 0, signal: null, err: '' });
  const ends = out.match(/(?<=end ").*(?=")/g) ?? [];
  expect(ends).toHaveLength(600);
  expect(ends.filter((end) => end === 'session-damaged').length).toBeGreaterThan(300);
});

it('a change by somebody else is noticed even when its times are put back', () => {
  const path = workedOn('touched', 20);
  const file = storePath(path);
  const { atime, mtime, size } = statSync(file);
  truncateSync(file, size / 2);
  truncateSync(file, size);
  utimesSync(file, atime, mtime);
  const open = (): unknown => openSession(at(path)).view((kernel) => kernel.buffers());
  expect(open).toThrow(SessionError);
  expect(open).toThrow(/store\.mdb is damaged/);
});

it('a copy of a session works', () => {
  const path = workedOn('original', 60);
  const copy = join(directory, 'copy');
  copySession(path, copy);
  const first = openSession(at(path));
  const second = openSession(at(copy));
  expect(second.view((kernel) => kernel.buffers())).toEqual(first.view((kernel) => kernel.buffers()));
  expect(second.journal()).toEqual(first.journal());
  first.close();
  second.close();
});

it("LMDB's lock file is made anew when nobody uses it, whatever is in it", () => {
  const path = workedOn('locks', 10);
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(100, 0xff), Buffer.alloc(65_744, 0xa5)]) {
    writeFileSync(`${storePath(path)}-lock`, bytes);
    const session = openSession(at(path));
    expect(session.view((kernel) => kernel.buffers().length)).toBeGreaterThan(0);
    expect(session.transact((kernel) => perform(kernel, 'shell', { kind: 'free', fd: 900 }))).toBe(-9);
    session.close();
  }
});
