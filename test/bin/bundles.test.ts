/** What every command loads: what boots, compiles or checks boards lies in bundles that only some load. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { projectPath } from '../small-board.ts';

const bundle = (name: string): string => readFileSync(projectPath(`dist/${name}`), 'latin1');

test.each([
  ['checkInputs', 'board.cjs'],
  ['keepDriverMemory', 'board.cjs'],
  ['loadTree', 'board.cjs'],
  ['checkBoard', 'board-commands.cjs'],
  ['failureContext', 'told-context.cjs'],
  ['rebuildState', 'reconstruct.cjs'],
])('%s() is in %s, and in no bundle that alloc loads', (name, file) => {
  const made = new RegExp(`function ${name}\\(`);
  expect(bundle(file)).toMatch(made);
  expect(bundle('cli.cjs')).not.toMatch(made);
});
