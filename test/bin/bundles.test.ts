/** What every command loads: what boots, compiles or checks boards lies in bundles that only some load. */
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMAND, freshPlace } from '../cli/built-command.ts';
import { projectPath } from '../small-board.ts';

const bundle = (name: string): string => readFileSync(projectPath(`dist/${name}`), 'latin1');

test.each([
  ['checkInputs', 'board.cjs'],
  ['keepDriverMemory', 'board.cjs'],
  ['loadTree', 'board.cjs'],
  ['checkBoard', 'board-commands.cjs'],
  ['failureContext', 'told-context.cjs'],
  ['rebuildState', 'reconstruct.cjs'],
  ['mremap', 'seldom.cjs'],
  ['mapSgtable', 'seldom.cjs'],
])('%s() is in %s, and in no bundle that alloc loads', (name, file) => {
  const made = new RegExp(`function ${name}\\(`);
  expect(bundle(file)).toMatch(made);
  expect(bundle('cli.cjs')).not.toMatch(made);
});

test('what loops call needs the first bundle alone', async () => {
  const place = freshPlace('built');
  const copy = join(place.dir, 'package');
  mkdirSync(join(copy, 'dist'), { recursive: true });
  cpSync(dirname(COMMAND), join(copy, 'bin'), { recursive: true });
  cpSync(projectPath('dist/cli.cjs'), join(copy, 'dist/cli.cjs'));
  symlinkSync(projectPath('node_modules'), join(copy, 'node_modules'));
  expect((await place.sh('dmaheap boot boards/camera-soc.dtb')).code).toBe(0);
  for (const words of [
    'list',
    'list --json',
    'alloc system 64K',
    'alloc linux,cma 64K --json',
    'alloc vpu-pool@50000000 4K',
    'buffers',
    'buffers --json',
    'show 4',
    'show 5 --json',
    'sync --start --write 4',
    'sync --end --write 4 --json',
    'free 4 5 6',
  ]) {
    expect(await place.sh(`"${process.execPath}" package/bin/dmaheap.cjs ${words}`)).toMatchObject({
      code: 0,
    });
  }
  const failed = await place.sh(`"${process.execPath}" package/bin/dmaheap.cjs free 4`);
  expect(failed.stderr).toMatch(/seldom\.cjs/);
});

test('every command reads the first bundle: what it does not run is elsewhere', () => {
  expect(bundle('cli.cjs').length).toBeLessThan(580_000);
});
