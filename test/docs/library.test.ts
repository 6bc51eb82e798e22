/** The program of docs/library.md is the one that is compiled here, and prints what stands there. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { projectPath } from '../small-board.ts';
import { blocksOf } from './transcript.ts';

const PROGRAM = projectPath('test/docs/library-program.ts');

test('docs/library.md has the program, and what it prints', async () => {
  const blocks = blocksOf(readFileSync(projectPath('docs/library.md'), 'utf8'));
  const text = readFileSync(PROGRAM, 'utf8');
  expect(blocks.find(({ language }) => language === 'ts')?.text).toBe(text);

  const { outputFiles } = await build({
    entryPoints: [PROGRAM],
    alias: { dmaheap: projectPath('src/index.ts') },
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
  });
  const board = 'fixtures/boards/camera-soc.dtb';
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-', board], {
    cwd: projectPath('.'),
    input: outputFiles[0]?.text ?? '',
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(blocks.find(({ language }) => language === 'text')?.text).toBe(stdout);
});
