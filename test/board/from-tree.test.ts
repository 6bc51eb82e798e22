import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Board } from '../../src/board/board.ts';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { decodeDtb } from '../../src/devicetree/dtb.ts';
import type { DtNode } from '../../src/devicetree/tree.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import { GiB, MiB } from '../../src/units.ts';
import { cells, flag, node, strings, tree } from '../devicetree/build-tree.ts';

const W22 = { '#address-cells': 2, '#size-cells': 2 };
const W11 = { '#address-cells': 1, '#size-cells': 1 };
const board = (root: DtNode): Board => boardFromTree(tree(root), 'test');
const root = (...children: readonly DtNode[]): DtNode => node('', W22, children);
const memory = (name: string, reg: Uint8Array, more: Record<string, Uint8Array | string> = {}): DtNode =>
  node(name, { device_type: 'memory', reg, ...more });
const codes = (of: Board): string[] => of.diagnostics.map((diagnostic) => diagnostic.code);
const load = (file: string): Board => {
  const bytes = new Uint8Array(readFileSync(file));
  return boardFromTree(decodeDtb(bytes, file), file);
};

describe('memory', () => {
  it('comes from every child of the root of that device_type, in tree order, without empty entries', () => {
    const { memory: ranges, diagnostics } = board(
      root(
        memory('memory@80000000', cells(0, 0x80000000, 0, 0x1000, 0, 0, 0, 0)),
        memory('ram@40000000', cells(0, 0x40000000, 1, 0)),
        node('soc', {}, [memory('memory@0', cells(0, 0, 0, 0x1000))]),
      ),
    );
    expect(ranges).toEqual([
      { base: 0x80000000n, size: 0x1000n },
      { base: 0x40000000n, size: 4n * GiB },
    ]);
    expect(diagnostics).toEqual([]);
  });

  it.each([
    [1, 1, cells(0x40000000, 0x1000), 0x40000000n, 0x1000n],
    [1, 2, cells(0x40000000, 1, 0x1000), 0x40000000n, 0x1_00001000n],
    [2, 1, cells(8, 0x40000000, 0x1000), 0x8_40000000n, 0x1000n],
    [2, 2, cells(8, 0x40000000, 1, 0), 0x8_40000000n, 4n * GiB],
  ])('is written in %i and %i cells', (address, size, reg, base, length) => {
    const {
      memory: ranges,
      addressCells,
      sizeCells,
    } = board(node('', { '#address-cells': address, '#size-cells': size }, [memory('memory', reg)]));
    expect([addressCells, sizeCells]).toEqual([address, size]);
    expect(ranges).toEqual([{ base, size: length }]);
  });

  it('may have none: a boot loader fills it in', () => {
    expect(board(root(memory('memory', cells(0, 0, 0, 0)))).memory).toEqual([]);
    expect(board(root()).memory).toEqual([]);
  });

  it('counts when its status is ok, okay or unreadable, and not else', () => {
    const with_ = (status: Uint8Array | string): number =>
      board(root(memory('memory', cells(0, 0, 0, 0x1000), { status }))).memory.length;
    expect(['okay', 'ok', flag, Uint8Array.of(0x78)].map(with_)).toEqual([1, 1, 1, 1]);
    expect(['disabled', '', 'OK'].map(with_)).toEqual([0, 0, 0]);
  });

  it('is what linux,usable-memory says, where that can be read', () => {
    const reg = cells(0, 0x40000000, 0, 0x10000);
    const usable = (value: Uint8Array): Board =>
      board(root(memory('memory', reg, { 'linux,usable-memory': value })));
    expect(usable(cells(0, 0x50000000, 0, 0x1000)).memory).toEqual([{ base: 0x50000000n, size: 0x1000n }]);
    expect(usable(flag).memory).toEqual([]);
    const fallback = usable(cells(1, 2, 3));
    expect(fallback.memory).toEqual([{ base: 0x40000000n, size: 0x10000n }]);
    expect(codes(fallback)).toEqual(['board-memory-node']);
  });

  it('says why a node does not count', () => {
    const odd = board(
      root(memory('memory@0', cells(0, 0, 0x1000)), node('memory@1', { reg: cells(0, 0, 0, 1) })),
    );
    expect(odd.memory).toEqual([]);
    expect(odd.diagnostics.map(({ path, message }) => [path, message])).toEqual([
      ['/memory@0:reg', expect.stringContaining('no multiple of the root')],
      ['/memory@1:device_type', expect.stringContaining('device_type is not "memory"')],
    ]);
  });
});

describe('cells of the root', () => {
  it('default to 1 as in Linux, with a warning', () => {
    const { memory: ranges, ...rest } = board(node('', {}, [memory('memory', cells(0x40000000, 0x1000))]));
    expect(ranges).toEqual([{ base: 0x40000000n, size: 0x1000n }]);
    expect(codes(rest as Board)).toEqual(['board-root-cells', 'board-root-cells']);
  });

  it('above 2 lose their high bits, with a warning', () => {
    const three = board(
      node('', { '#address-cells': 3, '#size-cells': 1 }, [memory('memory', cells(7, 8, 9, 0x1000))]),
    );
    expect(three.memory).toEqual([{ base: 0x8_00000009n, size: 0x1000n }]);
    expect(codes(three)).toEqual(['board-root-cells']);
  });

  it.each([[0], [5], [flag]])('of %o are refused', (value) => {
    expect(() => board(node('', { '#address-cells': value, '#size-cells': 1 }))).toThrow(InvalidInput);
    expect(() => board(node('', { '#address-cells': 1, '#size-cells': value }))).toThrow(InvalidInput);
  });
});

describe('/reserved-memory', () => {
  const reserved = (
    properties: Record<string, Uint8Array | string | number>,
    ...children: readonly DtNode[]
  ): Board => board(root(node('reserved-memory', properties, children)));
  const only = (properties: Record<string, Uint8Array | string | number>) =>
    reserved({ ...W22, ranges: flag }, node('pool', properties)).reservedMemory?.nodes[0];

  it('is absent when it is not there, and may have a unit address', () => {
    expect(board(root()).reservedMemory).toBeUndefined();
    expect(board(root(node('reserved-memory@0', W11))).reservedMemory?.addressCells).toBe(1);
    expect(board(root(node('reserved-memory2', W11))).reservedMemory).toBeUndefined();
  });

  it('keeps its cells and whether it has ranges; missing cells are 0', () => {
    expect(reserved({ ...W11, ranges: flag }).reservedMemory).toEqual({
      addressCells: 1,
      sizeCells: 1,
      ranges: true,
      nodes: [],
    });
    expect(reserved({}).reservedMemory).toEqual({ addressCells: 0, sizeCells: 0, ranges: false, nodes: [] });
  });

  it('keeps every property of a child', () => {
    const pool = only({
      compatible: strings('acme,pool', 'shared-dma-pool'),
      status: 'okay',
      reg: cells(0, 0x50000000, 0, 0x400000, 1, 0, 0, 0),
      'no-map': flag,
      reusable: flag,
      'linux,cma-default': flag,
      'linux,dma-default': flag,
      phandle: 5,
    });
    expect(pool).toEqual({
      name: 'pool',
      compatible: ['acme,pool', 'shared-dma-pool'],
      status: 'okay',
      reg: [
        { base: 0x50000000n, size: 4n * MiB },
        { base: 4n * GiB, size: 0n },
      ],
      noMap: true,
      reusable: true,
      linuxCmaDefault: true,
      linuxDmaDefault: true,
      phandle: 5,
    });
  });

  it('keeps what a dynamic child asks for', () => {
    const pool = only({
      size: cells(0, 0x2000000),
      alignment: cells(0, 0x200000),
      'alloc-ranges': cells(0, 0x40000000, 0, 0x1000, 0, 0x80000000, 1, 0),
    });
    expect(pool).toMatchObject({ size: 32n * MiB, alignment: 2n * MiB, noMap: false, compatible: [] });
    expect(pool?.allocRanges).toEqual([
      { base: 0x40000000n, size: 0x1000n },
      { base: 0x80000000n, size: 4n * GiB },
    ]);
    expect(pool).not.toHaveProperty('reg');
  });

  it('marks lengths that do not fit the cells of the root', () => {
    expect(only({ reg: cells(0, 1, 2) })).toMatchObject({ reg: [], regMalformed: true });
    expect(only({ reg: flag })).toMatchObject({ reg: [] });
    expect(only({ reg: flag })).not.toHaveProperty('regMalformed');
    expect(only({ size: 1, alignment: cells(1, 2, 3) })).toMatchObject({
      size: 'invalid',
      alignment: 'invalid',
    });
    expect(only({ 'alloc-ranges': cells(1, 2, 3) })).not.toHaveProperty('allocRanges');
  });

  it('takes a status that cannot be read for none', () => {
    expect(only({ status: flag })).not.toHaveProperty('status');
    expect(only({ status: '' })).toHaveProperty('status', '');
  });

  it('names children by their first label', () => {
    const symbols = node('__symbols__', {
      other: '/soc',
      vpu: '/reserved-memory/vpu@1',
      codec: '/reserved-memory/vpu@1',
    });
    const { reservedMemory } = board(
      root(node('reserved-memory', W22, [node('vpu@1'), node('npu@2')]), symbols),
    );
    expect(reservedMemory?.nodes.map(({ label }) => label)).toEqual(['vpu', undefined]);
  });

  it('keeps children of equal names, and the order', () => {
    const names = reserved(W22, node('b'), node('a'), node('b')).reservedMemory?.nodes.map(
      ({ name }) => name,
    );
    expect(names).toEqual(['b', 'a', 'b']);
  });
});

describe('users', () => {
  const regions = node('reserved-memory', W22, [
    node('vpu', { phandle: 1 }),
    node('isp', { 'linux,phandle': 2 }),
  ]);

  it('are all nodes with a memory-region, at any depth', () => {
    const soc = node('soc', {}, [
      node('codec@1', { 'memory-region': cells(1, 2) }, [node('core', { 'memory-region': 2 })]),
    ]);
    expect(board(root(regions, soc)).users).toEqual([
      { path: '/soc/codec@1', regions: ['vpu', 'isp'] },
      { path: '/soc/codec@1/core', regions: ['isp'] },
    ]);
  });

  it('are warned of phandles that are no region, once a node', () => {
    const { users, diagnostics } = board(
      root(regions, node('a', { 'memory-region': cells(1, 7, 8, 9, 10, 11) })),
    );
    expect(users).toEqual([{ path: '/a', regions: ['vpu'] }]);
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]).toMatchObject({ code: 'board-memory-region', path: '/a:memory-region' });
    expect(diagnostics[0]?.message).toContain('0x7, 0x8, 0x9, 0xa and 1 more');
  });
});

describe('/chosen', () => {
  const bootargs = (value: Uint8Array | string): Board => board(root(node('chosen', { bootargs: value })));
  const ascii = (content: string): Uint8Array => new TextEncoder().encode(content);

  it('gives the command line', () => {
    expect(bootargs('quiet cma=64M').bootargs).toBe('quiet cma=64M');
    expect(board(root(node('chosen@0', { bootargs: 'x' }))).bootargs).toBe('x');
    expect(board(root()).bootargs).toBe('');
    expect(bootargs(flag).bootargs).toBe('');
    expect(bootargs(strings('one', 'two')).bootargs).toBe('one');
  });

  it('loses the last byte without a NUL, as strscpy() does', () => {
    const cut = bootargs(ascii('cma=64M'));
    expect([cut.bootargs, codes(cut)]).toEqual(['cma=64', ['board-chosen']]);
  });

  it('ends at 2047 characters', () => {
    const long = bootargs(`${'x'.repeat(2046)}yz`);
    expect([long.bootargs.length, codes(long)]).toEqual([2047, ['board-chosen']]);
    expect(codes(bootargs('x'.repeat(2047)))).toEqual([]);
  });

  it('says what of it is not taken over', () => {
    const chosen = node('chosen', {
      'linux,initrd-start': 1,
      'linux,usable-memory-range': cells(0, 0, 0, 1),
    });
    expect(codes(board(root(chosen)))).toEqual(['board-chosen', 'board-chosen']);
  });
});

describe('trees that are no boards', () => {
  it.each([
    ['board-is-overlay', root(node('fragment@0', {}, [node('__overlay__')]))],
    ['board-is-fit-image', root(node('images'), node('configurations'))],
  ])('%s', (code, other) => {
    expect(() => board(other)).toThrow(InvalidInput);
    try {
      board(other);
    } catch (error) {
      expect((error as InvalidInput).diagnostics[0]).toMatchObject({
        code,
        hint: expect.stringMatching(/first/),
      });
    }
  });
});

describe('the shipped boards', () => {
  it('camera-soc', () => {
    const camera = load('fixtures/boards/camera-soc.dtb');
    expect(camera.diagnostics).toEqual([]);
    expect(camera.model).toBe('dmaheap camera SoC example');
    expect(camera.memory).toEqual([{ base: 0x40000000n, size: GiB }]);
    expect(camera.memReserves).toEqual([{ base: 0x7ff00000n, size: 0x80000n }]);
    expect(camera.bootargs).toContain('console=ttyAMA0');
    expect(camera.reservedMemory?.nodes.map(({ name, label }) => [name, label])).toEqual([
      ['secure-monitor@4f000000', 'secure_monitor'],
      ['vpu-pool@50000000', 'vpu_pool'],
      ['npu-pool@52000000', 'npu_pool'],
      ['video-cma@60000000', 'video_cma'],
      ['linux,cma', 'default_cma'],
    ]);
    expect(camera.users).toEqual([
      { path: '/soc@0/video-codec@a000000', regions: ['vpu-pool@50000000', 'video-cma@60000000'] },
      { path: '/soc@0/accelerator@a100000', regions: ['npu-pool@52000000'] },
      { path: '/soc@0/camera@a200000', regions: ['video-cma@60000000'] },
    ]);
  });

  it('two-bank', () => {
    const banks = load('fixtures/boards/two-bank.dtb');
    expect(banks.diagnostics).toEqual([]);
    expect(banks.memory.reduce((sum, range) => sum + range.size, 0n)).toBe(4n * GiB);
    expect(banks.reservedMemory?.nodes.map(({ name }) => name)).toEqual([
      'secure-firmware@bfe00000',
      'display-cma',
      'capture-cma',
      'dsp-pool',
    ]);
  });

  it('of the oracle all load without a warning', () => {
    for (const name of ['mixed', 'errors', 'names', 'many-regions', 'highmem', 'real-qcm6490-idp']) {
      expect(load(`fixtures/oracle/boards/${name}.dtb`).diagnostics).toEqual([]);
    }
  });
});
