/** The picture of README.md is what a session's map really looks like: UPDATE_DOCS=1 draws it anew. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { dmaheap } from '../cli/in-process.ts';
import { projectPath } from '../small-board.ts';

const PICTURE = 'docs/memory-map.svg';
const dir = mkdtempSync(join(tmpdir(), 'dmaheap-picture-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What README.md calls the commands of its picture. */
const COMMANDS: readonly (readonly string[])[] = [
  ['boot', projectPath('fixtures/boards/camera-soc.dtb')],
  ['alloc', 'video-cma@60000000', '8M', '--name', 'preview', '--task', 'camera'],
  ['alloc', 'video-cma@60000000', '12M', '--name', 'still', '--task', 'camera'],
  ['alloc', 'system', '32M', '--name', 'ui', '--task', 'compositor'],
];

test('README.md shows the map of a session', async () => {
  for (const words of COMMANDS) {
    const { code, stderr } = await dmaheap(words, {}, { cwd: dir });
    expect([words[0], code, stderr]).toEqual([words[0], 0, expect.anything()]);
  }
  const { stdout } = await dmaheap(['memmap', '--svg'], {}, { cwd: dir });
  if (process.env.UPDATE_DOCS === '1') writeFileSync(projectPath(PICTURE), stdout);
  expect(readFileSync(projectPath(PICTURE), 'utf8')).toBe(stdout);
  expect(readFileSync(projectPath('README.md'), 'utf8')).toContain(`](${PICTURE})`);
});
