/** Which heaps appear, under which names and minors, and which are refused. */
import { describe, expect, it } from 'vitest';
import type { Board, ReservedMemNode } from '../../src/board/board.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { GiB, KiB, MiB, TiB } from '../../src/units.ts';
import { board, bootBoard, cma, coherent, dynamicCma, node, RAM_BASE, range } from '../small-board.ts';

const at = (mib: number) => RAM_BASE + BigInt(mib) * MiB;

function heaps(
  nodes: readonly ReservedMemNode[],
  params: BootParams = { cmdline: 'cma=0' },
  given: Partial<Board> = {},
) {
  const { kernel, log } = bootBoard(board(nodes, given), params);
  return {
    names: kernel.heaps().map((heap) => heap.name),
    minors: kernel.heaps().map((heap) => heap.minor),
    why: Object.fromEntries(kernel.regions().map((region) => [region.name, region.why])),
    log: log.filter((line) => /heap|sysfs|kobject|memremap|ioremap/.test(line)),
  };
}

describe('the order of the heaps', () => {
  it('is system, the default area, all areas, pools; dynamic before static', () => {
    const nodes = [
      cma('cma-s', at(32), 4n * MiB),
      coherent('pool-s', at(48), MiB),
      dynamicCma('cma-d', 4n * MiB),
      node('pool-d', { size: MiB, noMap: true }),
    ];
    const { names, minors } = heaps(nodes, { cmdline: 'cma=4M' });
    expect(names).toEqual(['system', 'default_cma_region', 'cma-d', 'cma-s', 'reserved', 'pool-d', 'pool-s']);
    expect(minors).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('follows the configuration', () => {
    const nodes = [cma('c', at(32), 4n * MiB), coherent('p', at(48), MiB)];
    const without = (key: string) => heaps(nodes, { cmdline: 'cma=0', config: { [key]: 'n' } });
    expect(without('CONFIG_DMABUF_HEAPS_SYSTEM').names).toEqual(['c', 'p']);
    expect(without('CONFIG_DMABUF_HEAPS_CMA')).toMatchObject({
      names: ['system', 'p'],
      why: { c: 'cma-not-configured' },
    });
    expect(without('CONFIG_DMABUF_HEAPS_COHERENT')).toMatchObject({
      names: ['system', 'c'],
      why: { p: 'coherent-off' },
    });
    expect(heaps(nodes, { cmdline: 'cma=0', coherent: 'off' })).toMatchObject({
      names: ['system', 'c'],
      why: { p: 'coherent-off' },
    });
  });

  it('ends at 128 minors', () => {
    const nodes = [
      ...Array.from({ length: 70 }, (_, i) => coherent(`p${i}`, 8n * GiB + BigInt(i) * MiB, MiB)),
      ...Array.from({ length: 70 }, (_, i) => cma(`c${i}`, at(32 + 2 * i), 2n * MiB)),
    ];
    const { names, log } = heaps(nodes, { cmdline: 'cma=0', config: { CONFIG_CMA_AREAS: 128 } });
    expect(names).toHaveLength(128);
    expect(log).toContain('<3>dma_heap: Unable to get minor number for heap');
  });
});

/** A line of lib/kobject.c. */
const ADD_FAILED = (name: string) =>
  `<3>kobject: kobject_add_internal failed for ${name} with -EEXIST, don't try to register things with the same name in the same directory.`;

describe('a name that is taken', () => {
  it('refuses the pool, gives its minor back and goes on', () => {
    const nodes = [coherent('system', at(32), MiB), coherent('p', at(48), MiB)];
    const { names, minors, why, log } = heaps(nodes);
    expect([names, minors]).toEqual([
      ['system', 'p'],
      [0, 1],
    ]);
    expect(why).toEqual({ system: 'name-taken', p: undefined });
    expect(log).toEqual([
      '<6>dma_heap system: assigned reserved memory node system',
      "<4>sysfs: cannot create duplicate filename '/devices/virtual/dma_heap/system'",
      ADD_FAILED('system'),
      '<3>dma_heap: Unable to add device',
      '<3>coherent_heap: failed to register heap (-17)',
      '<4>Failed to add coherent heap system',
      '<6>dma_heap p: assigned reserved memory node p',
    ]);
  });

  it('refuses an area and goes on', () => {
    const nodes = [cma('system', at(48), 4n * MiB), cma('y', at(64), 4n * MiB)];
    const { names, minors, log } = heaps(nodes);
    expect([names, minors]).toEqual([
      ['system', 'y'],
      [0, 1],
    ]);
    expect(log).toEqual([
      "<4>sysfs: cannot create duplicate filename '/devices/virtual/dma_heap/system'",
      ADD_FAILED('system'),
      '<3>dma_heap: Unable to add device',
      '<3>dma_heap: failed to register heap (-17)',
      '<4>cma_heap: Failed to add CMA heap system',
    ]);
  });

  it('of an area is not for a pool, wherever it stands in the tree', () => {
    const nodes = [coherent('x', at(32), MiB), cma('x', at(48), 4n * MiB)];
    const { kernel } = bootBoard(board(nodes), { cmdline: 'cma=0' });
    expect(kernel.heaps().map(({ name, backend }) => `${backend} ${name}`)).toEqual([
      'system system',
      'cma x',
    ]);
    expect(kernel.regions().map(({ why }) => why)).toEqual(['name-taken', undefined]);
  });

  it('compares the areas by their cut names', () => {
    const long = 'n'.repeat(63);
    const { names } = heaps([cma(`${long}a`, at(32), 4n * MiB), cma(`${long}b`, at(48), 4n * MiB)]);
    expect(names).toEqual(['system', long]);
  });

  it('of default_cma_region leaves no CMA heap at all', () => {
    const nodes = [coherent('default_cma_region', at(32), MiB), cma('c', at(48), 4n * MiB)];
    // The pool comes first where the CMA heaps are a module that is loaded later.
    const { kernel } = bootBoard(board(nodes), { cmdline: 'cma=4M', modules: ['cma_heap'] });
    kernel.syscall('shell', { call: 'modprobe', module: 'cma_heap' });
    expect(kernel.heaps().map(({ name }) => name)).toEqual(['system', 'default_cma_region']);
    expect(Object.fromEntries(kernel.regions().map(({ name, why }) => [name, why]))).toEqual({
      default_cma_region: undefined,
      c: 'no-cma-heaps',
      reserved: 'no-cma-heaps',
    });
    // At boot it is the pool that is refused.
    expect(heaps(nodes, { cmdline: 'cma=4M' })).toMatchObject({
      names: ['system', 'default_cma_region', 'c', 'reserved'],
      why: { default_cma_region: 'name-taken' },
    });
  });
});

describe('a coherent pool', () => {
  it('in System RAM cannot be mapped', () => {
    const plain = (name: string, mib: number) => node(name, { reg: [range(at(mib), 64n * KiB)] });
    const { names, why, log } = heaps([plain('a', 32), plain('b', 48)]);
    expect([names, why]).toEqual([['system'], { a: 'mapped-ram', b: 'mapped-ram' }]);
    // WARN_ONCE: the second one is silent.
    expect(log).toEqual([
      '<4>memremap attempted on ram 0x0000000042000000 size: 0x10000',
      '<3>coherent_heap: failed to initialize memory (-22)',
      '<4>Failed to add coherent heap a',
      '<3>coherent_heap: failed to initialize memory (-22)',
      '<4>Failed to add coherent heap b',
    ]);
  });

  it('half in System RAM and half in nothing cannot either (source only)', () => {
    const { log, why } = heaps([node('a', { reg: [range(at(255), 2n * MiB)] })]);
    expect(why).toEqual({ a: 'mapped-ram' });
    expect(log[0]).toBe('<4>memremap attempted on ram 0x000000004ff00000 size: 0x200000');
  });

  it('half in System RAM and half in no-map memory is mixed (source only)', () => {
    const nodes = [coherent('b', at(33), 4n * MiB), node('a', { reg: [range(at(32), 2n * MiB)] })];
    const { log, why } = heaps(nodes);
    expect(why).toEqual({ a: 'mapped-ram', b: undefined });
    expect(log[1]).toBe('<4>memremap attempted on mixed range 0x0000000042000000 size: 0x200000');
  });

  it('of two banks with nothing between them is not mixed (source only)', () => {
    const memory = [range(RAM_BASE, 256n * MiB), range(RAM_BASE + 512n * MiB, 256n * MiB)];
    const { log } = heaps([node('a', { reg: [range(at(128), 512n * MiB)] })], undefined, { memory });
    expect(log[0]).toBe('<4>memremap attempted on ram 0x0000000048000000 size: 0x20000000');
  });

  it('whose base lies in a page that is still mapped cannot: ioremap refuses, memremap is silent', () => {
    const { log, why } = heaps([coherent('a', at(32) + 256n, 64n * KiB)]);
    expect(why).toEqual({ a: 'mapped-page' });
    expect(log).toEqual([
      '<4>ioremap attempted on RAM pfn',
      '<3>coherent_heap: failed to initialize memory (-22)',
      '<4>Failed to add coherent heap a',
    ]);
  });

  it('wholly outside RAM becomes a heap, and memory of the board', () => {
    const { kernel } = bootBoard(board([coherent('a', 8n * GiB, MiB)]), { cmdline: 'cma=0' });
    expect(kernel.heaps()[1]).toMatchObject({
      name: 'a',
      base: 8n * GiB,
      size: MiB,
      free: MiB,
      largest: MiB,
    });
    expect(kernel.info().layout.at(-1)).toEqual(range(8n * GiB, MiB));
  });

  it('below a page is an empty heap', () => {
    const { kernel } = bootBoard(board([coherent('a', 8n * GiB, 100n)]), { cmdline: 'cma=0' });
    expect(kernel.heaps()[1]).toMatchObject({ size: 0n, free: 0n, largest: 0n });
  });

  it('beyond physical addresses, or too large for its bitmap, is none', () => {
    const far = heaps([
      coherent('a', 256n * TiB - MiB, MiB),
      coherent('b', 256n * TiB, MiB),
      coherent('c', (1n << 64n) - MiB, 2n * MiB),
    ]);
    expect(far.why).toEqual({ a: undefined, b: 'unmappable', c: 'unmappable' });
    const large = heaps([coherent('a', TiB, 128n * GiB), coherent('b', 2n * TiB, 128n * GiB + 4096n)]);
    expect(large.why).toEqual({ a: undefined, b: 'unmappable' });
    expect(large.log.at(-2)).toBe('<3>coherent_heap: failed to initialize memory (-12)');
  });
});
