/** What drivers get for their devices, on boards that no recording has: rules of docs/device-alloc.md, one by one. */
import { describe, expect, it } from 'vitest';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { compileSource } from '../../src/devicetree/compile-source.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { Kernel, layoutOf } from '../../src/kernel/kernel.ts';
import type { Syscall, SyscallResult } from '../../src/kernel/syscall.ts';
import { InMemoryPhysMemory } from '../../src/mm/phys-memory.ts';
import { Printk } from '../../src/printk.ts';
import { MemoryRecords } from '../../src/records.ts';
import { alloc } from '../small-board.ts';

const SOURCE = (regions: string, devices: string, ram = '<0 0x40000000 0 0x20000000>'): string => `/dts-v1/;
/ { #address-cells = <2>; #size-cells = <2>;
memory@40000000 { device_type = "memory"; reg = ${ram}; };
reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; ${regions} };
${devices} };`;

const AREA =
  'v: video@50000000 { compatible = "shared-dma-pool"; reg = <0 0x50000000 0 0x800000>; reusable; };';
const POOL = 'p: pool@48000000 { compatible = "shared-dma-pool"; reg = <0 0x48000000 0 0x180000>; no-map; };';
const MORE = 'q: more@49000000 { compatible = "shared-dma-pool"; reg = <0 0x49000000 0 0x100000>; no-map; };';
const device = (name: string, properties: string): string =>
  `${name}@1000 { compatible = "x,dev"; reg = <0 0x1000 0 0x1000>; memory-region = ${properties}; };`;

class Machine {
  readonly kernel: Kernel;
  readonly #printk: Printk;

  constructor(regions: string, devices: string, params: BootParams = {}, ram?: string) {
    const { tree } = compileSource(
      { path: 'board.dts', text: SOURCE(regions, devices, ram) },
      { readFile: () => undefined },
    );
    const records = new MemoryRecords();
    const { panic } = boot(boardFromTree(tree, 'board.dts'), params, records);
    if (panic !== undefined) throw new Error(panic);
    this.kernel = new Kernel(records, new InMemoryPhysMemory(layoutOf(records)));
    this.#printk = new Printk(records);
  }

  call(call: Syscall): SyscallResult {
    return this.kernel.syscall('shell', call);
  }

  probe(device: string, index = 0): string {
    const { errno = 'ok' } = this.call({ call: 'of_reserved_mem_device_init', device, index });
    return errno;
  }

  alloc(device: string, size: number, gfp = 'GFP_KERNEL', attrs = 0): string {
    const { ret, errno } = this.call({ call: 'dma_alloc_attrs', device, size: BigInt(size), gfp, attrs });
    if (errno !== undefined) return errno;
    const memory = this.kernel.deviceBuffer(ret);
    return `${ret} ${memory?.from} 0x${memory?.phys?.toString(16)}`;
  }

  free(buffer: number): void {
    this.call({ call: 'dma_free', buffer });
  }

  /** The lines since the last look. */
  lines(): string[] {
    const lines = [...this.#printk.since(this.#seen)].map(({ level, text }) => `<${level}>${text}`);
    this.#seen = this.#printk.nextSeq;
    return lines;
  }

  #seen = 0;
}

const KiB = 1024;
const MiB = 1024 * KiB;

describe('a region is bound', () => {
  it('by index: no entry, a node turned off, one without a handler, a pool, an area', () => {
    const regions = `${POOL} ${AREA} f: firmware@4a000000 { reg = <0 0x4a000000 0 0x100000>; };
      o: off@4b000000 { compatible = "shared-dma-pool"; reg = <0 0x4b000000 0 0x100000>; no-map; status = "disabled"; };`;
    const machine = new Machine(regions, device('cam', '<&p &v &f &o 0 99>'));
    const name = '1000.cam';
    expect([0, 1, 2, 3, 4, 5, 6, -1].map((index) => machine.probe(name, index))).toEqual([
      'ok',
      'ok',
      'EINVAL',
      'ok',
      'ENODEV',
      'ENODEV',
      'ENODEV',
      'ENODEV',
    ]);
    expect(machine.kernel.deviceMemory(name)).toMatchObject({
      pool: 'pool@48000000',
      area: 'video@50000000',
    });
    // Both are accepted, and the pool answers.
    expect(machine.alloc(name, 4 * KiB)).toBe('1 pool 0x48000000');
  });

  it.each([
    ['5.10', 'ok', 'pool@48000000'],
    ['6.1', 'EBUSY', 'pool@48000000'],
    ['6.6', 'ok', 'pool@48000000'],
    ['6.12', 'EBUSY', 'pool@48000000'],
    ['6.18', 'ok', 'pool@48000000'],
    ['7.3', 'EBUSY', 'pool@48000000'],
  ])('a second pool on Linux %s: %s, and the first stays', (kernel, second, pool) => {
    const machine = new Machine(`${POOL} ${MORE}`, device('vpu', '<&p &q>'), { kernel, coherent: 'off' });
    expect([machine.probe('1000.vpu', 0), machine.probe('1000.vpu', 1)]).toEqual(['ok', second]);
    expect(machine.kernel.deviceMemory('1000.vpu')?.pool).toBe(pool);
  });

  it('a second area takes the place of the first on every version', () => {
    const other =
      'w: other@58000000 { compatible = "shared-dma-pool"; reg = <0 0x58000000 0 0x400000>; reusable; };';
    const machine = new Machine(`${AREA} ${other}`, device('cam', '<&v &w>'));
    expect([machine.probe('1000.cam', 0), machine.probe('1000.cam', 1)]).toEqual(['ok', 'ok']);
    expect(machine.kernel.deviceMemory('1000.cam')?.area).toBe('other@58000000');
  });

  it('a pool without no-map is refused, told of once, and each time on 5.10', () => {
    const mapped = 'p: pool@48000000 { compatible = "shared-dma-pool"; reg = <0 0x48000000 0 0x100000>; };';
    const tries = (kernel: string): string[][] => {
      const machine = new Machine(mapped, device('vpu', '<&p>'), { kernel, coherent: 'off' });
      machine.lines();
      return [0, 1].map(() => [machine.probe('1000.vpu'), ...machine.lines()]);
    };
    expect(tries('7.3').map((lines) => lines.length)).toEqual([3, 1]);
    const [, again] = tries('5.10');
    expect(again).toEqual([
      'EINVAL',
      '<3>Reserved memory: failed to init DMA memory pool at 0x0000000048000000, size 1 MiB',
    ]);
  });
});

describe('memory comes', () => {
  it('of a pool alone, in powers of two, and the heap of the pool looks at the same bitmap', () => {
    const machine = new Machine(POOL, device('vpu', '<&p>'));
    machine.probe('1000.vpu');
    machine.lines();
    expect(machine.alloc('1000.vpu', 520 * KiB)).toBe('1 pool 0x48000000');
    expect(alloc(machine.kernel, 'pool@48000000', 512n * 1024n).ret).toBeGreaterThanOrEqual(0);
    expect(machine.alloc('1000.vpu', 4 * KiB)).toBe('ENOMEM');
    expect(machine.lines()).toEqual([]);
    machine.free(1);
    expect(alloc(machine.kernel, 'pool@48000000', 1024n * 1024n).ret).toBeGreaterThanOrEqual(0);
  });

  it('of the own area, one page too, then of the page allocator, which has 4 MiB at most', () => {
    const machine = new Machine(AREA, device('cam', '<&v>'));
    machine.probe('1000.cam');
    expect(machine.alloc('1000.cam', 1)).toBe('1 cma 0x50000000');
    expect(machine.alloc('1000.cam', 7 * MiB)).toBe('2 cma 0x50100000');
    machine.lines();
    expect(machine.alloc('1000.cam', 4 * MiB)).toMatch(/^3 buddy /);
    expect(machine.lines()[0]).toContain('alloc failed, req-size: 1024 pages');
    expect(machine.alloc('1000.cam', 5 * MiB)).toBe('ENOMEM');
    expect(machine.lines().at(-1)).toBe(
      '<4>WARNING: mm/page_alloc.c:5363 at __alloc_frozen_pages_noprof, CPU#0: shell/1',
    );
    // DMA_ATTR_NO_WARN: nothing at all.
    expect(machine.alloc('1000.cam', 5 * MiB, 'GFP_KERNEL', 256)).toBe('ENOMEM');
    expect(machine.lines()).toEqual([]);
    // The heap fails, and says who has the pages.
    expect(alloc(machine.kernel, 'video@50000000', 4n << 20n).why).toMatchObject({
      devices: [{ device: '1000.cam', pages: 1 + 1792, buffers: 2 }],
    });
  });

  it('of the default area from two pages up', () => {
    const machine = new Machine('', device('cam', '<1>'));
    expect(machine.alloc('1000.cam', 4 * KiB)).toMatch(/ buddy /);
    expect(machine.alloc('1000.cam', 4 * KiB + 1)).toMatch(/ cma /);
  });

  it('where the device reaches, or not at all', () => {
    const machine = new Machine('', device('cam', '<1>'), { cmdline: 'cma=0' });
    const mask = (value: bigint) =>
      machine.call({ call: 'dma_set_mask', device: '1000.cam', mask: value, unchecked: true }).ret;
    expect(machine.call({ call: 'dma_set_mask', device: '1000.cam', mask: 0xffffffn }).errno).toBe('EIO');
    mask(0x42ffffffn);
    const [, , place = ''] = machine.alloc('1000.cam', 64 * KiB).split(' ');
    expect(BigInt(place) + 0x10000n).toBeLessThanOrEqual(0x43000000n);
    mask(0x3fffffffn);
    expect(machine.alloc('1000.cam', 64 * KiB)).toBe('ENOMEM');
  });

  it('of the atomic pools where the driver may not sleep, which then grow', () => {
    const machine = new Machine('', device('cam', '<1>'));
    const size = () => machine.kernel.lookup('/sys/kernel/debug/dma_pools/pool_size_dma');
    const read = (): string => {
      const found = size();
      return 'node' in found && found.node.kind === 'file' ? String(found.node.read?.()) : '';
    };
    expect(read()).toBe('131072\n');
    expect(machine.alloc('1000.cam', 4 * KiB, 'GFP_ATOMIC')).toMatch(/ atomic /);
    expect(read()).toBe('262144\n');
    machine.lines();
    expect(machine.alloc('1000.cam', MiB, 'GFP_ATOMIC')).toBe('ENOMEM');
    expect(machine.lines()).toEqual([
      '<4>DMA pool exhausted for 1000.cam',
      '<4>WARNING: kernel/dma/pool.c:343 at dma_alloc_from_pool, CPU#0: shell/1',
    ]);
    expect(read()).toBe('262144\n');
  });

  it('of a restricted pool alone, 256 KiB at most, whatever else is bound', () => {
    const restricted =
      'r: restricted@4c000000 { compatible = "restricted-dma-pool"; reg = <0 0x4c000000 0 0x80000>; };';
    const machine = new Machine(restricted, device('wifi', '<&r>'));
    machine.lines();
    expect(machine.call({ call: 'driver_bind', device: '1000.wifi', driver: 'ath' }).ret).toBe(0);
    expect(machine.lines()).toEqual(['<6>ath 1000.wifi: assigned reserved memory node restricted@4c000000']);
    expect(machine.alloc('1000.wifi', 256 * KiB)).toBe('1 restricted 0x4c000000');
    expect(machine.alloc('1000.wifi', 257 * KiB)).toBe('ENOMEM');
    expect(machine.alloc('1000.wifi', 4 * KiB)).toBe('2 restricted 0x4c040000');
    expect(machine.lines()).toEqual([]);
  });

  it('behind an IOMMU page by page, with one run of addresses of its own', () => {
    const gpu = `iommu: iommu@2000 { compatible = "arm,smmu-v3"; reg = <0 0x2000 0 0x1000>; #iommu-cells = <0>; };
      gpu@1000 { compatible = "x,gpu"; reg = <0 0x1000 0 0x1000>; iommus = <&iommu>; };`;
    const machine = new Machine('', gpu);
    expect(machine.alloc('1000.gpu', 3 * MiB)).toMatch(/ buddy /);
    const memory = machine.kernel.deviceBuffer(1);
    expect(memory?.frames.map(({ pages }) => pages)).toEqual([512, ...new Array(256).fill(1)]);
    expect(memory?.dma).not.toBe(memory?.phys);
    machine.free(1);
    expect(machine.kernel.deviceBuffers()).toEqual([]);
  });
});

describe('memory goes back', () => {
  it("to an area that is still the device's; else its bits stay set", () => {
    const machine = new Machine(AREA, device('cam', '<&v>'));
    const free = () => machine.kernel.heaps().find(({ name }) => name === 'video@50000000')?.free;
    machine.probe('1000.cam');
    machine.alloc('1000.cam', MiB);
    machine.alloc('1000.cam', MiB);
    machine.free(1);
    expect(free()).toBe(7n << 20n);
    machine.call({ call: 'of_reserved_mem_device_release', device: '1000.cam' });
    machine.free(2);
    expect(free()).toBe(7n << 20n);
    expect(machine.kernel.deviceBuffers()).toEqual([]);
  });

  it('to where it came from, after any calls, and all is as before', () => {
    const machine = new Machine(`${AREA} ${POOL}`, device('cam', '<&v &p>'));
    machine.probe('1000.cam', 0);
    const before = machine.kernel.heaps().map(({ free }) => free);
    const sizes = [1, 5000, 70_000, 300_000, MiB, 3 * MiB, 4 * MiB, 5 * MiB];
    for (let round = 0; round < 40; round++)
      machine.alloc('1000.cam', sizes[(round * 5) % sizes.length] ?? 1);
    const held = machine.kernel.deviceBuffers();
    expect(held.length).toBeGreaterThan(10);
    // No two have a page in common.
    const pages = held.flatMap(({ frames }) =>
      frames.flatMap(({ pfn, pages: count }) => Array.from({ length: count }, (_, i) => pfn + i)),
    );
    expect(new Set(pages).size).toBe(pages.length);
    for (const { id } of held.toReversed()) machine.free(id);
    expect(machine.kernel.heaps().map(({ free }) => free)).toEqual(before);
  });

  it('when its device is taken away', () => {
    const machine = new Machine(AREA, device('cam', '<&v>'));
    machine.probe('1000.cam');
    machine.call({
      call: 'vb2_reqbufs',
      device: '1000.cam',
      count: 2,
      sizes: [1n << 20n],
      attrs: 0,
      nonCoherent: false,
      min: 0,
    });
    expect(machine.kernel.deviceBuffers()).toHaveLength(2);
    machine.call({ call: 'device_del', device: '1000.cam' });
    expect(machine.kernel.deviceBuffers()).toEqual([]);
    expect(machine.kernel.heaps().find(({ name }) => name === 'video@50000000')?.free).toBe(8n << 20n);
  });
});

describe('frameworks allocate', () => {
  const reqbufs = (machine: Machine, count: number, sizes: readonly bigint[], min?: number) =>
    machine.call({
      call: 'vb2_reqbufs',
      device: '1000.cam',
      count,
      sizes,
      attrs: 0,
      nonCoherent: false,
      ...(min !== undefined && { min }),
    });

  it('buffers plane by plane, as many as there is room for, or none below the minimum', () => {
    const machine = new Machine(AREA, device('cam', '<&v>'));
    machine.probe('1000.cam');
    machine.lines();
    expect(reqbufs(machine, 4, [2n << 20n, 5n << 20n]).ret).toBe(1);
    expect(machine.lines().at(-1)).toBe('<3>platform 1000.cam: dma alloc of size 5242880 failed');
    expect(machine.kernel.vb2Buffers('1000.cam')).toHaveLength(1);
    expect(reqbufs(machine, 0, []).ret).toBe(0);
    expect(machine.kernel.deviceBuffers()).toEqual([]);
    // The driver's minimum holds for later calls too, until another is said.
    expect(reqbufs(machine, 4, [2n << 20n, 5n << 20n], 2).errno).toBe('ENOMEM');
    expect(reqbufs(machine, 4, [2n << 20n, 5n << 20n]).errno).toBe('ENOMEM');
    expect(reqbufs(machine, 4, [2n << 20n, 5n << 20n], 0).ret).toBe(1);
    expect(reqbufs(new Machine(AREA, device('cam', '<&v>')), 2, [64n << 20n]).errno).toBe('ENOMEM');
  });

  it.each([
    ['6.6', 3, 3],
    ['7.3', 3, 4],
  ])('at least as many as the driver of Linux %s needs', (kernel, min, granted) => {
    const machine = new Machine(AREA, device('cam', '<&v>'), { kernel, coherent: 'off' });
    expect(reqbufs(machine, 1, [4096n], min).ret).toBe(granted);
  });

  it.each([
    ['6.12', 5, 7 * 5],
    ['6.18', 8, 4096],
    ['7.3', 6, 4096],
  ])('dumb buffers of 12 bits as Linux %s counts them', (kernel, pitch, told) => {
    const machine = new Machine(AREA, device('cam', '<&v>'), { kernel, coherent: 'off' });
    const { ret } = machine.call({
      call: 'drm_create_dumb',
      device: '1000.cam',
      width: 3,
      height: 7,
      bpp: 12,
    });
    expect(machine.kernel.deviceBuffer(ret)?.dumb).toEqual({ pitch, told: BigInt(told) });
  });
});

it('a report: a reusable region on a smaller board, whose camera driver asks for 8 MiB', () => {
  // Report 18: what dma_alloc_coherent() does for the device, with the lines that its reporter pasted.
  const machine = new Machine(
    'pool: pool@60000000 { compatible = "shared-dma-pool"; reusable; reg = <0 0x60000000 0 0x400000>; };',
    'cam: camera@1000 { compatible = "example,camera"; reg = <0 0x1000 0 0x100>; memory-region = <&pool>; };',
    { kernel: '5.10', coherent: 'off' },
    '<0 0x40000000 0 0x40000000>',
  );
  machine.lines();
  expect(machine.probe('1000.camera')).toBe('ok');
  expect(machine.alloc('1000.camera', 8 * MiB)).toBe('ENOMEM');
  expect(machine.alloc('1000.camera', 3 * MiB)).toBe('1 cma 0x60000000');
  expect(machine.alloc('1000.camera', 2 * MiB)).toMatch(/^2 buddy /);
  expect(machine.lines()).toEqual([
    '<6>platform 1000.camera: assigned reserved memory node pool@60000000',
    // A request above the whole area fails without a line of CMA's on 5.10; the page allocator has no such block.
    '<4>WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:5013 __alloc_pages_nodemask',
    '<3>cma: cma_alloc: alloc failed, req-size: 512 pages, ret: -12',
  ]);
});
