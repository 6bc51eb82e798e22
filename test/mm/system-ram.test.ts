import { describe, expect, it } from 'vitest';
import { Memblock } from '../../src/mm/early/memblock.ts';
import { SystemRam } from '../../src/mm/early/system-ram.ts';
import { GEOMETRY } from '../pages.ts';
import { range } from '../small-board.ts';

/**
 * ```
 * pages   1        16        24        32        40
 *         |-- RAM --|-nomap---|-- RAM --|         |
 * ```
 */
function ram(nomap = range(0x10000n, 0x8000n)): SystemRam {
  const memblock = new Memblock(GEOMETRY, true);
  memblock.addMemory(range(0x1000n, 0x1f000n));
  memblock.markNomap(nomap, true);
  return new SystemRam(memblock);
}

describe('SystemRam', () => {
  it('has a line for each range of RAM and of no-map memory', () => {
    expect(ram().resources).toEqual([
      { name: 'System RAM', start: 0x1000n, end: 0xffffn, children: [] },
      { name: 'reserved', start: 0x10000n, end: 0x17fffn, children: [] },
      { name: 'System RAM', start: 0x18000n, end: 0x1ffffn, children: [] },
    ]);
  });

  it('rounds RAM inward and no-map memory outward to pages', () => {
    expect(ram(range(0x10100n, 0x800n)).resources).toEqual([
      { name: 'System RAM', start: 0x1000n, end: 0xffffn, children: [] },
      { name: 'reserved', start: 0x10000n, end: 0x10fffn, children: [] },
      { name: 'System RAM', start: 0x11000n, end: 0x1ffffn, children: [] },
    ]);
  });

  it('says whether a range meets RAM, and another resource besides', () => {
    const at = (base: bigint, size: bigint) => ram().intersects(range(base, size));
    expect(at(0x10000n, 0x8000n)).toBe('none');
    expect(at(0x20000n, 0x8000n)).toBe('none');
    expect(at(0x2000n, 0x1000n)).toBe('ram');
    expect(at(0xf000n, 0x2000n)).toBe('mixed');
    // A hole is no resource.
    expect(at(0x1f000n, 0x2000n)).toBe('ram');
    expect(at(0x0n, 0x2000n)).toBe('ram');
    expect(at(0n, 0x100000n)).toBe('mixed');
  });
});
