/** Files that a command writes are whole, or as they were before. */
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Interruption, type Interrupts } from '../../src/cli/terminal/interruption.ts';
import { writingTo } from '../../src/cli/terminal/output-file.ts';
import { projectPath } from '../small-board.ts';
import { dmaheap } from './in-process.ts';

const BOARD = projectPath('fixtures/boards/camera-soc.dtb');
const SCENARIO = projectPath('fixtures/scenarios/ci-gate.yaml');

function freshDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'dmaheap-out-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const silent: Interrupts = () => () => {};
const write = (file: string, text: string) =>
  writingTo(file, new Interruption(silent), (output) => output.add(Buffer.from(text)));

test('a new file, one that is replaced, and what a symbolic link leads to', async () => {
  const dir = freshDirectory();
  const [file, link] = [join(dir, 'file'), join(dir, 'link')];
  await write(file, 'one');
  expect(readFileSync(file, 'utf8')).toBe('one');
  chmodSync(file, 0o640);
  symlinkSync('file', link);
  await write(link, 'two');
  expect(readFileSync(file, 'utf8')).toBe('two');
  expect([statSync(file).mode & 0o777, lstatSync(link).isSymbolicLink()]).toEqual([0o640, true]);
  expect(readdirSync(dir)).toEqual(['file', 'link']);
});

test('a file of two names keeps both', async () => {
  const dir = freshDirectory();
  writeFileSync(join(dir, 'a'), 'before');
  linkSync(join(dir, 'a'), join(dir, 'b'));
  await write(join(dir, 'a'), 'after');
  expect(readFileSync(join(dir, 'b'), 'utf8')).toBe('after');
});

test('what fails, or is interrupted, leaves the file as it was and nothing beside it', async () => {
  const dir = freshDirectory();
  const file = join(dir, 'file');
  writeFileSync(file, 'before');
  const failed = writingTo(file, new Interruption(silent), async (output) => {
    await output.add(Buffer.from('half'));
    throw new Error('no more');
  });
  await expect(failed).rejects.toThrow('no more');
  let stop = () => {};
  const interruption = new Interruption((listener) => {
    stop = listener;
    return () => {};
  });
  const interrupted = writingTo(file, interruption, async (output) => {
    stop();
    await output.add(Buffer.alloc(100));
  });
  await expect(interrupted).rejects.toMatchObject({ name: 'Interrupted' });
  expect([readFileSync(file, 'utf8'), readdirSync(dir)]).toEqual(['before', ['file']]);
});

test.each([
  ['export', '--output', '/dev/full'],
  ['export', '--bundle', '/dev/full'],
  ['read', '4', '--output', '/dev/full'],
  ['dt', BOARD, '--out', '/dev/full'],
  ['run', SCENARIO, '--junit', '/dev/full'],
  ['export', '--output', '/nowhere/file'],
  ['run', SCENARIO, '--junit', '/'],
])('%s %s %s cannot be written: exit 3 with the reason', async (...words) => {
  const env = { DMAHEAP_SESSION: join(freshDirectory(), 'session') };
  const run = (...line: readonly string[]) => dmaheap(line, {}, { env });
  await run('boot', BOARD);
  await run('alloc', 'system', '64K');
  const { stderr, code } = await run(...words);
  expect(stderr).toMatch(/^error: \S+: cannot be written \((ENOSPC|ENOENT|EISDIR)\)$/m);
  expect(stderr).not.toMatch(/^ +at |bug in dmaheap/m);
  expect(code).toBe(3);
  const json = await run(...words, '--json');
  expect(JSON.parse(json.stdout).error.code).toBe('file-unwritable');
});
