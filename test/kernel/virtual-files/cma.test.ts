/** The folders of CMA areas: what a write to alloc and free does, and which areas have a folder. */
import { describe, expect, it } from 'vitest';
import type { ReservedMemNode } from '../../../src/board/board.ts';
import { boot } from '../../../src/kernel/boot/boot.ts';
import { parseSimpleAttribute } from '../../../src/kernel/virtual-files/simple-attribute.ts';
import { MemoryRecords } from '../../../src/records.ts';
import { GiB, MiB } from '../../../src/units.ts';
import { board, cma, RAM_BASE, RESERVE, range } from '../../small-board.ts';
import { Looking } from './looking.ts';

const C = '/sys/kernel/debug/cma/c';

const looking = (nodes: readonly ReservedMemNode[] = [cma('c', 0x48000000n, 2n * MiB)]): Looking => {
  const records = new MemoryRecords();
  boot(board(nodes), { reserve: RESERVE, cmdline: 'cma=0' }, records);
  return new Looking(records);
};

const log = (machine: Looking): string[] =>
  [...machine.context.printk.since()].map(({ level, text }) => `<${level}>${text}`);

/** Its counters: success, fail, release, available. */
const counters = (machine: Looking): string[] =>
  ['alloc_pages_success', 'alloc_pages_fail', 'release_pages_success', 'available_pages'].map((file) =>
    machine.cat(`/sys/kernel/mm/cma/c/${file}`).trimEnd(),
  );

describe('a number as debugfs reads it', () => {
  const parse = (text: string) => parseSimpleAttribute(new TextEncoder().encode(text));

  it.each([
    ['16', 16n],
    ['16\n', 16n],
    ['+5', 5n],
    ['0x1F\n', 31n],
    ['0Xff', 255n],
    ['010', 8n],
    ['0', 0n],
    ['18446744073709551615', (1n << 64n) - 1n],
    ['12\0whatever', 12n],
    // Only 23 bytes are looked at.
    ['00000000000000000000017 and more', 15n],
  ])('%j is %s', (text, value) => {
    expect(parse(text)).toBe(value);
  });

  it.each(['', '\n', ' 16', '16 ', '-1', '1\n\n', '08', '0x', '0xg', '+', '++1', '1k', '16 pages'])(
    '%j is EINVAL',
    (text) => {
      expect(parse(text)).toEqual({ errno: 'EINVAL' });
    },
  );
});

describe('alloc and free', () => {
  it('take first fit without alignment, and give back last in, first out', () => {
    const machine = looking();
    for (const pages of ['3', '5\n', '0x8']) expect(machine.echo(pages, `${C}/alloc`)).toBeUndefined();
    const bitmap = () => machine.cat(`${C}/bitmap`).split(' ')[0];
    expect(bitmap()).toBe(`${0xffff}`);
    // 8 pages whole, then the front of the 5.
    expect(machine.echo('10', `${C}/free`)).toBeUndefined();
    expect(bitmap()).toBe(`${0b11100111}`);
    expect(counters(machine)).toEqual(['16', '0', '10', '506']);
    // More than there is: all that is left, and no error.
    expect(machine.echo('1000', `${C}/free`)).toBeUndefined();
    expect([bitmap(), ...counters(machine)]).toEqual(['0', '16', '0', '16', '512']);
    expect(machine.echo('1', `${C}/free`)).toBeUndefined();
    expect(counters(machine)[2]).toBe('16');
  });

  it('leave alone what heaps have handed out', () => {
    const machine = looking();
    machine.alloc('c', 4096n);
    machine.echo('2', `${C}/alloc`);
    machine.echo('99', `${C}/free`);
    expect(machine.cat(`${C}/used`)).toBe('1\n');
  });

  it('refuse what is no number, and change nothing', () => {
    const machine = looking();
    for (const file of ['alloc', 'free']) {
      for (const value of ['', 'x', '-1', '1 2']) expect(machine.echo(value, `${C}/${file}`)).toBe('EINVAL');
    }
    expect(counters(machine)).toEqual(['0', '0', '0', '512']);
  });

  it('say what failed in the log, but of 0 pages nothing', () => {
    const machine = looking();
    const before = log(machine).length;
    expect(machine.echo('0', `${C}/alloc`)).toBe('ENOMEM');
    expect(machine.echo('4294967296', `${C}/alloc`)).toBe('ENOMEM');
    expect([log(machine).length, counters(machine)[1]]).toEqual([before, '0']);
    expect(machine.echo('513', `${C}/alloc`)).toBe('ENOMEM');
    expect(log(machine).slice(before)).toEqual([
      '<3>cma: __cma_alloc_frozen: c: alloc failed, req-size: 513 pages, ret: -16',
      '<6>cma: number of available pages: ',
      '<6>cma: range 0: 512@0',
      '<6>cma: ',
      '<4>=> 512 free of 512 total pages',
    ]);
    expect(counters(machine)[1]).toBe('513');
  });

  it('take 2^31 and more as negative: more than there ever is', () => {
    const machine = looking();
    machine.echo('7', `${C}/alloc`);
    expect(machine.echo('4294967295', `${C}/alloc`)).toBe('ENOMEM');
    expect(log(machine).at(-5)).toContain('req-size: 18446744073709551615 pages, ret: -16');
    expect(counters(machine)[1]).toBe('18446744073709551615');
    expect(machine.echo('0x80000000', `${C}/free`)).toBeUndefined();
    expect(machine.cat(`${C}/used`)).toBe('0\n');
  });

  it('are for user 0 alone, and are not read', () => {
    const machine = looking();
    const node = machine.at(`${C}/alloc`);
    expect(node).toMatchObject({ kind: 'file', mode: 0o200, refusesRead: 'EACCES' });
    expect(machine.at(`${C}/count`, { uid: 5, gid: 5, groups: [] })).toBe('EACCES');
    expect([machine.echo('1', `${C}/count`), machine.echo('1', `${C}/ranges/0/bitmap`)]).toEqual([
      'EACCES',
      'EINVAL',
    ]);
  });
});

describe('the folders', () => {
  it('have links to the one range', () => {
    const machine = looking();
    expect(machine.ls(C)).toEqual(
      ['alloc', 'base_pfn', 'bitmap', 'count', 'free', 'maxchunk', 'order_per_bit', 'ranges', 'used'].sort(),
    );
    expect(machine.ls(`${C}/ranges`)).toEqual(['0']);
    expect(machine.at(`${C}/base_pfn`, undefined, false)).toMatchObject({ target: 'ranges/0/base_pfn' });
    for (const file of ['base_pfn', 'bitmap']) {
      expect(machine.cat(`${C}/${file}`)).toBe(machine.cat(`${C}/ranges/0/${file}`));
    }
    expect(machine.cat(`${C}/base_pfn`)).toBe(`${0x48000}\n`);
  });

  it('an area that could not be activated has none', () => {
    const records = new MemoryRecords();
    const memory = [range(RAM_BASE, 7n * GiB)];
    const across = cma('c', 4n * GiB - 2n * MiB, 4n * MiB);
    boot(board([across], { memory }), { reserve: RESERVE, cmdline: 'cma=0' }, records);
    const machine = new Looking(records);
    expect(machine.ls('/sys/kernel/debug/cma')).toEqual([]);
    expect(machine.ls('/sys/kernel/mm/cma')).toEqual([]);
  });

  it('source only: of two areas of one name debugfs shows the first, and sysfs nothing', () => {
    const name = 'a'.repeat(70);
    const machine = looking([cma(`${name}1`, 0x48000000n, 2n * MiB), cma(`${name}2`, 0x48400000n, 4n * MiB)]);
    const cut = name.slice(0, 63);
    expect(machine.ls('/sys/kernel/debug/cma')).toEqual([cut]);
    expect(machine.cat(`/sys/kernel/debug/cma/${cut}/count`)).toBe('512\n');
    expect(machine.ls('/sys/kernel/mm')).toEqual([]);
  });
});
