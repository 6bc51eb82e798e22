/** Heap modules: loaded at boot or later, which comes to the same but for the minors. */
import { describe, expect, it } from 'vitest';
import { HEAP_MODULES, type HeapModule } from '../../src/dma-buf/heap-modules.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { layoutOf } from '../../src/kernel/kernel.ts';
import { GiB, KiB, MiB } from '../../src/units.ts';
import { alloc, board, bootBoard, cma, coherent, dynamicCma, logOf, node, RAM_BASE } from '../small-board.ts';

const at = (mib: number) => RAM_BASE + BigInt(mib) * MiB;

/** Names that are taken, a pool in RAM, one outside of it, an area without pages' worth, a default area. */
const NODES = [
  coherent('pool@a', at(48), MiB),
  coherent('system', at(50), MiB),
  node('in-ram@b', { reg: [{ base: at(52), size: MiB }] }),
  coherent('outside@c', 8n * GiB, 1200n * KiB),
  cma('pool@a', at(64), 4n * MiB),
  cma('video@d', at(72), 4n * MiB),
  dynamicCma('camera@e', 4n * MiB, { linuxCmaDefault: true }),
];

const boot = (params: BootParams = {}) => bootBoard(board(NODES), { cmdline: '', ...params });

const heapLog = (lines: readonly string[]) => lines.filter((line) => /heap|sysfs|memremap/.test(line));

const load = ({ kernel }: ReturnType<typeof boot>, ...modules: readonly string[]) =>
  modules.map((module) => kernel.syscall('shell', { call: 'modprobe', module }));

describe('modules that boot does not load', () => {
  it('make in the usual order what boot would have made', () => {
    const now = boot({ heapMode: 0o660, heapGid: 44 });
    const later = boot({ heapMode: 0o660, heapGid: 44, modules: HEAP_MODULES });
    expect(later.kernel.heaps()).toEqual([]);
    expect(heapLog(later.log)).toEqual([]);
    expect(layoutOf(later.records)).toEqual(layoutOf(now.records));
    expect(new Set(later.kernel.regions().map(({ why }) => why))).toEqual(new Set(['module-not-loaded']));
    expect(later.kernel.waitingModules()).toHaveLength(3);
    expect(alloc(later.kernel, 'system', 4096n).why).toMatchObject({ notLoaded: expect.any(Array) });

    expect(load(later, ...HEAP_MODULES)).toEqual([{ ret: 0 }, { ret: 0 }, { ret: 0 }]);
    expect(later.kernel.heaps()).toEqual(now.kernel.heaps());
    expect(later.kernel.regions()).toEqual(now.kernel.regions());
    expect(heapLog(logOf(later.records))).toEqual(heapLog(now.log));
    expect(later.kernel.heaps().map(({ mode, gid }) => [mode, gid])).toContainEqual(['660', 44]);
    expect(alloc(later.kernel, 'outside@c', 4096n).ret).toBe(0);
  });

  it('get their minors as they come, and refuse names that came before', () => {
    const booted = boot({ faults: HEAP_MODULES.map((module) => ({ does: 'module', module })) });
    load(booted, 'cma_heap', 'coherent_heap');
    const { kernel } = booted;
    expect(kernel.heaps().map(({ name, backend }) => `${backend} ${name}`)).toEqual([
      'cma default_cma_region',
      'cma camera@e',
      'cma pool@a',
      'cma video@d',
      'coherent system',
      'coherent outside@c',
    ]);
    expect(kernel.heaps().map(({ minor }) => minor)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(kernel.regions().filter(({ name }) => name === 'pool@a')).toMatchObject([
      { kind: 'coherent', heaps: [], why: 'name-taken' },
      { kind: 'cma', heaps: ['pool@a'] },
    ]);
    // The module's init fails, and it can be tried again.
    const mark = kernel.printk.nextSeq;
    expect(load(booted, 'system_heap', 'system_heap')).toMatchObject([
      { errno: 'EEXIST' },
      { errno: 'EEXIST' },
    ]);
    expect(logOf(booted.records, mark).slice(0, 3)).toEqual([
      "<4>sysfs: cannot create duplicate filename '/devices/virtual/dma_heap/system'",
      "<3>kobject: kobject_add_internal failed for system with -EEXIST, don't try to register things with the same name in the same directory.",
      '<3>dma_heap: Unable to add device',
    ]);
    expect(kernel.waitingModules()).toEqual(['system_heap']);
  });

  it('are loaded once, whatever their name is written like', () => {
    const booted = boot({ modules: ['coherent_heap'] });
    const { kernel } = booted;
    expect(load(booted, 'coherent-heap', 'coherent_heap', 'system_heap')).toEqual([
      { ret: 0 },
      { ret: 0 },
      { ret: 0 },
    ]);
    expect(kernel.heaps()).toEqual(
      // Nothing comes twice, and the order is that of an ordinary boot: coherent heaps are the last.
      boot().kernel.heaps(),
    );
  });

  it.each([
    ['modprobe', 'gpu_heap', 'ENOENT'],
    ['delete_module', 'gpu_heap', 'ENOENT'],
    ['delete_module', 'coherent_heap', 'ENOENT'],
    ['delete_module', 'system_heap', 'EBUSY'],
  ] as const)('%s %s: %s', (call, module, errno) => {
    const { kernel } = boot({ modules: ['coherent_heap'] });
    expect(kernel.syscall('shell', { call, module })).toMatchObject({ errno });
  });

  it('are not there where the configuration has none', () => {
    const modules: readonly HeapModule[] = ['coherent_heap'];
    const booted = boot({ modules, coherent: 'off' });
    expect(booted.kernel.waitingModules()).toEqual([]);
    expect(load(booted, 'coherent_heap')).toMatchObject([
      { errno: 'ENOENT', why: { known: ['system_heap', 'cma_heap'] } },
    ]);
  });
});
