import { describe, expect, it } from 'vitest';
import { Memblock } from '../../src/mm/early/memblock.ts';
import { type Resource, SystemRam } from '../../src/mm/early/system-ram.ts';
import { profileOf } from '../../src/profile/profile.ts';
import { MiB, type PhysRange } from '../../src/units.ts';
import { GEOMETRY } from '../pages.ts';
import { range } from '../small-board.ts';

const shown = (memblock: Memblock, kernel?: PhysRange): SystemRam =>
  new SystemRam(memblock, profileOf().profile, { kernel, firmware: [] });

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
  return shown(memblock);
}

const hex = ({ name, start, end }: Resource) => `${start.toString(16)}-${end.toString(16)} ${name}`;

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

describe('lines below System RAM', () => {
  it('are the image in its parts, and whole pages of what is reserved, as recorded', () => {
    const memblock = new Memblock(GEOMETRY, true);
    memblock.addMemory(range(0x40000000n, 512n * MiB));
    const kernel = range(0x40200000n, 0x440000n);
    for (const one of [kernel, range(0x41200000n, 0x50870n), range(0x41400000n, 0x1eb7n)])
      memblock.reserve(one);
    const [top, ...more] = shown(memblock, kernel).resources;
    expect(more).toEqual([]);
    expect(top && [hex(top), ...top.children.map(hex)]).toEqual([
      '40000000-5fffffff System RAM',
      '40200000-404cffff Kernel code',
      '404d0000-4052ffff reserved',
      '40530000-4063ffff Kernel data',
      '41200000-41250fff reserved',
      '41400000-41401fff reserved',
    ]);
  });

  it('have a page that two reserved ranges share once', () => {
    const memblock = new Memblock(GEOMETRY, true);
    memblock.addMemory(range(0n, MiB));
    for (const one of [
      range(0x10000n, 0x1800n),
      range(0x11c00n, 0x400n),
      range(0x11f00n + 0x200n, 0x2000n),
    ]) {
      memblock.reserve(one);
    }
    const lines = shown(memblock).resources[0]?.children.map(hex);
    expect(lines).toEqual(['10000-11fff reserved', '12000-14fff reserved']);
  });

  it('are cut at the borders of no-map memory', () => {
    const memblock = new Memblock(GEOMETRY, true);
    memblock.addMemory(range(0n, MiB));
    memblock.markNomap(range(0x20000n, 0x10000n), true);
    memblock.reserve(range(0x1f000n, 0x12000n));
    expect(
      shown(memblock).resources.flatMap((top) => [hex(top), ...top.children.map((c) => `  ${hex(c)}`)]),
    ).toEqual([
      '0-1ffff System RAM',
      '  1f000-1ffff reserved',
      '20000-2ffff reserved',
      '  20000-2ffff reserved',
      '30000-fffff System RAM',
      '  30000-30fff reserved',
    ]);
  });
});

describe('other architectures', () => {
  const lines = (arch: string, kernel: PhysRange | undefined, firmware: readonly PhysRange[] = []) => {
    const memblock = new Memblock(GEOMETRY, true);
    memblock.addMemory(range(0x80000000n, 64n * MiB));
    memblock.markNomap(range(0x81000800n, 0x2800n), true);
    memblock.reserve(range(0x82000000n, 0x1000n));
    memblock.reserve(range(0x90000000n, 0x1800n));
    const { profile } = profileOf('v3', {}, 4, undefined, arch);
    const text = (line: Resource): string[] => [
      hex(line),
      ...(line.children ?? []).flatMap(text).map((child) => `  ${child}`),
    ];
    return new SystemRam(memblock, profile, { kernel, firmware }).resources.flatMap(text);
  };

  it('show the image as a whole with its parts, and what is reserved outside of RAM', () => {
    expect(lines('riscv64', range(0x80200000n, 12n * MiB))).toEqual([
      '80000000-80ffffff System RAM',
      '  80202000-80cd1fff Kernel image',
      '    80202000-8034dfff Kernel code',
      '    80800000-809fffff Kernel rodata',
      '    80c00000-80c94fff Kernel data',
      '    80c95000-80cd1fff Kernel bss',
      '81001000-81002fff Reserved',
      '81003000-83ffffff System RAM',
      '  82000000-82000fff Reserved',
      '90000000-90001fff Reserved',
    ]);
  });

  it('show RAM to the byte and nothing else', () => {
    expect(lines('arm', undefined)).toEqual(['80000000-810007ff System RAM', '81003000-83ffffff System RAM']);
  });

  it('show what firmware said', () => {
    expect(lines('x86_64', undefined, [range(0x1000n, 0x9ec00n)])).toEqual(['1000-9fbff System RAM']);
  });
});

describe('no-map pieces in one page', () => {
  it('make one line of that page', () => {
    const memblock = new Memblock(GEOMETRY, true);
    memblock.addMemory(range(0n, MiB));
    memblock.markNomap(range(0x10100n, 0x100n), true);
    memblock.markNomap(range(0x10800n, 0x100n), true);
    expect(shown(memblock).resources).toEqual([
      { name: 'System RAM', start: 0n, end: 0xffffn, children: [] },
      { name: 'reserved', start: 0x10000n, end: 0x10fffn, children: [] },
      { name: 'System RAM', start: 0x11000n, end: 0xfffffn, children: [] },
    ]);
  });
});
