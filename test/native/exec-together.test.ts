/** Several programs on one session, and servers that die. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectPath } from '../small-board.ts';
import { compile } from './native-programs.ts';
import { dmaheap, freshDirectory, freshSession } from './run-exec.ts';

const BOARD = projectPath('fixtures/boards/camera-soc.dtb');
const COMMAND = projectPath('bin/dmaheap.cjs');
const program = (name: string): string => compile(projectPath(`test/native/programs/${name}.c`));

/** Starts an exec that goes on; resolves when it has printed a line. */
function started(words: readonly string[]): Promise<{ child: ChildProcess; ended: Promise<string> }> {
  const child = spawn(process.execPath, [COMMAND, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  const ended = new Promise<string>((resolve) => child.on('close', (code) => resolve(`${said}exit ${code}`)));
  return new Promise((resolve) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('\n')) resolve({ child, ended });
    });
    child.on('close', () => resolve({ child, ended }));
  });
}

const serverOf = (session: string): { readonly pid: number } =>
  JSON.parse(readFileSync(join(session, 'exec/server'), 'utf8'));

it('two terminals exchange a buffer in a message', async () => {
  const session = await freshSession(BOARD);
  const socket = join(freshDirectory(), 'socket');
  const exec = (how: string) => dmaheap(['exec', '--session', session, '--', program('passes'), how, socket]);
  const [gave, took] = await Promise.all([exec('give'), exec('take')]);
  expect([gave, took]).toMatchObject([
    { code: 0, stdout: 'answered: thank you\n' },
    { code: 0, stdout: 'taken: a frame, 65536 bytes\n' },
  ]);
  const { stdout } = await dmaheap(['--session', session, 'leaks', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ buffers: [] });
});

it('other commands see what a running program has, and its bytes', async () => {
  const session = await freshSession(BOARD);
  const { child, ended } = await started(['exec', '--session', session, '--', program('waits')]);
  const buffers = JSON.parse((await dmaheap(['--session', session, 'buffers', '--json'])).stdout);
  expect(buffers.buffers).toMatchObject([{ heap: 'system', size: 65536 }]);
  const dump = await dmaheap(['--session', session, '--task', 'waits', 'dump', '4:0:16']);
  expect(dump.stdout).toContain('still here');
  const alloc = await dmaheap(['--session', session, 'alloc', 'system', '4K']);
  expect(alloc).toMatchObject({ code: 0, stdout: '4\n' });
  child.stdin?.end('go on\n');
  expect(await ended).toBe('ready\nnext: ok\nmemory: still here\nexit 0');
});

it('a server that was killed: the next call is EIO, memory stays, and the session opens', async () => {
  const session = await freshSession(BOARD);
  const { child, ended } = await started(['exec', '--session', session, '--', program('waits')]);
  process.kill(serverOf(session).pid, 'SIGKILL');
  const { stdout } = await dmaheap(['--session', session, 'buffers', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ buffers: [{ size: 65536 }] });
  child.stdin?.end('go on\n');
  expect(await ended).toContain('ready\nnext: Input/output error\nmemory: still here\n');
  // The program has gone meanwhile, and what it had with it.
  expect(await dmaheap(['--session', session, 'buffers'])).toEqual({
    code: 0,
    stdout: 'There are no buffers.\n',
    stderr: expect.stringContaining("the session's server was killed: waits has ended with it"),
  });
  expect(await dmaheap(['--session', session, 'session', 'check'])).toMatchObject({ code: 0 });
});

it('a full table at RLIMIT_NOFILE 8 is the program’s own, in a child too', async () => {
  const { code, stdout } = await dmaheap(['exec', '--board', BOARD, '--', program('few-descriptors')]);
  expect([code, stdout]).toEqual([
    0,
    'heap 3, buffers 4, then Too many open files\nchild: Too many open files\nchild: descriptor 7\n',
  ]);
});
