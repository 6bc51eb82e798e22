/** The second carrier: static programs, whose system calls the supervisor is told of. */
import { describe, expect, it } from 'vitest';
import { projectPath } from '../small-board.ts';
import { compile, hasCompiler } from './native-programs.ts';
import { dmaheap } from './run-exec.ts';

const BOARD = projectPath('fixtures/oracle/boards/mixed.dtb');
const PROGRAM = projectPath('test/native/programs/static-program.c');

const exec = (...words: readonly string[]) =>
  dmaheap(['exec', '--board', BOARD, '--kernel', '7.3', '--coherent', 'off', '--', ...words]);

describe('a static program', () => {
  it('shares a buffer with a thousand children, one after the other', async () => {
    const { stdout, code } = await exec(compile(PROGRAM, 'static'), 'system', 'forks', '1000');
    expect([stdout, code]).toEqual(['children that failed: 0\n', 0]);
  });

  it('gets its numbers right while other threads open and duplicate', async () => {
    const { stdout, code } = await exec(compile(PROGRAM, 'static'), 'system', 'threads');
    expect([stdout, code]).toEqual(['rounds that failed: 0\nnext number: 4\n', 0]);
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

  it('leaves nothing behind that it closed right before its end', async () => {
    const { stderr, code } = await exec(compile(PROGRAM, 'static'), 'system', 'forks', '1');
    expect([/leak/.exec(stderr)?.[0], code]).toEqual([undefined, 0]);
  });
});

describe('a program of another word size', () => {
  it.skipIf(!hasCompiler('static'))('is refused by name', async () => {
    const foreign = projectPath('test/native/programs/foreign.elf');
    const { stderr, code } = await exec(foreign);
    expect(stderr).toContain('foreign.elf is a program of another machine or word size');
    expect(code).toBe(126);
  });
});
