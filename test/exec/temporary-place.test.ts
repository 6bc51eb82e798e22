/** Where a server's socket lies: Linux cuts a name that is too long for it, and it would be another file then. */
import { expect, it } from 'vitest';
import { ExecFailure } from '../../src/exec/exec-failure.ts';
import { socketBase, temporaryPlace } from '../../src/exec/temporary-place.ts';

const SUN_PATH = 108;

it.each([4, 40, 82, 83, 84, 95, 200])(
  'has room for sockets below a temporary directory of %i letters',
  (length) => {
    const temporary = `/${'d'.repeat(length - 1)}`;
    const base = socketBase(temporary);
    expect(`${base}/dmaheap-XXXXXX/s4194304\0`.length).toBeLessThanOrEqual(SUN_PATH);
    // It is left only for want of room.
    expect(base === temporary).toBe(`${temporary}/dmaheap-XXXXXX/s4194304\0`.length <= SUN_PATH);
  },
);

it('is refused by name where no directory can be made', () => {
  expect(() => temporaryPlace('/nonexistent/dmaheap-')).toThrow(ExecFailure);
  expect(() => temporaryPlace('/nonexistent/dmaheap-')).toThrow(
    'no directory can be made in /nonexistent (ENOENT)',
  );
});
