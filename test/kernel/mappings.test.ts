/** Mappings that lose parts, change and move: what no recorded program asks, and what becomes of them elsewhere. */
import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/kernel/kernel.ts';
import {
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  MREMAP_DONTUNMAP,
  MREMAP_FIXED,
  MREMAP_MAYMOVE,
  PROT_NONE,
  PROT_READ,
} from '../../src/uapi/fcntl.ts';
import { GiB, KiB, MiB } from '../../src/units.ts';
import { board, bootBoard, cma } from '../small-board.ts';
import { Task } from './machine.ts';

const PAGE = 4n * KiB;
const FIXED = MREMAP_MAYMOVE | MREMAP_FIXED;
const KEEPS = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;

function booted(kernel = '6.12', backend = 'system') {
  const given = board([cma('linux,cma', GiB + 64n * MiB, 64n * MiB, { linuxCmaDefault: true })]);
  const machine = bootBoard(given, { kernel, coherent: 'off' });
  const heap = machine.kernel.heaps().find((one) => one.backend === backend)?.name ?? '';
  const task = new Task(machine.kernel);
  const fd = task.alloc(heap, 8n * PAGE);
  const m = task.map(fd, 8n * PAGE);
  for (let page = 0; page < 8; page++) task.store(m, page * 4096, [0x61 + page]);
  return { ...machine, heap, task, fd, m };
}

const start = (kernel: Kernel, mapping: number): bigint => kernel.mappingAddress('shell', mapping) ?? 0n;
/** Pages of a task's mappings, by address: [pages, first page of the buffer, protection]. */
const areas = (task: Task): unknown[] =>
  task
    .cat('/proc/self/maps')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, from = '', to = '', prot, offset = ''] = /^(\w+)-(\w+) (\S+) (\w+)/.exec(line) ?? [];
      const length = BigInt(`0x${to}`) - BigInt(`0x${from}`);
      return [Number(length / PAGE), Number(BigInt(`0x${offset}`) / PAGE), prot];
    });

describe('MREMAP_FIXED', () => {
  it.each(['5.10', '6.12', '7.3'])('moves a part of a mapping, on %s', (version) => {
    const { kernel, task, m } = booted(version);
    const new_addr = start(kernel, m) - MiB;
    const moved = task.must({
      call: 'mremap',
      mapping: m,
      offset: 2n * PAGE,
      old_len: 3n * PAGE,
      new_len: 3n * PAGE,
      flags: FIXED,
      new_addr,
    });
    expect(start(kernel, moved)).toBe(new_addr);
    expect(task.load(moved, 4096, 1)).toEqual([0x64]);
    expect(() => task.load(m, 2 * 4096, 1)).toThrow('SEGV_MAPERR');
    expect(areas(task)).toEqual([
      [3, 2, 'rw-s'],
      [2, 0, 'rw-s'],
      [3, 5, 'rw-s'],
    ]);
  });

  it('refuses a place that overlaps, is unaligned or too high, and one without MREMAP_MAYMOVE', () => {
    const { kernel, task, m } = booted();
    const to = (new_addr: bigint, flags = FIXED) =>
      task.call({
        call: 'mremap',
        mapping: m,
        offset: 0n,
        old_len: 2n * PAGE,
        new_len: 2n * PAGE,
        flags,
        new_addr,
      }).errno;
    const here = start(kernel, m);
    expect([to(here), to(here + PAGE), to(here - MiB + 1n), to(1n << 48n)]).toEqual(Array(4).fill('EINVAL'));
    expect(to(here - MiB, MREMAP_FIXED)).toBe('EINVAL');
    expect(areas(task)).toEqual([[8, 0, 'rw-s']]);
  });

  it('clears its target before it looks, up to 6.12, and afterwards does not', () => {
    const cleared = ['6.12', '7.3'].map((version) => {
      const { kernel, task, fd, m } = booted(version);
      const target = task.map(fd, PAGE, { prot: PROT_READ });
      // Frames do not grow.
      const { errno } = task.call({
        call: 'mremap',
        mapping: m,
        offset: 7n * PAGE,
        old_len: PAGE,
        new_len: 2n * PAGE,
        flags: FIXED,
        new_addr: start(kernel, target) - PAGE,
      });
      expect(errno).toBe('EFAULT');
      return kernel.mappingOf('shell', target) === undefined;
    });
    expect(cleared).toEqual([true, false]);
  });

  it('moves several areas with the gap between them from 6.18 on, and before says EFAULT', () => {
    const moved = ['6.12', '6.18'].map((version) => {
      const { kernel, task, m } = booted(version);
      task.must({ call: 'munmap', mapping: m, offset: 3n * PAGE, length: PAGE });
      const new_addr = start(kernel, m) - MiB;
      const args = { offset: 0n, old_len: 8n * PAGE, new_len: 8n * PAGE, flags: FIXED, new_addr };
      const { errno } = task.call({ call: 'mremap', mapping: m, ...args });
      return [errno, areas(task), task.cat('/proc/self/maps').startsWith(new_addr.toString(16))];
    });
    const both = [
      [3, 0, 'rw-s'],
      [4, 4, 'rw-s'],
    ];
    expect(moved).toEqual([
      ['EFAULT', both, false],
      [undefined, both, true],
    ]);
  });
});

describe('MREMAP_DONTUNMAP', () => {
  it.each([
    ['5.10', 'cma', 'EINVAL'],
    ['6.1', 'cma', undefined],
    ['6.1', 'system', 'EINVAL'],
    ['7.3', 'cma', 'EINVAL'],
  ])('on %s, a %s heap: %s', (version, backend, expected) => {
    const { kernel, task, m } = booted(version, backend);
    const args = { offset: 0n, old_len: 8n * PAGE, new_len: 8n * PAGE, flags: KEEPS };
    const { ret, errno } = task.call({ call: 'mremap', mapping: m, ...args });
    expect(errno).toBe(expected);
    expect(task.load(m, 4096, 1)).toEqual([0x62]);
    if (errno === undefined) {
      expect(task.load(ret, 4096, 1)).toEqual([0x62]);
      expect(kernel.buffers()[0]?.count).toBe(3);
    }
  });
});

describe('a mapping with a hole', () => {
  it('is the same in a child, keeps its buffer, and goes with its task', () => {
    const { kernel, task, fd, m } = booted();
    task.must({ call: 'munmap', mapping: m, offset: PAGE, length: 2n * PAGE });
    task.must({ call: 'mprotect', mapping: m, offset: 4n * PAGE, length: PAGE, prot: PROT_NONE });
    task.must({ call: 'fork', child: 'child' });
    const child = new Task(kernel, 'child');
    expect(areas(child)).toEqual(areas(task));
    expect(areas(child)).toEqual([
      [1, 0, 'rw-s'],
      [1, 3, 'rw-s'],
      [1, 4, '---s'],
      [3, 5, 'rw-s'],
    ]);
    child.must({ call: 'munmap', mapping: m, offset: 0n, length: 8n * PAGE });
    expect(areas(child)).toEqual([]);
    task.must({ call: 'close', fd });
    child.must({ call: 'exit' });
    expect(kernel.buffers()).toMatchObject([{ count: 1, mappings: [{ task: 'shell', id: m }] }]);
    task.must({ call: 'execve' });
    expect(kernel.buffers()).toEqual([]);
  });

  it('stays in place of another that munmap by number leaves alone', () => {
    const { kernel, task, fd, m } = booted();
    const addr = start(kernel, m) + 2n * PAGE;
    const args = { prot: PROT_READ, flags: MAP_SHARED | MAP_FIXED, offset: 0n, addr };
    const over = task.must({ call: 'mmap', fd, length: PAGE, ...args });
    task.must({ call: 'munmap', mapping: m });
    expect(areas(task)).toEqual([[1, 0, 'r--s']]);
    expect(task.load(over, 0, 1)).toEqual([0x61]);
  });

  it('is used again once it is free: the addresses are as before', () => {
    const { kernel, task, fd, m, records } = booted();
    const first = start(kernel, m);
    task.must({ call: 'munmap', mapping: m, offset: 0n, length: 3n * PAGE });
    task.must({ call: 'munmap', mapping: m, offset: 3n * PAGE, length: 5n * PAGE });
    expect([...records.list('address-space/')]).toEqual([]);
    expect(start(kernel, task.map(fd, 8n * PAGE))).toBe(first);
  });

  it('takes the written pages of a private mapping along, and drops those that are gone', () => {
    const { kernel, task, fd, records } = booted();
    const own = task.map(fd, PAGE, { flags: MAP_PRIVATE, offset: 3n * PAGE });
    task.store(own, 9, [0x70]);
    const args = {
      offset: 0n,
      old_len: PAGE,
      new_len: PAGE,
      flags: FIXED,
      new_addr: start(kernel, own) - MiB,
    };
    const moved = task.must({ call: 'mremap', mapping: own, ...args });
    expect(task.load(moved, 0, 10)).toEqual([0x64, 0, 0, 0, 0, 0, 0, 0, 0, 0x70]);
    expect([...records.list('mapping-page/')]).toHaveLength(1);
    task.must({ call: 'munmap', mapping: moved, offset: 0n, length: PAGE });
    expect([...records.list('mapping-page/')]).toEqual([]);
  });
});

it('a mapping that mremap made longer than its buffer is shown as it is, and SIGBUS behind the end', () => {
  const { kernel, task, m } = booted('6.6', 'cma');
  const args = { offset: 0n, old_len: 8n * PAGE, new_len: 16n * PAGE, flags: MREMAP_MAYMOVE };
  const longer = task.must({ call: 'mremap', mapping: m, ...args });
  expect(task.load(longer, 7 * 4096, 1)).toEqual([0x68]);
  expect(() => task.load(longer, 8 * 4096 - 1, 2)).toThrow('SIGBUS');
  expect(kernel.mappingOf('shell', longer)?.length).toBe(16n * PAGE);
});
