/** Heaps of vendors' kernels and of a TEE: declared, and answering as their public sources do. */
import { describe, expect, it } from 'vitest';
import type { DeclaredHeap, HeapDeclarations } from '../../src/board/declared-heaps.ts';
import { DMA_BUF_SYNC_READ } from '../../src/uapi/dma-buf.ts';
import { MAP_PRIVATE, MAP_SHARED, PROT_READ } from '../../src/uapi/fcntl.ts';
import { GiB, KiB, MiB } from '../../src/units.ts';
import { alloc, type Booted, board, bootBoard, cma, coherent, node, range } from '../small-board.ts';
import { device, reportsOf, Task } from './machine.ts';

const PAGE = 4096n;
const KERNELS = { old: '5.10', tee: '6.18' };

const declared = (
  heaps: readonly DeclaredHeap[],
  given: Partial<HeapDeclarations> = {},
): HeapDeclarations => ({
  by: 'acme-1',
  heaps,
  ...given,
});

const names = ({ kernel }: Booted): readonly string[] => kernel.heaps().map(({ name }) => name);
const framesOf = ({ kernel }: Booted, fd: number): bigint[] =>
  (kernel.buffer('shell', fd)?.sgTable ?? []).map(({ pfn }) => BigInt(pfn) * PAGE);

/** 6 GiB from 1 GiB on: a third of it lies above 4 GiB. */
const LARGE = board([], { memory: [range(GiB, 6n * GiB)] });

const carveout = (name: string, base: bigint, size: bigint, noMap = false) =>
  node(name, { compatible: ['dma-heap-carveout'], reg: [range(base, size)], noMap });
const CARVEOUT: DeclaredHeap = {
  name: 'carveout_{region}',
  backend: 'carveout',
  compatible: 'dma-heap-carveout',
  initcall: 'fs_initcall',
};
const CARVED = board([
  carveout('shared@48000000', 0x48000000n, 4n * MiB),
  carveout('edge@44000000', 0x44000000n, MiB, true),
]);

describe('a heap of the system', () => {
  const vendor = declared([
    { name: 'low', backend: 'system', zone: 'DMA32' },
    { name: 'any', backend: 'system', cached: false },
  ]);

  it('that is confined to DMA32 takes no page above 4 GiB, and one that is not takes those first', () => {
    const booted = bootBoard(LARGE, { vendor, kernel: KERNELS.old });
    const [low, any] = ['low', 'any'].map((name) => alloc(booted.kernel, name, 64n * MiB).fd);
    expect(framesOf(booted, low ?? 0).every((frame) => frame < 4n * GiB)).toBe(true);
    expect(framesOf(booted, any ?? 0).every((frame) => frame >= 4n * GiB)).toBe(true);
  });

  it('that is confined kills nobody when its zones are full: ENOMEM, and the others go on', () => {
    const booted = bootBoard(LARGE, { vendor });
    const { free } = booted.kernel.heaps().find(({ name }) => name === 'low') ?? { free: 0n };
    expect(free < 3n * GiB).toBe(true);
    const full = alloc(booted.kernel, 'low', free + PAGE);
    expect(full).toMatchObject({
      errno: 'ENOMEM',
      why: { kind: 'system-oom', zone: 'DMA32', declared: 'acme-1' },
    });
    expect(alloc(booted.kernel, 'any', free + PAGE).ret).toBe(0);
    expect(alloc(booted.kernel, 'any', 6n * GiB)).toMatchObject({ errno: 'EINTR' });
  });

  it('has pieces of the vendor’s orders and its own exporter, whatever mainline of that time has', () => {
    const booted = bootBoard(LARGE, { vendor, kernel: KERNELS.old });
    const shell = new Task(booted.kernel);
    const [own, mainline] = ['any', 'system'].map((name) => shell.alloc(name, 2n * MiB));
    expect(framesOf(booted, own ?? 0)).toHaveLength(2);
    expect(framesOf(booted, mainline ?? 0).length).toBe(512);
    const bufinfo = shell.cat('/sys/kernel/debug/dma_buf/bufinfo');
    expect(bufinfo.match(/\t(any|heap_helpers)\t/g)).toEqual(['\theap_helpers\t', '\tany\t']);
  });

  it('comes after mainline’s, and of a name that is taken nothing comes', () => {
    const booted = bootBoard(LARGE, {
      vendor: declared([
        { name: 'system', backend: 'system' },
        { name: 'more', backend: 'system' },
      ]),
      kernel: KERNELS.tee,
    });
    expect(names(booted)).toEqual(['system', 'default_cma_region', 'reserved', 'more']);
    expect(booted.outcome.warnings.map(({ code }) => code)).toEqual(['declared-heap-absent']);
  });

  it('comes where the module would that it replaces', () => {
    const heaps: DeclaredHeap[] = [
      { name: 'system', backend: 'system' },
      { name: 'system-uncached', backend: 'system', cached: false },
    ];
    const vendor = declared(heaps, { replaces: ['system_heap'] });
    const booted = bootBoard(LARGE, { vendor, kernel: KERNELS.old });
    expect(names(booted)).toEqual(['system', 'system-uncached', 'reserved']);
  });

  it('stands for mainline’s where it replaces it', () => {
    const replaces = ['system_heap', 'cma_heap'] as const;
    const vendor = declared(
      [
        { name: 'system', backend: 'system' },
        { name: 'cma', backend: 'cma' },
      ],
      { replaces },
    );
    expect(names(bootBoard(LARGE, { vendor, kernel: KERNELS.old }))).toEqual(['system', 'cma']);
  });
});

describe('a heap that the CPU maps uncached', () => {
  const vendor = declared([
    { name: 'cached', backend: 'cma' },
    { name: 'uncached', backend: 'cma', cached: false },
  ]);

  it.each([
    ['cached', [0, 0], 1],
    ['uncached', [7, 7], 0],
  ] as const)('%s: what the CPU reads without SYNC', (heap, seen, hazards) => {
    const { kernel } = bootBoard(board(), { vendor });
    const shell = new Task(kernel);
    shell.must({ call: 'device_add', device: device('cam') });
    const fd = shell.alloc(heap, PAGE);
    const view = shell.map(fd, PAGE);
    const cam = shell.attach(fd, 'cam');
    expect(shell.mapFor(cam)).toEqual({ ret: 0 });
    shell.load(view, 0, 2);
    shell.dmaWrite(cam, 0, [7, 7]);
    expect(shell.load(view, 0, 2)).toEqual(seen);
    expect(reportsOf(kernel)).toHaveLength(hazards);
    shell.store(view, 64, [3]);
    expect(shell.dmaRead(cam, 64, 1)).toEqual([heap === 'cached' ? 0 : 3]);
    expect(shell.sync(fd, DMA_BUF_SYNC_READ)).toEqual({ ret: 0 });
  });
});

it('an uncached buffer that needs bounce buffers is refused by name: trees differ in what they do then', () => {
  const vendor = declared([
    { name: 'cached', backend: 'system' },
    { name: 'uncached', backend: 'system', cached: false },
  ]);
  const { kernel } = bootBoard(LARGE, { vendor, kernel: KERNELS.old });
  const shell = new Task(kernel);
  shell.must({ call: 'device_add', device: device('low', { dmaMask: 0xffffffffn }) });
  expect(shell.mapFor(shell.attach(shell.alloc('cached', PAGE), 'low'))).toEqual({ ret: 0 });
  const uncached = shell.attach(shell.alloc('uncached', PAGE), 'low');
  expect(() => shell.mapFor(uncached)).toThrow(/a bounce buffer of low for a declared heap/);
});

it('where there is no DMA32, a heap confined to it takes what GFP_DMA32 then means: no highmem', () => {
  const vendor = declared([{ name: 'low', backend: 'system', zone: 'DMA32' }]);
  const booted = bootBoard(board([], { memory: [range(GiB, GiB + 512n * MiB)] }), { vendor, arch: 'arm' });
  const shell = new Task(booted.kernel);
  const lowmem = framesOf(booted, shell.alloc('low', MiB));
  const highmem = framesOf(booted, shell.alloc('system', MiB));
  expect(Math.max(...lowmem.map(Number))).toBeLessThan(Math.min(...highmem.map(Number)));
});

describe('a carveout', () => {
  it('has a heap for each region, before mainline’s, in the order in which the kernel sets regions up', () => {
    const vendor = declared([CARVEOUT]);
    const sorted = bootBoard(CARVED, { vendor, kernel: KERNELS.old });
    expect(names(sorted).slice(0, 2)).toEqual(['carveout_edge@44000000', 'carveout_shared@48000000']);
    const inTree = bootBoard(CARVED, { vendor });
    expect(names(inTree).slice(0, 2)).toEqual(['carveout_shared@48000000', 'carveout_edge@44000000']);
    expect(inTree.kernel.regions()[0]).toMatchObject({
      kind: 'reserved',
      heaps: ['carveout_shared@48000000'],
    });
    expect(inTree.kernel.regions()[0]?.why).toBeUndefined();
  });

  it('is cached unless its region is no-map', () => {
    const heaps = bootBoard(CARVED, { vendor: declared([CARVEOUT]) }).kernel.heaps();
    expect(heaps.slice(0, 2).map((heap) => heap.declared?.cached)).toEqual([true, false]);
  });

  it('hands pages out first fit, any number at any place, and does not zero them', () => {
    const booted = bootBoard(CARVED, { vendor: declared([CARVEOUT]) });
    const shell = new Task(booted.kernel);
    const heap = 'carveout_shared@48000000';
    const [one, two] = [3n, 5n].map((pages) => shell.alloc(heap, pages * PAGE));
    expect(framesOf(booted, two ?? 0)).toEqual([0x48003000n]);
    const view = shell.map(one ?? 0, PAGE);
    shell.store(view, 0, [1, 2, 3]);
    shell.must({ call: 'munmap', mapping: view });
    shell.must({ call: 'close', fd: one ?? 0 });
    const again = shell.alloc(heap, 2n * PAGE);
    expect(framesOf(booted, again)).toEqual([0x48000000n]);
    expect(shell.load(shell.map(again, PAGE), 0, 3)).toEqual([1, 2, 3]);
    const all = alloc(booted.kernel, heap, 4n * MiB);
    expect(all).toMatchObject({
      errno: 'ENOMEM',
      why: { kind: 'pool-no-room', freePages: 1017, largestRun: 1016 },
    });
    // remap_pfn_range() of a whole private mapping is allowed.
    expect(
      shell.call({ call: 'mmap', fd: again, length: PAGE, prot: PROT_READ, flags: MAP_PRIVATE, offset: 0n })
        .ret,
    ).toBeGreaterThan(0);
  });

  it('frees what it took, to the last page', () => {
    const { kernel } = bootBoard(CARVED, { vendor: declared([CARVEOUT]) });
    const shell = new Task(kernel);
    for (let round = 0; round < 3; round++) {
      const fds = [1n, 7n, 200n].map((pages) => shell.alloc('carveout_edge@44000000', pages * PAGE));
      expect(alloc(kernel, 'carveout_edge@44000000', 64n * PAGE).errno).toBe('ENOMEM');
      for (const fd of fds) shell.must({ call: 'close', fd });
      expect(kernel.heaps().find(({ name }) => name.startsWith('carveout_edge'))?.free).toBe(MiB);
    }
  });

  it.each([
    ['a CMA area', cma('dma@48000000', 0x48000000n, 4n * MiB), /is a CMA area of mainline/],
    ['a coherent pool', coherent('dma@48000000', 0x48000000n, 4n * MiB), /is a coherent pool of mainline/],
    ['less than a page', carveout('dma@48000000', 0x48000000n, KiB), /no whole pages/],
  ])('of %s is none, and it is told', (_, region, why) => {
    const heap: DeclaredHeap = { name: 'c', backend: 'carveout', region: 'dma@48000000' };
    const booted = bootBoard(board([region]), { vendor: declared([heap]) });
    expect(names(booted)).not.toContain('c');
    expect(booted.outcome.warnings.map(({ message }) => message).join()).toMatch(why);
  });

  it('of RAM that Linux uses itself, or of memory of another one, is none', () => {
    const at = (name: string, base: bigint): DeclaredHeap => ({
      name,
      backend: 'carveout',
      range: range(base, MiB),
    });
    const vendor = declared([at('used', 0x4e000000n), at('outside', 8n * GiB), at('twice', 8n * GiB)]);
    const booted = bootBoard(board(), { vendor });
    expect(names(booted).at(-1)).toBe('outside');
    expect(booted.outcome.warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/used.*is RAM that Linux maps and uses/),
      expect.stringMatching(/twice.*is that of another declared heap/),
    ]);
    const shell = new Task(booted.kernel);
    const view = shell.map(shell.alloc('outside', PAGE), PAGE);
    shell.store(view, 0, [5]);
    expect(shell.load(view, 0, 1)).toEqual([5]);
  });
});

describe('a heap of a TEE', () => {
  const TEE: DeclaredHeap = { name: 'protected,secure-video', backend: 'tee', region: 'tee' };
  const SECURE = board([node('tee', { compatible: [], reg: [range(0x44000000n, MiB)], noMap: true })]);

  it('is refused by name before the kernel that has them', () => {
    const boot = () => bootBoard(SECURE, { vendor: declared([TEE]), kernel: '6.12' });
    expect(boot).toThrow(
      /Linux 6\.12\.\d+ has no heaps of a TEE, and acme-1 declares protected,secure-video/,
    );
  });

  it('gives buffers that devices map and the CPU does not', () => {
    const booted = bootBoard(SECURE, { vendor: declared([TEE]), kernel: KERNELS.tee });
    const { kernel } = booted;
    const shell = new Task(kernel);
    shell.must({ call: 'device_add', device: device('vpu') });
    const fd = shell.alloc(TEE.name, 8n * PAGE);
    expect(kernel.buffer('shell', fd)?.expName).toBe('tee');
    for (const flags of [MAP_SHARED, MAP_PRIVATE]) {
      const mmap = shell.call({ call: 'mmap', fd, length: PAGE, prot: PROT_READ, flags, offset: 0n });
      expect(mmap).toMatchObject({ errno: 'EINVAL', why: { kind: 'no-mmap', declared: 'acme-1' } });
    }
    expect(shell.sync(fd, DMA_BUF_SYNC_READ)).toEqual({ ret: 0 });
    const vpu = shell.attach(fd, 'vpu');
    expect(shell.mapFor(vpu)).toEqual({ ret: 0 });
    shell.dmaWrite(vpu, 0, [4]);
    expect(shell.dmaRead(vpu, 0, 1)).toEqual([4]);
    expect(alloc(kernel, TEE.name, 2n * MiB)).toMatchObject({ errno: 'ENOMEM' });
  });

  it('needs memory of which Linux has struct pages', () => {
    const vendor = declared([{ name: 'protected,trusted-ui', backend: 'tee', range: range(64n * GiB, MiB) }]);
    const booted = bootBoard(board(), { vendor, kernel: KERNELS.tee });
    expect(names(booted)).not.toContain('protected,trusted-ui');
    expect(booted.outcome.warnings[0]?.message).toMatch(/has no struct page/);
  });
});

it('a board’s own declarations come before the vendor’s', () => {
  const heaps = declared([{ name: 'own', backend: 'system' }], { by: 'board.yaml' });
  const vendor = declared([{ name: 'theirs', backend: 'system' }]);
  const booted = bootBoard({ ...board(), heaps }, { vendor, kernel: KERNELS.tee });
  expect(names(booted).slice(-2)).toEqual(['own', 'theirs']);
  expect(booted.kernel.info().banner).toMatch(
    /declared by board\.yaml \(not mainline\); heaps declared by acme-1/,
  );
});

it('a module that was replaced cannot wait', () => {
  const vendor = declared([{ name: 'system', backend: 'system' }], { replaces: ['system_heap'] });
  expect(() => bootBoard(board(), { vendor, modules: ['system_heap'] })).toThrow(
    /no module system_heap to wait for/,
  );
});
