/** The second carrier: static programs, whose system calls the supervisor is told of. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectPath } from '../small-board.ts';
import { compile } from './native-programs.ts';
import { dmaheap, freshDirectory } from './run-exec.ts';

const BOARD = projectPath('fixtures/oracle/boards/mixed.dtb');
const PROGRAM = projectPath('test/native/programs/static-program.c');

const exec = (...words: readonly string[]) =>
  dmaheap(['exec', '--board', BOARD, '--kernel', '7.3', '--coherent', 'off', '--', ...words]);

describe('a static program', () => {
  it('shares a buffer with its children, one after the other', async () => {
    const { stdout, code } = await exec(compile(PROGRAM, 'static'), 'system', 'forks', '100');
    expect([stdout, code]).toEqual(['children that failed: 0\n', 0]);
  });

  it('gets its numbers right while other threads open and duplicate', async () => {
    const { stdout, code } = await exec(compile(PROGRAM, 'static'), 'system', 'threads');
    expect([stdout, code]).toEqual(['rounds that failed: 0\nnext number: 4\n', 0]);
  });

  it('sees the heaps in a listing of /dev', async () => {
    const { stdout } = await exec(compile(projectPath('test/native/programs/lists.c'), 'static'));
    expect(stdout).toBe('readdir 1, again 1, getdents64 1, scandir 1\n');
  });

  it('goes on when a child is killed between two calls', async () => {
    const { stdout, code } = await exec(compile(PROGRAM, 'static'), 'system', 'crash');
    expect([stdout, code]).toEqual(['killed by: 9\nparent goes on with: 6\n', 0]);
  });

  it.for([
    ['static', 'static'],
    ['static', 'glibc'],
    ['glibc', 'static'],
  ] as const)('passes a buffer on over exec: %s becomes %s', async ([from, to]) => {
    const { stdout, code } = await exec(compile(PROGRAM, from), 'system', 'exec', compile(PROGRAM, to));
    const lines = ['exec of nothing: No such file or directory', 'size of what came over exec: 12288', ''];
    expect([stdout.split('\n'), code]).toEqual([lines, 0]);
  });

  it('leaves nothing behind that it closed right before its end, and what differs is told', async () => {
    const { stderr, code } = await exec(compile(PROGRAM, 'static'), 'system', 'once');
    expect([stderr, code]).toEqual([
      expect.stringMatching(/^note: by seccomp read, .*\nnote: by seccomp .*\n$/),
      0,
    ]);
    const io = [
      '--carrier',
      'seccomp',
      '--seccomp-io',
      '--board',
      BOARD,
      '--kernel',
      '7.3',
      '--coherent',
      'off',
    ];
    const carried = await dmaheap(['exec', ...io, '--', compile(PROGRAM, 'static'), 'system', 'once']);
    expect(carried).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^note: by seccomp chdir .*\n$/),
    });
  });
});

describe('what cannot be carried', () => {
  it('is refused by name: a program of another word size', async () => {
    const program = join(freshDirectory(), 'foreign');
    // The first bytes of an ELF file of 32 bits, little-endian.
    writeFileSync(program, Buffer.concat([Buffer.from('\x7fELF\x01\x01\x01', 'latin1'), Buffer.alloc(200)]), {
      mode: 0o755,
    });
    const { stderr, code } = await exec(program);
    expect(stderr).toContain('foreign is a program of another machine or word size');
    expect(code).toBe(126);
  });
});
