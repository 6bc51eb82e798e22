/** The picture of README.md is a session's, as `dmaheap memmap --svg` draws it (UPDATE_DOCS=1 writes it anew). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshPlace } from '../cli/built-command.ts';
import { projectPath } from '../small-board.ts';

const PICTURE = 'docs/session.svg';

/** A camera's frames, of which two were given back; a codec's buffer in its pool; what a program has of the system heap. */
const SESSION = `set -e
dmaheap boot boards/camera-soc.dtb
dmaheap alloc video-cma@60000000 8M --count 6 --name frame --task camera
dmaheap free 5 7 --task camera
dmaheap alloc vpu-pool@50000000 1M --name firmware --task codec
dmaheap alloc default_cma_region 12M --name still --task camera
dmaheap alloc system 64M --name scratch
dmaheap memmap --svg picture.svg`;

test('README.md shows the session that was drawn', () => {
  const place = freshPlace('built');
  expect(place.inShell(SESSION)).toMatchObject({ code: 0 });
  const drawn = readFileSync(join(place.dir, 'picture.svg'), 'utf8');
  if (process.env.UPDATE_DOCS === '1') writeFileSync(projectPath(PICTURE), drawn);
  expect(readFileSync(projectPath(PICTURE), 'utf8')).toBe(drawn);
  expect(drawn).toContain('frame');
  expect(readFileSync(projectPath('README.md'), 'utf8')).toContain(`](${PICTURE})`);
});
