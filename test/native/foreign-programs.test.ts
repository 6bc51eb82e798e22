/** Programs that nobody wrote for this: a shell, Python, Rust, a static one, Go. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectPath } from '../small-board.ts';
import { compile } from './native-programs.ts';
import { dmaheap, freshDirectory } from './run-exec.ts';

const BOARD = projectPath('fixtures/boards/camera-soc.dtb');
const source = (name: string): string => projectPath(`test/native/programs/${name}`);
const has = (...command: readonly [string, ...string[]]): boolean =>
  spawnSync(command[0], command.slice(1)).status === 0;

const run = (command: readonly string[], ...options: readonly string[]) =>
  dmaheap(['exec', '--board', BOARD, ...options, '--', ...command]);

describe('a shell', () => {
  it('finds the heaps as files', async () => {
    const { stdout } = await run([
      'sh',
      '-c',
      'ls /dev/dma_heap; test -c /dev/dma_heap/system && echo device',
    ]);
    expect(stdout).toContain('npu-pool@52000000\nsystem\n');
    expect(stdout).toMatch(/^device$/m);
  });

  it('finds them with find, and reads the virtual files', async () => {
    const { stdout } = await run(['find', '/dev/dma_heap', '-type', 'c', '-name', 'sys*']);
    expect(stdout).toBe('/dev/dma_heap/system\n');
    const { stdout: meminfo } = await run(['grep', 'CmaTotal', '/proc/meminfo']);
    expect(meminfo).toMatch(/^CmaTotal: +[1-9]\d+ kB$/m);
  });

  it('starts programs that are carried as well, and its exit code is theirs', async () => {
    const script = `${compile(source('capture.c'))} system; exit 5`;
    expect(await run(['sh', '-c', script])).toMatchObject({
      code: 5,
      stdout: 'frame 0: descriptor 4, byte a\nframe 1: descriptor 4, byte b\n',
    });
  });
});

it.skipIf(!has('python3', '--version'))('Python: os, fcntl and mmap', async () => {
  const { code, stdout, stderr } = await run(['python3', source('capture.py')]);
  expect([code, stdout], stderr).toEqual([0, 'descriptor 4, 65536 bytes, hello\nno such heap: ENOENT\n']);
});

it.skipIf(!has('rustc', '--version'))('Rust, with std alone', async () => {
  const binary = join(freshDirectory(), 'capture');
  execFileSync('rustc', ['-O', source('capture.rs'), '-o', binary], { stdio: 'pipe' });
  const { code, stdout, stderr } = await run([binary]);
  expect([code, stdout], stderr).toEqual([0, 'descriptor 4, byte 7\n']);
});

describe('by seccomp', () => {
  const wanted = 'frame 0: descriptor 4, byte a\nframe 1: descriptor 4, byte b\n';

  it('a static program, without being asked for', async () => {
    const { code, stdout, stderr } = await run([compile(source('capture.c'), 'static')]);
    expect([code, stdout], stderr).toEqual([0, wanted]);
  });

  it('a dynamic one when it is asked for', async () => {
    const { code, stdout, stderr } = await run([compile(source('capture.c'))], '--carrier', 'seccomp');
    expect([code, stdout], stderr).toEqual([0, wanted]);
  });

  it.skipIf(!has('go', 'version'))('a Go program', async () => {
    const dir = freshDirectory();
    mkdirSync(join(dir, 'cache'));
    writeFileSync(join(dir, 'go.mod'), 'module capture\n\ngo 1.19\n');
    writeFileSync(join(dir, 'main.go'), execFileSync('cat', [source('capture.go.txt')]));
    const env = { ...process.env, GOCACHE: join(dir, 'cache'), GOFLAGS: '-mod=mod', CGO_ENABLED: '0' };
    execFileSync('go', ['build', '-o', 'capture', '.'], { cwd: dir, env, stdio: 'pipe' });
    const { code, stdout, stderr } = await run([join(dir, 'capture')]);
    expect([code, stdout], stderr).toEqual([0, 'descriptor 4, byte 7\n']);
  });
});
