/** --verbose: each call that fails is told with its rule, also where it fails before it reaches the kernel. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { projectPath } from '../small-board.ts';
import { dmaheap } from './in-process.ts';

const place = mkdtempSync(join(tmpdir(), 'dmaheap-verbose-'));
const session = ['--session', join(place, 'session')];
afterAll(() => rmSync(place, { recursive: true, force: true }));
await dmaheap([...session, 'boot', projectPath('fixtures/boards/camera-soc.dtb')]);

test.each([
  [['alloc', 'video-cma@60000000', '65M'], 'mm/cma.c: cma_alloc()'],
  [['alloc', 'nope', '4K'], 'fs/namei.c: do_filp_open()'],
  [['free', '99'], 'fs/file.c: fdget()'],
  [['show', '99'], 'fs/file.c: fdget()'],
  [['dump', '99'], 'fs/file.c: fdget()'],
  [['mmap', '99'], 'fs/file.c: fdget()'],
])('of %j names %s', async (words, where) => {
  const plain = await dmaheap([...session, ...words]);
  expect([plain.code, plain.stderr.includes('where: ')]).toEqual([1, false]);
  expect((await dmaheap([...session, ...words, '-v'])).stderr).toContain(`where: ${where}, Linux 7.3`);
  const { context } = JSON.parse((await dmaheap([...session, ...words, '-v', '--json'])).stdout);
  expect(context).toMatchObject({ where, of: 'Linux 7.3' });
});
