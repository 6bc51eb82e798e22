/** Directories of a session, with those above them. */
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeDirectory } from '../../src/session/host-files.ts';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'dmaheap-make-'));
});
afterEach(() => rmSync(place, { recursive: true }));

it('are made for their user alone, and told to be there already', () => {
  const deep = join(place, 'a/b/c');
  expect(makeDirectory(deep, true)).toBe(true);
  for (const path of ['a', 'a/b', 'a/b/c']) expect(statSync(join(place, path)).mode & 0o777).toBe(0o700);
  expect(makeDirectory(deep, true)).toBe(false);
  symlinkSync(deep, join(place, 'link'));
  expect(makeDirectory(join(place, 'link'), true)).toBe(false);
});

it('are refused where they cannot be, also by /proc, which says that it is not there', () => {
  writeFileSync(join(place, 'file'), '');
  expect(() => makeDirectory(join(place, 'file'), true)).toThrow('EEXIST');
  expect(() => makeDirectory(join(place, 'file/in'), true)).toThrow('ENOTDIR');
  expect(() => makeDirectory('/proc/dmaheap/in', true)).toThrow('ENOENT');
});
