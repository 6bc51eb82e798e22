/** A disk that is full is told as such, whichever write is the first that does not fit. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { projectPath } from '../small-board.ts';

const BOARD = projectPath('fixtures/boards/camera-soc.dtb');
const COMMAND = projectPath('bin/dmaheap.cjs');

const place = mkdtempSync(join(tmpdir(), 'dmaheap-native-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** Runs a shell's words in a name space of its own, where a small file system is mounted at $1. */
const onDisk = (kib: number, script: string) =>
  spawnSync(
    'unshare',
    ['-rm', 'sh', '-c', `mount -t tmpfs -o size=${kib}k none "$1" && ${script}`, 'sh', place],
    { encoding: 'utf8', env: { ...process.env, NODE: process.execPath, COMMAND, BOARD } },
  );

const canMount = onDisk(4, 'true').status === 0;

// The steps between the sizes are shorter than anything that is written.
const SIZES = Array.from({ length: 18 }, (_, i) => 4 + 8 * i);

it.skipIf(!canMount)('a session that does not fit is refused with the place, by exec and by boot', () => {
  let refused = 0;
  for (const kib of SIZES) {
    for (const [script, failure] of [
      ['TMPDIR="$1" "$NODE" "$COMMAND" exec --board "$BOARD" -- true', 125],
      ['"$NODE" "$COMMAND" --session "$1/s" boot "$BOARD"', 4],
    ] as const) {
      const { status, stderr } = onDisk(kib, script);
      if (status === 0) continue;
      refused++;
      expect([kib, status, stderr]).toEqual([
        kib,
        failure,
        expect.stringMatching(
          /^error: .*(disk is full|no space left).*\/dmaheap-native-|^error: .*\/dmaheap-native-.*no space left/,
        ),
      ]);
    }
  }
  expect(refused).toBeGreaterThan(SIZES.length);
});
