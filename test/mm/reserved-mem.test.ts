/** /reserved-memory: each rule of placement and set-up, on boards of 256 MiB at 1 GiB. */
import { describe, expect, it } from 'vitest';
import type { ReservedMemNode } from '../../src/board/board.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { GiB, KiB, MiB } from '../../src/units.ts';
import {
  board,
  bootBoard,
  bootPanic,
  cma,
  coherent,
  dynamicCma,
  dynamicPlain,
  node,
  RAM_BASE,
  range,
} from '../small-board.ts';

const RAM_END = RAM_BASE + 256n * MiB;
const none = { cmdline: 'cma=0' };

const booted = (nodes: readonly ReservedMemNode[], params: BootParams = none) =>
  bootBoard(board(nodes), params);

/** Where regions lie, in MiB above the start of RAM. */
function places(nodes: readonly ReservedMemNode[], params: BootParams = none): Record<string, number> {
  const { kernel } = booted(nodes, params);
  return Object.fromEntries(
    kernel
      .regions()
      .filter((region) => region.base !== undefined)
      .map((region) => [region.name, Number((region.base ?? 0n) - RAM_BASE) / Number(MiB)]),
  );
}

const ofLog = (log: readonly string[]) =>
  log.filter((line) => /OF: reserved mem|Reserved memory:|cma:|Skipping|overlaps with/.test(line));
const logOf = (nodes: readonly ReservedMemNode[], params: BootParams = none) =>
  ofLog(booted(nodes, params).log);
const whyOf = (nodes: readonly ReservedMemNode[], params: BootParams = none) =>
  Object.fromEntries(
    booted(nodes, params)
      .kernel.regions()
      .map((r) => [r.name, r.why]),
  );

describe('placement of dynamic regions', () => {
  it('goes from the top of RAM down, in tree order, after all static regions', () => {
    //  0       ...        244    246   248   250     254    256 MiB
    //  |                   |  c  |  b  |  a  | static |      |
    const top = dynamicPlain('a', 2n * MiB);
    const nodes = [
      top,
      dynamicPlain('b', 2n * MiB),
      node('s', { reg: [range(RAM_END - 6n * MiB, 4n * MiB)], compatible: [] }),
    ];
    expect(places([...nodes, dynamicPlain('c', 4n * MiB)])).toEqual({ a: 254, b: 248, s: 250, c: 244 });
  });

  it('aligns to 64 bytes unless told otherwise, and an alignment of 0 is none', () => {
    const { kernel } = booted([dynamicPlain('a', 100n), dynamicPlain('b', 100n, { alignment: 0n })]);
    expect(kernel.regions().map((r) => RAM_END - (r.base ?? 0n))).toEqual([128n, 256n]);
  });

  it('aligns to what the node says', () => {
    expect(places([dynamicPlain('a', MiB), dynamicPlain('b', MiB, { alignment: 16n * MiB })])).toEqual({
      a: 255,
      b: 240,
    });
  });

  it('aligns a CMA pool to a pageblock at least', () => {
    const small = dynamicPlain('a', MiB);
    expect(places([small, dynamicCma('b', 2n * MiB)])).toEqual({ a: 255, b: 252 });
    expect(places([small, dynamicCma('b', 2n * MiB, { alignment: 4096n })])).toEqual({ a: 255, b: 252 });
    const config = { CONFIG_TRANSPARENT_HUGEPAGE: false, CONFIG_HUGETLBFS: false };
    expect(places([small, dynamicCma('b', 4n * MiB)], { ...none, config })).toEqual({ a: 255, b: 248 });
    // With no-map it is no CMA pool.
    expect(places([small, dynamicCma('b', 2n * MiB, { noMap: true })])).toEqual({ a: 255, b: 253 });
  });

  it('tries alloc-ranges in order and takes the top of the first that has room', () => {
    const allocRanges = [
      range(RAM_BASE + 32n * MiB, MiB),
      range(RAM_BASE + 64n * MiB, 8n * MiB),
      range(RAM_BASE, 256n * MiB),
    ];
    expect(places([dynamicPlain('a', 2n * MiB, { allocRanges })])).toEqual({ a: 70 });
  });

  it('fails when no alloc-range has room, though RAM has', () => {
    const allocRanges = [range(RAM_BASE + 32n * MiB, MiB), range(8n * GiB, GiB)];
    const nodes = [dynamicPlain('a', 2n * MiB, { allocRanges })];
    expect(whyOf(nodes)).toEqual({ a: 'no-room' });
    expect(logOf(nodes)).toEqual(["<3>OF: reserved mem: failed to allocate memory for node 'a': size 2 MiB"]);
  });

  it('takes an end of 0 or 1 for no bound', () => {
    expect(places([dynamicPlain('a', MiB, { allocRanges: [range(0n, 0n)] })])).toEqual({ a: 255 });
    expect(places([dynamicPlain('a', MiB, { allocRanges: [range(0n, 1n)] })])).toEqual({ a: 255 });
    expect(whyOf([dynamicPlain('a', MiB, { allocRanges: [range(0n, 2n)] })])).toEqual({ a: 'no-room' });
    const wraps = [range(RAM_BASE, (1n << 64n) - RAM_BASE)];
    expect(places([dynamicPlain('a', MiB, { allocRanges: wraps })])).toEqual({ a: 255 });
  });

  it('never takes the first page', () => {
    const memory = [range(0n, 64n * MiB)];
    const nodes = [
      dynamicPlain('a', 4096n, { allocRanges: [range(0n, 8192n)] }),
      dynamicPlain('b', 4096n, { allocRanges: [range(0n, 8192n)] }),
    ];
    const reserve = { kernel: range(2n * MiB, 8n * MiB), dtb: range(10n * MiB, 4096n) };
    const { kernel } = bootBoard(board(nodes, { memory }), { ...none, reserve });
    expect(kernel.regions().map((r) => r.base)).toEqual([4096n, undefined]);
  });

  describe('near an earlier dynamic region, within alloc-ranges', () => {
    /**
     * ```
     *            64        68                    96 MiB
     *  earlier   |RRRRRRRRR|
     *  range               |---------------------|
     *  placed              |PP|
     * ```
     */
    const earlier = (name = 'e') =>
      dynamicPlain(name, 4n * MiB, { allocRanges: [range(RAM_BASE + 64n * MiB, 4n * MiB)] });
    const later = (from: bigint, to: bigint, size = 2n * MiB) =>
      dynamicPlain('l', size, { allocRanges: [range(RAM_BASE + from * MiB, (to - from) * MiB)] });

    it('goes bottom up when the range starts at its end', () => {
      expect(places([earlier(), later(68n, 96n)]).l).toBe(68);
    });

    it('goes bottom up when the range starts at its base or inside of it', () => {
      expect(places([earlier(), later(64n, 96n)]).l).toBe(68);
      expect(places([earlier(), later(66n, 96n)]).l).toBe(68);
    });

    it('goes top down when the range starts just beside it', () => {
      expect(places([earlier(), later(69n, 96n)]).l).toBe(94);
      expect(places([earlier(), later(32n, 96n)]).l).toBe(94);
    });

    it('goes top down when the range ends at one as well', () => {
      const other = dynamicPlain('o', 4n * MiB, { allocRanges: [range(RAM_BASE + 96n * MiB, 4n * MiB)] });
      expect(places([earlier(), other, later(68n, 96n)]).l).toBe(94);
      expect(places([earlier(), other, later(68n, 98n)]).l).toBe(94);
    });

    it('goes top down beside static regions, and without alloc-ranges', () => {
      const fixed = node('s', { reg: [range(RAM_BASE + 64n * MiB, 4n * MiB)], compatible: [] });
      expect(places([fixed, later(68n, 96n)]).l).toBe(94);
      expect(places([earlier(), dynamicPlain('l', 2n * MiB)]).l).toBe(254);
    });

    it('forgets a region whose handler failed', () => {
      const failed = dynamicCma('f', 3n * MiB, { allocRanges: [range(RAM_BASE + 64n * MiB, 4n * MiB)] });
      expect(places([failed, later(68n, 96n)]).l).toBe(94);
    });

    it('rounds the base up when going bottom up', () => {
      const odd = dynamicPlain('e', 100n * KiB, { allocRanges: [range(RAM_BASE + 64n * MiB, 100n * KiB)] });
      const aligned = dynamicCma('l', 2n * MiB, { allocRanges: [range(RAM_BASE + 64n * MiB, 32n * MiB)] });
      expect(places([odd, aligned]).l).toBe(66);
    });
  });

  it('keeps a no-map region out of RAM, so that it can be mapped uncached', () => {
    const { kernel, log } = booted([node('a', { size: MiB, noMap: true })]);
    expect(kernel.heaps().map((h) => h.name)).toEqual(['system', 'a']);
    expect(log).toContain(
      '<6>OF: reserved mem: 0x000000004ff00000..0x000000004fffffff (1024 KiB) nomap non-reusable a',
    );
  });

  it('stops at 64 dynamic regions', () => {
    const nodes = Array.from({ length: 66 }, (_, i) => dynamicPlain(`d${i}`, 4096n));
    const { kernel, log } = booted(nodes);
    expect(kernel.regions().map((r) => r.why === 'too-many-dynamic')).toEqual(nodes.map((_, i) => i >= 64));
    expect(ofLog(log).slice(0, 2)).toEqual([
      "<3>OF: reserved mem: too many defined dynamic regions, skip 'd64'",
      "<3>OF: reserved mem: too many defined dynamic regions, skip 'd65'",
    ]);
  });

  it.each([
    [{ size: 'invalid' as const }, 'invalid-size', "invalid size property in 'd' node."],
    [
      { size: MiB, alignment: 'invalid' as const },
      'invalid-alignment',
      "invalid alignment property in 'd' node.",
    ],
    [{ size: GiB }, 'no-room', "failed to allocate memory for node 'd': size 1024 MiB"],
  ])('case %# is refused and logged', (given, why, text) => {
    const nodes = [node('d', given)];
    expect(whyOf(nodes)).toEqual({ d: why });
    expect(logOf(nodes)).toEqual([`<3>OF: reserved mem: ${text}`]);
  });
});

describe('static regions', () => {
  it('use the first entry of reg and say so when there are more', () => {
    const nodes = [
      node('s', {
        compatible: [],
        reg: [range(RAM_BASE + 32n * MiB, MiB), range(RAM_BASE + 64n * MiB, MiB)],
      }),
    ];
    expect(places(nodes)).toEqual({ s: 32 });
    expect(logOf(nodes)[0]).toBe(
      "<4>OF: reserved mem: Reserved memory: node 's' has 2 <base size> entries, only the first is used",
    );
  });

  it('of size 0 are refused, and get no handler', () => {
    const nodes = [coherent('s', RAM_BASE + 32n * MiB, 0n)];
    expect(whyOf(nodes)).toEqual({ s: 'size-zero' });
    expect(logOf(nodes)).toEqual([
      "<3>OF: reserved mem: Reserved memory: failed to reserve memory for node 's': base 0x0000000042000000, size 0 MiB",
    ]);
  });

  it('with no-map over reserved memory fail with -EBUSY, and get their handler all the same', () => {
    const nodes = [
      node('r', { compatible: [], reg: [range(RAM_BASE + 32n * MiB, MiB)] }),
      coherent('n', RAM_BASE + 32n * MiB, MiB),
    ];
    const log = logOf(nodes);
    expect(log[0]).toBe(
      "<3>OF: reserved mem: Reserved memory: failed to reserve memory for node 'n': base 0x0000000042000000, size 1 MiB",
    );
    expect(log).toContain('<6>OF: reserved mem: initialized node n, compatible id shared-dma-pool');
    expect(whyOf(nodes).n).toBe('reserve-failed');
  });

  it('with no-map may overlap each other: no-map memory is not reserved', () => {
    const nodes = [
      coherent('a', RAM_BASE + 32n * MiB, 2n * MiB),
      coherent('b', RAM_BASE + 33n * MiB, 2n * MiB),
    ];
    expect(whyOf(nodes)).toEqual({ a: undefined, b: undefined });
  });

  it('with no-map outside of RAM are no conflict', () => {
    const { kernel } = booted([coherent('a', 8n * GiB, MiB), coherent('b', 8n * GiB, MiB)]);
    expect(kernel.heaps().map((h) => h.name)).toEqual(['system', 'a', 'b']);
  });

  it('are passed over when disabled or without reg and size', () => {
    const reg = [range(RAM_BASE + 32n * MiB, MiB)];
    const statuses = ['disabled', 'fail', '', 'okay ', 'ok', 'okay'];
    const nodes = statuses.map((status, i) => node(`s${i}`, { status, reg, compatible: [] }));
    expect(whyOf([...nodes, node('x')])).toEqual({
      s0: 'disabled',
      s1: 'disabled',
      s2: 'disabled',
      s3: 'disabled',
      s4: 'not-shared-dma-pool',
      s5: 'not-shared-dma-pool',
      x: 'no-reg-no-size',
    });
  });

  it('with a malformed reg are dynamic if they have a size, else nothing', () => {
    const nodes = [node('m', { regMalformed: true }), dynamicPlain('d', MiB, { regMalformed: true })];
    expect(whyOf(nodes)).toEqual({ m: 'malformed-reg', d: 'not-shared-dma-pool' });
    expect(places(nodes)).toEqual({ d: 255 });
  });

  it('panic beyond the room of memblock, with the log up to there', () => {
    const nodes = Array.from({ length: 200 }, (_, i) =>
      node(`s${i}`, { compatible: [], reg: [range(RAM_BASE + (16n + BigInt(i)) * MiB, 4096n)] }),
    );
    const { panic, log } = bootPanic(
      board([node('two', { reg: [range(1n, 1n), range(2n, 1n)] }), ...nodes]),
      none,
    );
    expect(panic).toBe('memblock: cannot resize reserved array');
    expect(log).toEqual([
      "<4>OF: reserved mem: Reserved memory: node 'two' has 2 <base size> entries, only the first is used",
      '<0>Kernel panic - not syncing: memblock: cannot resize reserved array',
    ]);
  });
});

describe('the node itself', () => {
  const missing = '<3>OF: reserved mem: Reserved memory: unsupported node format, ignoring';

  it('may be missing', () => {
    const { reservedMemory: _, ...given } = board();
    const { log, kernel } = bootBoard(given, none);
    expect(ofLog(log)).toEqual(['<6>OF: reserved mem: Reserved memory: No reserved-memory node in the DT']);
    expect(kernel.regions()).toEqual([]);
  });

  it.each([{ addressCells: 1 }, { sizeCells: 1 }, { ranges: false }])('is ignored with %j', (wrong) => {
    const nodes = [coherent('a', RAM_BASE + 32n * MiB, MiB)];
    const reservedMemory = { addressCells: 2, sizeCells: 2, ranges: true, nodes, ...wrong };
    const { log, kernel } = bootBoard(board([], { reservedMemory }), none);
    expect(ofLog(log)).toEqual([missing, missing]);
    expect(kernel.regions().map((r) => r.why)).toEqual(['unsupported-format']);
  });
});

describe('the shared-dma-pool handlers', () => {
  it('make a CMA area of a reusable region', () => {
    expect(logOf([cma('c', RAM_BASE + 32n * MiB, 4n * MiB)])).toEqual([
      '<6>Reserved memory: created CMA memory pool at 0x0000000042000000, size 4 MiB',
      '<6>OF: reserved mem: initialized node c, compatible id shared-dma-pool',
      '<6>OF: reserved mem: 0x0000000042000000..0x00000000423fffff (4096 KiB) map reusable c',
    ]);
  });

  it('make a coherent pool of a region that is not', () => {
    expect(logOf([coherent('c', RAM_BASE + 32n * MiB, 100n * KiB)])).toEqual([
      '<6>Reserved memory: created DMA memory pool at 0x0000000042000000, size 100 KiB',
      '<6>OF: reserved mem: initialized node c, compatible id shared-dma-pool',
      '<6>OF: reserved mem: 0x0000000042000000..0x0000000042018fff (100 KiB) nomap non-reusable c',
    ]);
  });

  it('leave plain regions, and those with both properties, alone', () => {
    const reg = [range(RAM_BASE + 32n * MiB, 2n * MiB)];
    const nodes = [
      node('p', { compatible: ['vendor,thing'], reg }),
      node('b', { reg: [range(RAM_BASE + 64n * MiB, 2n * MiB)], noMap: true, reusable: true }),
    ];
    expect(logOf(nodes)).toEqual([
      '<6>OF: reserved mem: 0x0000000042000000..0x00000000421fffff (2048 KiB) map non-reusable p',
      '<6>OF: reserved mem: 0x0000000044000000..0x00000000441fffff (2048 KiB) nomap reusable b',
    ]);
    expect(whyOf(nodes)).toEqual({ p: 'not-shared-dma-pool', b: 'reusable-and-no-map' });
    expect(
      booted(nodes)
        .kernel.regions()
        .map((r) => r.kind),
    ).toEqual(['reserved', 'reserved']);
  });

  it.each([
    [RAM_BASE + 33n * MiB, 2n * MiB],
    [RAM_BASE + 32n * MiB, 3n * MiB],
  ])('refuse a CMA area that is misaligned, and the memory goes back (case %#)', (base, size) => {
    const nodes = [cma('c', base, size)];
    expect(logOf(nodes)).toEqual([
      '<3>Reserved memory: incorrect alignment of CMA region',
      '<6>OF: reserved mem: node c compatible matching fail',
    ]);
    expect(whyOf(nodes)).toEqual({ c: 'cma-misaligned' });
    // All but the page of the array of regions, which has a slot.
    const ramLeft = (of: readonly ReservedMemNode[]) => booted(of).kernel.heaps()[0]?.size ?? 0n;
    expect(ramLeft([]) - ramLeft(nodes)).toBe(4096n);
  });

  it('run out of CMA areas', () => {
    const nodes = Array.from({ length: 4 }, (_, i) =>
      cma(`c${i}`, RAM_BASE + BigInt(32 + 2 * i) * MiB, 2n * MiB),
    );
    const params = { ...none, config: { CONFIG_CMA_AREAS: 3 } };
    expect(whyOf(nodes, params)).toEqual({ c0: undefined, c1: undefined, c2: undefined, c3: 'cma-no-slot' });
    expect(logOf(nodes, params).slice(-3)).toEqual([
      '<3>cma: Not enough slots for CMA reserved regions!',
      '<3>Reserved memory: unable to setup CMA region',
      '<6>OF: reserved mem: node c3 compatible matching fail',
    ]);
    expect(logOf(nodes, { cmdline: 'cma=4M', config: { CONFIG_CMA_AREAS: 4 } }).slice(-2)).toEqual([
      '<3>cma: Not enough slots for CMA reserved regions!',
      '<3>cma: Failed to reserve 4 MiB',
    ]);
  });

  it('keep 64 coherent pools for heaps', () => {
    const nodes = Array.from({ length: 65 }, (_, i) => coherent(`c${i}`, 8n * GiB + BigInt(i) * MiB, MiB));
    const { kernel, log } = booted(nodes);
    expect(kernel.heaps()).toHaveLength(65);
    expect(kernel.regions().at(-1)).toMatchObject({
      name: 'c64',
      kind: 'coherent',
      heaps: [],
      why: 'coherent-no-slot',
    });
    expect(log).toContain('<4>Deferred heap areas list full, dropping c64');
    expect(log).toContain('<4>Reserved memory: failed to store coherent area for c64 (-22)');
  });

  it('take the last linux,cma-default for the default area', () => {
    const nodes = [0, 1].map((i) =>
      cma(`c${i}`, RAM_BASE + BigInt(32 + 4 * i) * MiB, 4n * MiB, { linuxCmaDefault: true }),
    );
    const { kernel } = booted(nodes, {});
    expect(kernel.regions().map((r) => [r.name, r.isDefault, r.heaps])).toEqual([
      ['c0', false, ['c0']],
      ['c1', true, ['default_cma_region', 'c1']],
    ]);
  });

  it('pass linux,cma-default over with cma=: twice told for a static node, once for a dynamic one', () => {
    const skip = '<3>Skipping dt linux,cma-default node in favor for "cma=" kernel param.';
    const told = (nodes: ReservedMemNode[]) =>
      logOf(nodes, { cmdline: 'cma=4M' }).filter((l) => l === skip).length;
    const fixed = cma('s', RAM_BASE + 32n * MiB, 4n * MiB, { linuxCmaDefault: true });
    const dynamic = dynamicCma('d', 4n * MiB, { linuxCmaDefault: true });
    expect([told([fixed]), told([dynamic]), told([fixed, dynamic])]).toEqual([2, 1, 3]);
    expect(whyOf([fixed, dynamic], { cmdline: 'cma=0' })).toEqual({
      s: 'skipped-for-cmdline',
      d: 'skipped-for-cmdline',
    });
    expect(places([fixed, dynamic])).toEqual({});
    // Without reusable it is no CMA node, and stays.
    expect(
      told([coherent('p', RAM_BASE + 32n * MiB, MiB)].map((n) => ({ ...n, linuxCmaDefault: true }))),
    ).toBe(0);
  });
});

describe('overlaps', () => {
  it('are told of neighbours in address order only', () => {
    //  32      34      36      38      40 MiB
    //  |------- a ---------------------|
    //          |-- b --|
    //                          |-- c --|        a and c share memory too, but b lies between
    const plain = (name: string, from: bigint, to: bigint) =>
      node(name, { compatible: [], reg: [range(RAM_BASE + from * MiB, (to - from) * MiB)] });
    expect(logOf([plain('c', 38n, 40n), plain('a', 32n, 40n), plain('b', 34n, 36n)]).slice(3)).toEqual([
      '<3>OF: reserved mem: OVERLAP DETECTED!',
      '<3>a (0x0000000042000000--0x0000000042800000) overlaps with b (0x0000000042200000--0x0000000042400000)',
    ]);
    expect(booted([plain('a', 32n, 34n), plain('b', 34n, 36n)]).log.join()).not.toContain('OVERLAP');
  });

  it('of the same base are told in the order of their sizes', () => {
    const plain = (name: string, size: bigint) =>
      node(name, { compatible: [], reg: [range(RAM_BASE + 32n * MiB, size)] });
    expect(logOf([plain('big', 2n * MiB), plain('small', MiB)]).at(-1)).toMatch(
      /^<3>small .* overlaps with big /,
    );
  });
});
