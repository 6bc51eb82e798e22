/** What `why` says: every number and every cure is tried again on the kernel itself. */
import { describe, expect, it } from 'vitest';
import { FAILURE_RULES, REGION_RULES } from '../../src/check/failure-rules.ts';
import { holdersOf } from '../../src/check/holders.ts';
import { whyAllocation } from '../../src/check/why-allocation.ts';
import { failureContext } from '../../src/check/why-failure.ts';
import { whyRegion } from '../../src/check/why-region.ts';
import { allocationText } from '../../src/cli/render/why.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { Kernel as LiveKernel, layoutOf } from '../../src/kernel/kernel.ts';
import { nextRandom } from '../../src/kernel/random.ts';
import { InMemoryPhysMemory } from '../../src/mm/phys-memory.ts';
import { allocate } from '../../src/program/allocate.ts';
import { addTask } from '../../src/program/caller.ts';
import { echo } from '../../src/program/echo.ts';
import { finish } from '../../src/program/outcome.ts';
import { MemoryRecords } from '../../src/records.ts';
import { KiB, MiB } from '../../src/units.ts';
import { bootOf, CASES, POOL, source } from './check-boards.ts';

const BOARD = source(`
  video: video@60000000 { ${POOL} reusable; reg = <0 0x60000000 0 0x1000000>; };
  vpu@68000000 { ${POOL} no-map; reg = <0 0x68000000 0 0x400000>; };
  off@6c000000 { ${POOL} no-map; status = "disabled"; reg = <0 0x6c000000 0 0x400000>; };`);

function machine(text = BOARD): { readonly kernel: Kernel; readonly records: MemoryRecords } {
  const { board, params } = bootOf(text);
  const records = new MemoryRecords();
  expect(boot(board, params, records).panic).toBeUndefined();
  const kernel = new LiveKernel(records, new InMemoryPhysMemory(layoutOf(records)));
  addTask({ kernel, task: 'shell' }, { name: 'camera' });
  return { kernel, records };
}

const alloc = (kernel: Kernel, heap: string, size: bigint, name?: string, task = 'shell') => {
  const { fds, errno } = finish(
    allocate({ kernel, task }, { heap, size, ...(name !== undefined && { name }) }),
  );
  return errno ?? (fds[0] as number);
};

const free = (kernel: Kernel, fds: readonly { readonly task: string; readonly fd: number }[]): void => {
  for (const { task, fd } of fds) kernel.syscall(task, { call: 'close', fd });
};

const everything = (records: MemoryRecords): string =>
  JSON.stringify([...records.list('')], (_, value) => (typeof value === 'bigint' ? `${value}n` : value));

describe('a rehearsal', () => {
  it('leaves the kernel, its memory and its log as they were', () => {
    const { kernel, records } = machine();
    const fd = alloc(kernel, 'video@60000000', 4n * MiB, 'frame');
    kernel.physMemory().write(0x60000000n, Uint8Array.of(1, 2, 3));
    const before = everything(records);
    const inside = kernel.rehearse((rehearsal) => {
      rehearsal.syscall('shell', { call: 'close', fd: fd as number });
      alloc(rehearsal, 'video@60000000', 8n * MiB);
      return rehearsal.buffers().map(({ size }) => size);
    });
    expect(inside).toEqual([8n * MiB]);
    expect(everything(records)).toBe(before);
    const bytes = new Uint8Array(3);
    kernel.physMemory().read(0x60000000n, bytes);
    expect([...bytes]).toEqual([1, 2, 3]);
  });
});

describe('an allocation', () => {
  it('that works lies where the call puts it', () => {
    const { kernel } = machine();
    alloc(kernel, 'video@60000000', 1n * MiB);
    const why = whyAllocation(kernel, 'shell', 'video@60000000', 3n * MiB);
    expect(why.errno).toBeUndefined();
    const fd = alloc(kernel, 'video@60000000', 3n * MiB);
    expect(kernel.physOf('shell', fd as number)).toBe(why.pieces?.[0]?.base);
  });

  it('that fails tells who holds the memory, by name and task', () => {
    const { kernel } = machine();
    alloc(kernel, 'video@60000000', 12n * MiB, 'frame', 'camera');
    const why = whyAllocation(kernel, 'shell', 'video@60000000', 8n * MiB);
    expect(why.errno).toBe('ENOMEM');
    expect(why.holders).toMatchObject([
      {
        what: 'buffer',
        size: 12n * MiB,
        base: 0x60000000n,
        name: 'frame',
        maker: 'camera',
        fds: [{ task: 'camera' }],
      },
    ]);
    expect(why.cure.free).toMatchObject([{ name: 'frame' }]);
  });

  it('that is too large for the region is never cured by freeing', () => {
    const { kernel } = machine();
    alloc(kernel, 'vpu@68000000', 1n * MiB);
    expect(whyAllocation(kernel, 'shell', 'vpu@68000000', 8n * MiB).cure).toEqual({
      largest: 2n * MiB,
      never: 'too-small',
    });
  });

  it('says what stays when its buffers are freed, and that a region is too small only where it is', () => {
    const { kernel } = machine();
    alloc(kernel, 'video@60000000', 1n * MiB);
    const path = '/sys/kernel/debug/cma/video@60000000/alloc';
    expect(echo({ kernel, task: 'shell' }, path, '2304').errno).toBeUndefined();
    const told = (size: bigint) =>
      allocationText(whyAllocation(kernel, 'shell', 'video@60000000', size), undefined, []);
    expect(told(8n * MiB)).toContain('are freed: 9 MiB of the region are taken by what is no buffer\n');
    expect(told(17n * MiB)).toContain('are freed: the region is too small for it');
  });

  it('of another reason than room is explained without holders', () => {
    const { kernel } = machine();
    const why = whyAllocation(kernel, 'shell', 'video@60000000', 0n);
    expect([why.errno, why.cure]).toEqual(['EINVAL', {}]);
  });

  it.each(['video@60000000', 'vpu@68000000'])(
    'of %s: what is said holds, whatever was done before',
    (heap) => {
      for (let seed = 1; seed <= 12; seed++) {
        const { kernel } = machine();
        let random = seed;
        const below = (end: number) => {
          const { value, state } = nextRandom(random);
          random = state;
          return Math.floor(value * end);
        };
        for (let i = 0; i < 40; i++) {
          const buffers = kernel.buffers();
          if (buffers.length > 0 && below(3) === 0) free(kernel, buffers[below(buffers.length)]?.fds ?? []);
          else alloc(kernel, heap, BigInt(1 + below(300)) * 4n * KiB);
        }
        const view = kernel.heaps().find(({ name }) => name === heap);
        if (view === undefined) throw new Error('no heap');
        const { holders, more } = holdersOf(kernel, view);
        const rounded = heap.startsWith('vpu');
        const held = holders.reduce((sum, { size }) => sum + size, 0n);
        // What nobody holds is free: buffers of a pool take more than their size.
        if (more === 0 && !rounded) expect(held + view.free).toBe(view.size);
        const size = BigInt(1 + below(1000)) * 4n * KiB;
        const why = whyAllocation(kernel, 'shell', heap, size);
        const works = (bytes: bigint) =>
          kernel.rehearse((rehearsal) => typeof alloc(rehearsal, heap, bytes) === 'number');
        expect(works(size)).toBe(why.errno === undefined);
        const { largest, free: freed, never } = why.cure;
        if (largest !== undefined) {
          expect(works(largest)).toBe(true);
          expect(works(largest + 4n * KiB)).toBe(false);
        }
        const without = (fds: Parameters<typeof free>[1]) =>
          kernel.rehearse((rehearsal) => {
            free(rehearsal, fds);
            return typeof alloc(rehearsal, heap, size) === 'number';
          });
        if (freed !== undefined) expect(without(freed.flatMap(({ fds }) => fds))).toBe(true);
        if (never !== undefined) expect(without(kernel.buffers().flatMap(({ fds }) => fds))).toBe(false);
      }
    },
  );
});

describe('rules', () => {
  it('name a file and a function of Linux', () => {
    const places = [
      ...Object.values(FAILURE_RULES).flatMap(({ where }) => where ?? []),
      ...Object.values(REGION_RULES),
    ];
    for (const place of places) expect(place).toMatch(/^[\w./-]+\.[ch]: \w+\(\)$|^[\w./-]+Kconfig: [A-Z_]+$/);
  });

  it('say which Linux answered', () => {
    const { kernel } = machine();
    const { errno, why } = finish(
      allocate({ kernel, task: 'shell' }, { heap: 'video@60000000', size: 64n * MiB }),
    );
    expect(errno).toBe('ENOMEM');
    if (why === undefined) throw new Error('a failure without a reason');
    expect(failureContext(kernel, why)).toMatchObject({
      where: 'mm/cma.c: cma_alloc()',
      of: 'Linux 7.3',
      linux: 'Linux 7.3.4',
    });
  });
});

describe('a region', () => {
  const of = bootOf(BOARD);
  const { kernel } = machine();
  const regions = kernel.regions();

  it.each(['video@60000000', 'video', '&video', '/reserved-memory/video@60000000'])(
    'is found as %s',
    (word) => {
      expect(whyRegion(of, regions, word)).toMatchObject({
        path: '/reserved-memory/video@60000000',
        findings: [],
      });
    },
  );

  it('is found by its heap, though no node made it', () => {
    const why = whyRegion(of, regions, 'default_cma_region');
    expect(why).toMatchObject({ region: { name: 'reserved', kind: 'cma' } });
    expect(why).not.toHaveProperty('path');
  });

  it('that is none is told by its reason, its place in Linux and what helps', () => {
    expect(whyRegion(of, regions, 'off')).toMatchObject({
      region: { why: 'disabled' },
      where: 'drivers/of/of_reserved_mem.c: fdt_scan_reserved_mem()',
      words: { advice: expect.stringContaining('okay') },
    });
    const bad = bootOf(CASES['cma-misaligned']?.bad ?? '');
    const records = new MemoryRecords();
    boot(bad.board, bad.params, records);
    const misaligned = new LiveKernel(records, new InMemoryPhysMemory([])).regions();
    expect(whyRegion(bad, misaligned, 'frames@60100000')).toMatchObject({
      where: 'kernel/dma/contiguous.c: rmem_cma_setup()',
      findings: [{ check: 'cma-misaligned', repair: { say: 'base 0x60000000 and size 18 MiB' } }],
    });
  });

  it('that there is none of is told with one that is near', () => {
    expect(whyRegion(of, regions, 'vidoe@60000000')).toEqual({ unknown: true, near: 'video@60000000' });
    expect(whyRegion(of, regions, '/reserved-memory/nosuch')).toMatchObject({ unknown: true });
  });
});
