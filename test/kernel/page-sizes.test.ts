/** Kernels with 4 and 64 KiB pages, in turns in one process: none sees the other's pages. */
import { describe, expect, it } from 'vitest';
import { boot } from '../../src/kernel/boot/boot.ts';
import { Kernel, layoutOf } from '../../src/kernel/kernel.ts';
import { InMemoryPhysMemory } from '../../src/mm/phys-memory.ts';
import type { PageKiB } from '../../src/profile/architecture.ts';
import { ARM64 } from '../../src/profile/arm64.ts';
import { pageblockBytes, profileOf } from '../../src/profile/profile.ts';
import { MemoryRecords } from '../../src/records.ts';
import { MAP_SHARED, O_RDWR, PROT_READ, PROT_WRITE } from '../../src/uapi/fcntl.ts';
import { decodeStat } from '../../src/uapi/stat.ts';
import { bytesOf, GiB, KiB, MiB } from '../../src/units.ts';
import { board, cma, coherent, range } from '../small-board.ts';
import { Task } from './machine.ts';

const BOARD = board([coherent('pool', 0x50000000n, 4n * MiB), cma('video', 0x60000000n, 512n * MiB)], {
  memory: [range(1n * GiB, 4n * GiB)],
});

/** Lines of the boot's log that hold a word. */
const logged = (kernel: Kernel, word: string): string[] =>
  [...kernel.printk.since(0)].map(({ text }) => text).filter((text) => text.includes(word));

class Machine {
  readonly kernel: Kernel;
  readonly shell: Task;
  readonly pageKiB: PageKiB;

  constructor(pageKiB: PageKiB) {
    const records = new MemoryRecords();
    expect(boot(BOARD, { pageKiB }, records)).toEqual({ warnings: [] });
    this.kernel = new Kernel(records, new InMemoryPhysMemory(layoutOf(records)));
    this.shell = new Task(this.kernel, 'shell');
    this.pageKiB = pageKiB;
  }

  text(path: string): string {
    const fd = this.shell.must({ call: 'open', path, flags: 0 });
    const buf = new Uint8Array(1 << 16);
    const length = this.shell.must({ call: 'read', fd, buf });
    this.shell.must({ call: 'close', fd });
    return new TextDecoder().decode(buf.subarray(0, length));
  }
}

describe('a 4 KiB and a 64 KiB kernel in turns', () => {
  const machines = [new Machine(4), new Machine(64)];

  /** Does it on one, then on the other, and again. */
  const inTurns = (body: (machine: Machine, page: bigint) => void) => {
    for (const machine of [...machines, ...machines]) body(machine, BigInt(machine.pageKiB) * KiB);
  };

  it.each(['system', 'video', 'pool'])('round a request to %s up to whole pages of their own', (heap) => {
    inTurns(({ shell, kernel }, page) => {
      const fd = shell.alloc(heap, 5000n);
      const buffer = kernel.buffer('shell', fd);
      const size = page === 4096n ? 8192n : 65536n;
      expect(buffer).toMatchObject({ size, pageSize: Number(page) });
      const pages = buffer?.sgTable.reduce((sum, run) => sum + run.pages, 0);
      expect(pages).toBe(Number(size / page));
      for (const run of buffer?.sgTable ?? []) {
        const { base } = bytesOf(run, Number(page));
        expect(base % page).toBe(0n);
        expect(base >= GiB && base < 5n * GiB).toBe(true);
      }
      expect(kernel.physOf('shell', fd)).toBe(
        bytesOf(buffer?.sgTable[0] ?? { pfn: 0, pages: 0 }, Number(page)).base,
      );
      const stat = new Uint8Array(ARM64.stat.size);
      shell.must({ call: 'fstat', fd, buf: stat });
      expect(decodeStat(stat, ARM64.stat)).toMatchObject({
        st_size: size,
        st_blksize: kernel.profile.geometry.pageSize,
      });
    });
  });

  it('place regions where they were told to, and count their pages', () => {
    inTurns(({ kernel }, page) => {
      const heaps = new Map(kernel.heaps().map((heap) => [heap.name, heap]));
      expect(heaps.get('video')).toMatchObject({ base: 0x60000000n, size: 512n * MiB });
      expect(heaps.get('pool')).toMatchObject({ base: 0x50000000n, size: 4n * MiB });
      expect(kernel.freeRuns('pool').reduce((sum, { pages }) => sum + pages, 0)).toBeLessThanOrEqual(
        Number((4n * MiB) / page),
      );
    });
  });

  it('make CMA areas of whole pageblocks', () => {
    const [small, large] = machines.map(({ kernel }) => logged(kernel, 'cma: Reserved')[0]);
    expect(small).toMatch(/^cma: Reserved 32 MiB at 0x[0-9a-f]+00000$/);
    expect(large).toMatch(/^cma: Reserved 32 MiB at 0x00000000[02468ace]0000000$/);
    const sizes = machines.map(({ kernel }) => kernel.heaps().find(({ name }) => name === 'reserved')?.size);
    expect(sizes).toEqual([32n * MiB, 512n * MiB]);
  });

  it('map whole pages, and from whole pages on', () => {
    inTurns(({ shell, kernel }, page) => {
      const fd = shell.alloc('video', 128n * KiB);
      const map = (offset: bigint, length: bigint) =>
        shell.call({ call: 'mmap', fd, length, prot: PROT_READ | PROT_WRITE, flags: MAP_SHARED, offset });
      expect(map(4096n, 4096n).errno).toBe(page === 4096n ? undefined : 'EINVAL');
      const id = map(64n * KiB, 1n).ret;
      const mapping = kernel.mapping(id);
      expect(mapping.length).toBe(page);
      mapping.write(page - 2n, Uint8Array.of(page === 4096n ? 4 : 64, 1));
      const seen = new Uint8Array(2);
      kernel.physMemory().read((kernel.physOf('shell', fd) ?? 0n) + 64n * KiB + page - 2n, seen);
      expect([...seen]).toEqual([page === 4096n ? 4 : 64, 1]);
      expect(() => mapping.write(page, seen)).toThrow('SEGV_MAPERR');
    });
  });

  it('take aligned runs by orders of their own pages', () => {
    inTurns(({ shell, kernel }, page) => {
      const fd = shell.alloc('video', 3n * page);
      expect((kernel.physOf('shell', fd) ?? 1n) % (4n * page)).toBe(0n);
      const before = kernel.heaps().find(({ name }) => name === 'pool')?.free ?? 0n;
      shell.alloc('pool', 3n * page);
      expect(kernel.heaps().find(({ name }) => name === 'pool')?.free).toBe(before - 4n * page);
      // A piece of the system heap has order 8 at most, whatever the pages.
      const pieces = kernel.buffer('shell', shell.alloc('system', 256n * page))?.sgTable;
      expect(pieces?.map(({ pages }) => pages)).toEqual([256]);
    });
  });

  it('show their own orders and counts in /proc', () => {
    inTurns((machine, page) => {
      const orders = machine.text('/proc/buddyinfo').split('\n')[0]?.trim().split(/\s+/).slice(4) ?? [];
      expect(orders).toHaveLength(page === 4096n ? 11 : 14);
      const kib = (name: string) =>
        Number(new RegExp(`^${name}: +([0-9]+) kB$`, 'm').exec(machine.text('/proc/meminfo'))?.[1]);
      expect(kib('CmaTotal')).toBe((512 + (page === 4096n ? 32 : 512)) * 1024);
      expect(kib('MemTotal')).toBeGreaterThan(3.5 * 1024 * 1024);
      expect(kib('MemTotal')).toBeLessThanOrEqual(4 * 1024 * 1024);
      expect(kib('MemFree') % machine.pageKiB).toBe(0);
      const block = machine.text('/proc/pagetypeinfo');
      expect(block).toContain(page === 4096n ? 'Page block order: 9\n' : 'Page block order: 13\n');
    });
  });

  it('give everything back', () => {
    inTurns(({ kernel, shell }) => {
      for (const { fds, mappings } of kernel.buffers()) {
        for (const { id } of mappings) shell.must({ call: 'munmap', mapping: id });
        for (const { fd } of fds) shell.must({ call: 'close', fd });
      }
      expect(kernel.bufferCount()).toBe(0);
      expect(kernel.heaps().find(({ name }) => name === 'video')?.free).toBe(512n * MiB);
    });
  });
});

describe('a page size', () => {
  it.each([
    [4, 2n * MiB, 4n * MiB],
    [16, 32n * MiB, 32n * MiB],
    [64, 512n * MiB, 512n * MiB],
  ] as const)('of %i KiB decides the pageblock, with and without huge pages', (kib, huge, plain) => {
    expect(pageblockBytes(profileOf('v3', {}, kib).profile)).toBe(huge);
    const [thp, hugetlb] = [{ CONFIG_TRANSPARENT_HUGEPAGE: 'n' }, { CONFIG_HUGETLBFS: 'n' }];
    const of = (config: Readonly<Record<string, string>>) =>
      pageblockBytes(profileOf('v3', config, kib).profile);
    // Either of the two is enough.
    expect([of(thp), of(hugetlb), of({ ...thp, ...hugetlb })]).toEqual([huge, huge, plain]);
  });

  it('boots with 16 KiB too', () => {
    const { kernel, shell } = new Machine(16);
    expect(kernel.buffer('shell', shell.alloc('system', 1n))?.size).toBe(16n * KiB);
    expect(kernel.info().banner).toContain('(arm64 defconfig plus the heaps built in but 16 KiB pages)');
    shell.must({ call: 'open', path: '/dev/dma_heap/system', flags: O_RDWR });
  });
});
