/** What a boot that goes well tells all the same, and what a boot that dies died of. */
import { describe, expect, it, test } from 'vitest';
import type { Board, ReservedMemNode } from '../../src/board/board.ts';
import { KernelOops } from '../../src/dma-buf/kernel-oops.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { MemoryRecords } from '../../src/records.ts';
import { KiB, MiB, type PhysRange, sharedRange } from '../../src/units.ts';
import { alloc, board, bootBoard, cma, coherent, node, RAM_BASE, RESERVE, range } from '../small-board.ts';

const warningsOf = (given: Board, params: BootParams = {}) =>
  bootBoard(given, params).outcome.warnings.map(({ code, path = '', message }) => ({ code, path, message }));

const codes = (given: Board, params: BootParams = {}) => warningsOf(given, params).map(({ code }) => code);

const noMap = (name: string, base: bigint, size: bigint): ReservedMemNode =>
  node(name, { compatible: [], reg: [range(base, size)], noMap: true });
const plain = (name: string, base: bigint, size: bigint): ReservedMemNode =>
  node(name, { compatible: [], reg: [range(base, size)] });

describe('a healthy board', () => {
  it.each<[string, Board, BootParams]>([
    ['without regions', board(), {}],
    [
      'with one of each',
      board([cma('c@44000000', 0x44000000n, 4n * MiB), coherent('p@46000000', 0x46000000n, MiB)]),
      {},
    ],
    [
      'whose regions touch',
      board([
        noMap('a', 0x43e00000n, 2n * MiB),
        cma('c', 0x44000000n, 4n * MiB),
        noMap('b', 0x44400000n, MiB),
      ]),
      {},
    ],
    [
      'with a command line',
      board(),
      { cmdline: 'console=ttyAMA0 nokaslr cma=16M mem=128M quiet root=/dev/vda rw' },
    ],
    ['without a default area', board(), { cmdline: 'cma=0' }],
  ])('%s has no warning', (_, given, params) => {
    expect(warningsOf(given, params)).toEqual([]);
  });
});

describe('memory that two have', () => {
  const KINDS = { cma, coherent, noMap, plain };
  type Kind = keyof typeof KINDS;
  const all = Object.keys(KINDS) as Kind[];
  const PLACES: readonly [PhysRange, PhysRange][] = [
    [range(0x44000000n, 8n * MiB), range(0x44400000n, 8n * MiB)],
    [range(0x44000000n, 8n * MiB), range(0x44400000n, 2n * MiB)],
    [range(0x44000000n, 8n * MiB), range(0x44800000n, 2n * MiB)],
    [range(0x44400000n, 4n * MiB), range(0x44000000n, 16n * MiB)],
  ];
  const cases = all.flatMap((a) => all.flatMap((b) => PLACES.map((places, i) => [a, b, i, places] as const)));

  it.each(cases)('%s then %s, place %i: is told where somebody gives it out', (a, b, _, [first, second]) => {
    const given = board([KINDS[a]('a', first.base, first.size), KINDS[b]('b', second.base, second.size)]);
    const { kernel, outcome } = bootBoard(given);
    const found = outcome.warnings.map(({ code }) => code);
    const shared = sharedRange(first, second);
    if (shared.size === 0n) return expect(found).toEqual([]);
    const regions = kernel.regions();
    const kinds = regions.slice(0, 2).map(({ kind }) => kind);
    // A no-map mark that came second was refused, and the area keeps its memory.
    const refused = regions.some(({ noMap, why }) => noMap && why === 'reserve-failed');
    const wanted =
      kinds[0] === 'cma' && kinds[1] === 'cma'
        ? ['cma-overlap']
        : kinds.includes('cma')
          ? refused
            ? []
            : [a === 'plain' || b === 'plain' ? 'cma-over-reserved' : 'cma-over-nomap']
          : kinds.includes('coherent')
            ? ['region-overlap']
            : [];
    expect(found).toEqual(wanted);
    for (const { message, path } of outcome.warnings) {
      expect(message).toContain(`0x${shared.base.toString(16)}`);
      expect(path).toMatch(/^\/reserved-memory\/[ab]$/);
    }
  });

  it.each(['kernel', 'initrd', 'dtb'] as const)('names the %s below a CMA area', (who) => {
    const reserve = { ...RESERVE, [who]: range(0x44100000n, MiB) };
    const [warning, ...more] = warningsOf(board([cma('c', 0x44000000n, 4n * MiB)]), { reserve });
    expect(more).toEqual([]);
    expect(warning).toMatchObject({ code: 'cma-over-reserved', path: '/reserved-memory/c' });
    expect(warning?.message).toContain(
      { kernel: 'the kernel image', initrd: 'the initrd', dtb: 'the device tree' }[who],
    );
  });

  it('names an area that reaches out of RAM inside its last section', () => {
    const inside = board([cma('c', 0x47c00000n, 4n * MiB)], { memory: [range(RAM_BASE, 126n * MiB)] });
    expect(codes(inside, { cmdline: 'cma=0' })).toEqual(['cma-past-ram']);
  });

  it('tells many overlaps once each, and not all of them', () => {
    const nodes = Array.from({ length: 12 }, (_, i) =>
      coherent(`p${i}`, 0x44000000n + BigInt(i) * 64n * KiB, MiB),
    );
    expect(codes(board(nodes)).length).toBeLessThanOrEqual(17);
  });
});

describe('a buffer across no-map memory inside a CMA area', () => {
  const given = board([noMap('s', 0x44400000n, MiB), cma('c', 0x44000000n, 16n * MiB)]);

  it('is no success, and nothing of the call happens', () => {
    const { kernel, records } = bootBoard(given);
    expect(alloc(kernel, 'c', 4n * MiB).ret).toBe(0);
    const before = [...records.list('cma/')].map((entry) => structuredClone(entry));
    expect(() => alloc(kernel, 'c', 2n * MiB)).toThrow(KernelOops);
    expect(() => alloc(kernel, 'c', 4n * KiB)).toThrow(/clear_page\(\) touches 0x44400000/);
    expect([...records.list('cma/')]).toEqual(before);
    expect(kernel.buffers()).toHaveLength(1);
  });

  it('is one behind it', () => {
    const { kernel } = bootBoard(board([noMap('s', 0x44000000n, MiB), cma('c', 0x44000000n, 16n * MiB)]));
    expect(() => alloc(kernel, 'c', MiB)).toThrow(KernelOops);
  });

  it('works where the area comes first', () => {
    const { kernel } = bootBoard(board([...(given.reservedMemory?.nodes ?? [])].reverse()));
    expect(alloc(kernel, 'c', 8n * MiB).ret).toBe(0);
  });
});

describe('a panic', () => {
  const dies = (given: Board, params: BootParams = {}) => {
    const outcome = boot(given, { reserve: RESERVE, ...params }, new MemoryRecords());
    if (outcome.panic === undefined) throw new Error('it lives');
    return outcome;
  };
  const many = (count: number, made: (name: string, base: bigint) => ReservedMemNode) =>
    Array.from({ length: count }, (_, i) => made(`r${i}`, RAM_BASE + 32n * MiB + BigInt(i) * 128n * KiB));

  it.each<[string, Board, BootParams, RegExp, string | undefined]>([
    [
      'of an area outside RAM',
      board([cma('c', 0x80000000n, 4n * MiB)]),
      {},
      /c lies outside RAM \(0x80000000\.\.0x803fffff, RAM ends at 0x4fffffff\): cma_activate_area/,
      'c',
    ],
    [
      'of one that mem= cuts off',
      board([cma('c', 0x4c000000n, 4n * MiB)]),
      { cmdline: 'mem=64M cma=0' },
      /c lies outside RAM/,
      'c',
    ],
    [
      'of a full reserved array',
      board(many(140, (name, base) => plain(name, base, 4n * KiB))),
      {},
      /reserved array has room for 128 ranges/,
      'r127',
    ],
    [
      'of a full memory array',
      board(many(70, (name, base) => noMap(name, base, 4n * KiB))),
      { config: { CONFIG_EFI: false } },
      /memory array has room for 128 ranges/,
      'r63',
    ],
    [
      'of page tables without room',
      board([], { memory: [range(RAM_BASE, 11n * MiB)] }),
      { reserve: { kernel: range(RAM_BASE, 11n * MiB) } },
      /page tables .* find no room/,
      undefined,
    ],
    [
      'of memory that is all CMA',
      board([cma('c', RAM_BASE + 16n * MiB, 240n * MiB)]),
      {},
      /MiB|KiB|B of RAM/,
      undefined,
    ],
  ])('%s says so, with the node', (_, given, params, because, name) => {
    const { cause, regions, panic } = dies(given, params);
    expect(cause?.message, panic).toMatch(because);
    expect(cause?.path).toBe(name === undefined ? undefined : `/reserved-memory/${name}`);
    const nodes = given.reservedMemory?.nodes ?? [];
    expect(regions?.slice(0, nodes.length).map((region) => region.name)).toEqual(
      nodes.map((one) => one.name),
    );
  });
});

describe('the command line', () => {
  const WORDS =
    'crashkernel=128M hugepages=4 hugepagesz=2M default_hugepagesz=1G hugetlb_cma=64M memmap=1M$1G movablecore=64M kernelcore=64M swiotlb=1024 numa=off numa_cma=0:16M cma_pernuma=8M memblock=debug reserve_mem=1M:4K:x kasan=on kasan.mode=sync page_poison=1 init_on_alloc=1 init_on_free=1 iommu.passthrough=1 iommu=pt movable-node memtest initrd=0x48000000,1M elfcorehdr=1M@1G dhash_entries=9 percpu_alloc=page initcall_blacklist=cma_init_reserved_areas kho=on sysctl.vm.min_free_kbytes=9 retain_initrd';

  test.each(WORDS.split(' '))('%s is named as ignored', (word) => {
    const found = warningsOf(board(), { cmdline: `quiet ${word} nokaslr` });
    expect(found).toMatchObject([{ code: 'cmdline-ignored', message: expect.stringContaining(word) }]);
    expect(warningsOf(board(), { cmdline: `-- ${word}` })).toEqual([]);
  });

  test('a word of another architecture is not named', () => {
    expect(warningsOf(board(), { cmdline: 'vmalloc=512M mem_encrypt=on' })).toEqual([]);
    expect(codes(board(), { cmdline: 'vmalloc=512M', arch: 'arm' })).toContain('cmdline-ignored');
  });

  /** Every size that is followed, as nobody means it. */
  const SIZES = ['cma', 'mem', 'coherent_pool'];
  test.each(SIZES.flatMap((name) => ['abc', '', '-1', '64MB', '64M,foo', 'M'].map((v) => `${name}=${v}`)))(
    '%s says what Linux reads',
    (cmdline) => {
      const found = warningsOf(board(), { cmdline }).find(({ code }) => code === 'cmdline-half-read');
      expect(found?.message).toContain(`Linux reads ${cmdline} as `);
      expect(warningsOf(board(), { cmdline: `-- ${cmdline}` })).toEqual([]);
    },
  );
  test.each(SIZES)('%s= with a small number says that it is bytes', (name) => {
    const cmdline = `${name}=64`;
    const [found] = warningsOf(board(), { cmdline });
    expect(found?.message).toContain(`${cmdline} asks for 64 B, which Linux rounds `);
    expect(warningsOf(board(), { cmdline: `${name}=128M` })).toEqual([]);
    expect(warningsOf(board(), { cmdline: `${name}=0` })).toEqual([]);
  });
  test.each([
    ['cam=64M', 'cma'],
    ['CMA=64M', 'cma'],
    ['cma_size=64M', 'cma'],
    ['Mem=64M', 'mem'],
    ['coherentpool=1M', 'coherent_pool'],
  ])('%s was meant as %s=', (cmdline, meant) => {
    expect(bootBoard(board(), { cmdline }).outcome.warnings).toMatchObject([
      { code: 'cmdline-misspelt', hint: `did you mean ${meant}=?` },
    ]);
  });
  test.each([
    'console=ttyAMA0',
    'root=/dev/mmcblk0p2',
    'mtd=1',
    'loglevel=8',
    'panic=5',
    'maxcpus=1',
    'lpj=1',
  ])('%s is no word of memory', (cmdline) => expect(warningsOf(board(), { cmdline })).toEqual([]));

  test.each([
    ['cma=64', 'cma=64 asks for 64 B, which Linux rounds up to a pageblock (2 MiB)'],
    ['cma=8192', 'cma=8192 asks for 8 KiB'],
  ])('%s means bytes', (cmdline, message) => {
    expect(warningsOf(board(), { cmdline })[0]).toMatchObject({
      code: 'cmdline-cma-bytes',
      message: expect.stringContaining(message),
    });
  });
});

describe('a default area that is not there', () => {
  const pool = board([coherent('p@44000000', 0x44000000n, 16n * MiB), plain('q@46000000', 0x46000000n, MiB)]);

  it.each<[string, Board, string, RegExp]>([
    [
      'for want of room',
      board(),
      'cma=250M',
      /250 MiB could not be had: the largest free run below the limit 0x50000000 is \S+ \S+ at 0x4/,
    ],
    [
      'over a region',
      pool,
      'cma=8M@0x46000000',
      /0x46000000\.\.0x467fffff is reserved already, by the region q@46000000 at 0x46000000/,
    ],
    ['over the image', board(), 'cma=8M@0x40200000', /by the kernel image at 0x40200000/],
    ['at a bad base', board(), 'cma=8M@0x44100000', /multiple of a pageblock \(2 MiB\)/],
    ['above its limit', board(), 'cma=8M@0x50000000', /its end 0x50800000 lies above the limit/],
  ])('%s says why, in the warning and as a region', (_, given, cmdline, why) => {
    const { kernel, outcome } = bootBoard(given, { cmdline });
    expect(outcome.warnings.find(({ code }) => code === 'default-cma-failed')?.message).toMatch(why);
    const lost = kernel.regions().at(-1);
    expect(lost).toMatchObject({
      name: 'reserved',
      kind: 'none',
      why: 'default-area-failed',
      origin: 'cmdline',
    });
    expect(kernel.info().banner).toMatch(/CMA none, arm64 defconfig/);
  });
});

describe('the coherent series as posted', () => {
  const twice = board([cma('p@44000000', 0x44000000n, 4n * MiB), coherent('p@44000000', 0x46000000n, MiB)]);
  const dynamic = board([noMap('low', 0x44000000n, MiB), node('pool', { size: MiB, noMap: true })]);

  it('dies of a name that is taken', () => {
    expect(codes(twice)).toEqual(['series-name-taken']);
    expect(codes(twice, { coherent: 'off' })).toEqual([]);
    expect(codes(board([cma('system', 0x44000000n, 4n * MiB)]))).toEqual(['series-name-taken']);
    expect(codes(board([cma('default_cma_region', 0x44000000n, 4n * MiB)]))).toEqual(['series-name-taken']);
  });

  it('dies of a dynamic pool that the overlap check moves', () => {
    expect(codes(dynamic)).toEqual(['series-pool-moved']);
    expect(codes(dynamic, { coherent: 'off' })).toEqual([]);
    expect(codes(board([node('pool', { size: MiB, noMap: true })]))).toEqual([]);
  });
});

test.each([
  ['', {}, 'CMA 32 MiB (arm64 defconfig plus the heaps built in)'],
  ['cma=128M', {}, 'CMA 128 MiB (cma=), arm64 defconfig plus the heaps built in'],
  ['cma=0', {}, 'CMA none, arm64 defconfig plus the heaps built in'],
  ['cma=1G', {}, 'CMA none, arm64 defconfig plus the heaps built in'],
  [
    '',
    { CONFIG_CMA_SIZE_MBYTES: 0 },
    'CMA none, arm64 defconfig plus the heaps built in but CONFIG_CMA_SIZE_MBYTES',
  ],
  [
    '',
    { CONFIG_CMA_SIZE_MBYTES: 16 },
    'CMA 16 MiB (arm64 defconfig plus the heaps built in but CONFIG_CMA_SIZE_MBYTES)',
  ],
])('the banner with "%s" and %o says what holds', (cmdline, config, text) => {
  const { kernel } = bootBoard(board(), { cmdline, config });
  expect(kernel.info().banner.endsWith(`, ${text}`)).toBe(true);
});

test('the banner names an area of the device tree', () => {
  const given = board([cma('d', 0x44000000n, 64n * MiB, { linuxCmaDefault: true })]);
  expect(bootBoard(given).kernel.info().banner).toMatch(
    /CMA 64 MiB \(device tree\), arm64 defconfig plus the heaps built in$/,
  );
});
