import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Board } from '../../src/board/board.ts';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { boardFromYaml, treeFromYaml } from '../../src/board/from-yaml.ts';
import { decodeDtb } from '../../src/devicetree/dtb-reader.ts';
import { encodeDtb } from '../../src/devicetree/dtb-writer.ts';
import { cellsOf } from '../../src/devicetree/value.ts';
import { GiB, KiB, MiB } from '../../src/units.ts';
import { plain } from '../devicetree/build-tree.ts';

const fixture = (name: string): Uint8Array =>
  readFileSync(new URL(`../../fixtures/${name}`, import.meta.url));
const yamlFixture = (name: string): string => new TextDecoder().decode(fixture(name));

/** What a board says, wherever it says it; YAML has neither labels of devices nor, often, what drivers go by. */
/** Without what YAML has no words for: the processors. */
const facts = ({ tree, devices, arch, archBy, ...board }: Board): unknown => ({
  ...board,
  devices: devices?.map(({ label, compatible, ...device }) => device),
  source: '',
  ...(board.reservedMemory && {
    reservedMemory: {
      ...board.reservedMemory,
      nodes: board.reservedMemory.nodes.map(({ position, ...node }) => node),
    },
  }),
});

const fromDtb = (name: string): Board => boardFromTree(decodeDtb(fixture(name), name), name);

const nodesOf = (text: string) => boardFromYaml(text, 'board.yaml').reservedMemory?.nodes ?? [];
const nodeOf = (properties: string) => nodesOf(`reserved-memory:\n  pool: ${properties}\n`)[0];

describe('a YAML board', () => {
  it('says what the device tree of the same board says', () => {
    expect(facts(boardFromYaml(yamlFixture('boards/camera-soc.yaml'), 'camera-soc.yaml'))).toEqual(
      facts(fromDtb('boards/camera-soc.dtb')),
    );
  });

  it('is the same after a trip through a blob', () => {
    const text = yamlFixture('boards/video-box.yaml');
    const blob = encodeDtb(treeFromYaml(text, 'video-box.yaml').tree);
    const board = boardFromYaml(text, 'video-box.yaml');
    expect(facts(boardFromTree(decodeDtb(blob, 'video-box.dtb'), 'video-box.dtb'))).toEqual(facts(board));
    expect(board.diagnostics).toEqual([]);
    expect(board.reservedMemory?.nodes).toHaveLength(8);
    expect(board.dmaMaxCpuAddress).toBe(0x80000000n + 2047n * MiB - 1n);
  });

  it('can say everything that is wrong with a real board', () => {
    const text = `
model: oracle,errors
compatible: oracle,errors
memory: { reg: [0x40000000, 1G] }
reserved-memory:
  misaligned-base@50100000: { compatible: shared-dma-pool, reg: [0x50100000, 4M], reusable: true }
  misaligned-size@51000000: { compatible: shared-dma-pool, reg: [0x51000000, 5M], reusable: true }
  both@52000000: { compatible: shared-dma-pool, reg: [0x52000000, 4M], reusable: true, no-map: true }
  over-a@54000000: { compatible: shared-dma-pool, reg: [0x54000000, 2M], no-map: true }
  over-b@54100000: { compatible: shared-dma-pool, reg: [0x54100000, 2M], no-map: true }
  outside@90000000: { compatible: shared-dma-pool, reg: [0x90000000, 1M], no-map: true }
  zero@56000000: { compatible: shared-dma-pool, reg: [0x56000000, 0], no-map: true }
  two@57000000:
    compatible: shared-dma-pool
    reg: [[0x57000000, 1M], [0x58000000, 1M]]
    no-map: true
  bad-size: { compatible: shared-dma-pool, size: <0x00100000>, no-map: true }
  bad-align: { compatible: shared-dma-pool, size: 1M, alignment: <0x1000>, no-map: true }
  too-big: { compatible: shared-dma-pool, size: 4G, no-map: true }
  no-room: { compatible: shared-dma-pool, size: 8M, alloc-ranges: [0x50000000, 4M], reusable: true }
  empty: { compatible: shared-dma-pool, no-map: true }
  ok@5c000000: { compatible: shared-dma-pool, reg: [0x5c000000, 1M], no-map: true }
  unaligned@5d000800: { compatible: shared-dma-pool, reg: [0x5d000800, 0x2800], no-map: true }
`;
    expect(facts(boardFromYaml(text, 'errors.yaml'))).toEqual(facts(fromDtb('oracle/boards/errors.dtb')));
  });

  it('can say cells that Linux does not take', () => {
    const text = `
model: oracle,bad-cells
compatible: oracle,bad-cells
memory: { reg: [0x40000000, 1G] }
reserved-memory:
  "#address-cells": 1
  "#size-cells": 1
  pool@50000000: { compatible: shared-dma-pool, reg: [0x50000000, 1M], no-map: true }
`;
    expect(facts(boardFromYaml(text, 'bad.yaml'))).toEqual(facts(fromDtb('oracle/boards/bad-cells.dtb')));
  });

  it('can be without memory, without regions, without anything', () => {
    expect(boardFromYaml('{}', 'empty.yaml')).toEqual({
      source: 'empty.yaml',
      compatible: [],
      addressCells: 2,
      sizeCells: 2,
      memory: [],
      bootargs: '',
      memReserves: [],
      users: [],
      devices: [],
      tree: treeFromYaml('{}', 'empty.yaml').tree,
      diagnostics: [],
    });
  });

  it('keeps the order of the file, also where names look like numbers', () => {
    const names = nodesOf('reserved-memory: { z: {}, 50000000: {}, 0x10: {}, a: {}, "7": {}, true: {} }');
    expect(names.map((node) => node.name)).toEqual(['z', '50000000', '0x10', 'a', '7', 'true']);
  });

  it('knows where each region stands', () => {
    expect(
      nodesOf('reserved-memory:\n  a: {}\n  "b@1":\n    size: 1M\n').map((node) => node.position),
    ).toEqual([
      { file: 'board.yaml', line: 2, column: 3 },
      { file: 'board.yaml', line: 3, column: 3 },
    ]);
  });

  it.each([
    ['0', 0n],
    ['4096', 4096n],
    ['64M', 64n * MiB],
    ['64 MiB', 64n * MiB],
    ['"512K"', 512n * KiB],
    ['3g', 3n * GiB],
    ['0x4000000', 64n * MiB],
    ['0X10K', 16n * KiB],
    ['9007199254740993', 9007199254740993n],
    ['18446744073709551615', 0xffffffffffffffffn],
    ['0xffffffffffffffff', 0xffffffffffffffffn],
    ['<0x1 0x0>', 4n * GiB],
    ['<4096>', 'invalid'],
  ])('reads the size %s', (text, size) => {
    expect(nodeOf(`{ size: ${text} }`)?.size).toBe(size);
  });

  it('reads reg as one pair, as a list, and as raw cells', () => {
    const one = [{ base: 0x50000000n, size: 4n * MiB }];
    expect(nodeOf('{ reg: [0x50000000, 4M] }')?.reg).toEqual(one);
    expect(nodeOf('{ reg: [[0x50000000, 4M]] }')?.reg).toEqual(one);
    expect(nodeOf('{ reg: "<0x0 0x50000000>, <0x0 0x400000>" }')?.reg).toEqual(one);
    expect(nodeOf('{ reg: [] }')?.reg).toEqual([]);
    expect(nodeOf('{ reg: <0x50000000> }')).toMatchObject({ reg: [], regMalformed: true });
  });

  it('takes a flag that stands alone, as device tree source does', () => {
    const nodes = nodesOf(
      'reserved-memory:\n  ranges:\n  a:\n    no-map:\n  b: { no-map: false, reusable: true }\n',
    );
    expect(nodes.map(({ noMap, reusable }) => [noMap, reusable])).toEqual([
      [true, false],
      [false, true],
    ]);
    expect(boardFromYaml('reserved-memory: { ranges: false }', 'b').reservedMemory?.ranges).toBe(false);
  });

  it('takes regions by name and by label, and aliases of whole nodes', () => {
    const board = boardFromYaml(
      `reserved-memory:
  a@1: &pool { compatible: shared-dma-pool, size: 1M }
  b@2: *pool
  c@3: { label: third, phandle: 1 }
devices:
  /soc/x: { memory-region: [b@2, third] }
  y: { memory-region: a@1 }
`,
      'b.yaml',
    );
    expect(board.users).toEqual([
      { path: '/soc/x', regions: ['b@2', 'c@3'] },
      { path: '/y', regions: ['a@1'] },
    ]);
    expect(
      board.reservedMemory?.nodes.map(({ name, size, phandle, label }) => [name, size, phandle, label]),
    ).toEqual([
      ['a@1', MiB, 3, undefined],
      ['b@2', MiB, 2, undefined],
      ['c@3', undefined, 1, 'third'],
    ]);
  });

  it('is limited by dma-ranges of buses, in their cells', () => {
    const limit = (text: string) => boardFromYaml(text, 'b').dmaMaxCpuAddress;
    expect(limit('dma-ranges: []')).toBeUndefined();
    expect(limit('devices: { /soc: { dma-ranges: [[0, 0, 1G], [2G, 2G, 256M]] } }')).toBe(0x8fffffffn);
    const narrow = '{ "#address-cells": 1, "#size-cells": 1, dma-ranges: [0xc0000000, 0x80000000, 512M] }';
    expect(limit(`devices: { /soc: ${narrow}, /soc/sub: { dma-ranges: [0, 0xc0000000, 16M] } }`)).toBe(
      0x80ffffffn,
    );
    expect(limit(`devices: { /soc: { status: disabled, dma-ranges: [0, 0, 1M] } }`)).toBeUndefined();
  });

  it('has devices, named by their addresses', () => {
    const { devices, diagnostics } = boardFromYaml(
      `reserved-memory: { pool@1: {} }
devices:
  /soc: { dma-ranges: [0, 0x40000000, 1G], dma-coherent: true }
  /soc/isp/camera@a200000: { memory-region: pool@1, compatible: "acme,isp" }
  /soc/dma@f0000000: { iommus: true, dma-noncoherent: }
  /soc/gpu@100000000: {}
  /soc/uart@1: { dma-coherent: false, iommus: false }
  codec: { dma-coherent: true }
  off@1000: { status: disabled, iommus: true }
`,
      'b.yaml',
    );
    expect(diagnostics).toEqual([]);
    const map = { dmaRanges: [{ cpu: GiB, dma: 0n, size: GiB }], busDmaLimit: GiB - 1n };
    const none = { dmaRanges: [], iommu: false, memoryRegions: [] };
    const compatible = ['dmaheap,device'];
    expect(devices).toEqual([
      {
        ...none,
        ...map,
        name: 'a200000.camera',
        path: '/soc/isp/camera@a200000',
        compatible: ['acme,isp'],
        dmaCoherent: true,
        memoryRegions: ['pool@1'],
        regionRefs: [{ region: 'pool@1' }],
      },
      {
        ...none,
        ...map,
        name: 'f0000000.dma',
        path: '/soc/dma@f0000000',
        compatible,
        dmaCoherent: false,
        coherentWithoutNon: true,
        iommu: true,
      },
      { ...none, ...map, name: '100000000.gpu', path: '/soc/gpu@100000000', compatible, dmaCoherent: true },
      { ...none, name: 'codec', path: '/codec', compatible, dmaCoherent: true },
    ]);
  });

  it('makes of devices what a device tree must say for Linux to make them', () => {
    const { root } = treeFromYaml(
      'devices: { /soc/gpu@1000: { iommus: true }, /soc/wide@123456789: {}, /soc: { "#address-cells": 1, "#size-cells": 1 } }',
      'b.yaml',
    ).tree;
    expect(plain(root)).toMatchObject({
      children: [
        {
          name: 'soc',
          properties: [
            ['compatible', Buffer.from('simple-bus\0').toString('hex')],
            ['#address-cells', '00000001'],
            ['#size-cells', '00000001'],
            ['ranges', ''],
          ],
          children: [
            {
              name: 'gpu@1000',
              properties: [
                ['compatible', Buffer.from('dmaheap,device\0').toString('hex')],
                ['reg', '0000100000001000'],
                ['iommus', '00000001'],
              ],
            },
            // Its address does not fit the one cell of the bus.
            { name: 'wide@123456789', properties: [['compatible', expect.any(String)]] },
          ],
        },
        {
          name: 'iommu',
          properties: [
            ['phandle', '00000001'],
            ['#iommu-cells', '00000000'],
          ],
        },
      ],
    });
  });

  it('has one IOMMU, which may be switched off', () => {
    const iommus = (more: string) =>
      boardFromYaml(
        `devices: { /gpu@1: { iommus: true }, /vpu@2: { iommus: true }${more} }`,
        'b',
      ).devices?.map(({ iommu }) => iommu);
    expect(iommus('')).toEqual([true, true]);
    expect(iommus(', /iommu: {}')).toEqual([true, true]);
    expect(iommus(', /iommu: { status: disabled }')).toEqual([false, false]);
  });

  it('puts dma-ranges of the root into its own cells', () => {
    const tree = treeFromYaml('"#size-cells": 1\ndma-ranges: [0, 0x40000000, 1G]\n', 'b.yaml').tree;
    const value = tree.root.properties.find(({ name }) => name === 'dma-ranges')?.value;
    expect(cellsOf(value ?? new Uint8Array())).toEqual([0, 0, 0, 0x40000000, 0x40000000]);
  });

  it('is read in one cell where the root has one', () => {
    const board = boardFromYaml(
      `"#address-cells": 1\n"#size-cells": 1\nmemory: { reg: [[0x80000000, 1G]] }\nreserved-memory: { a: { size: 1M } }`,
      'b.yaml',
    );
    expect(board).toMatchObject({
      addressCells: 1,
      sizeCells: 1,
      memory: [{ base: 0x80000000n, size: GiB }],
    });
    expect(board.reservedMemory?.nodes[0]?.size).toBe(MiB);
  });

  it('warns where YAML and people differ, and goes on', () => {
    const { diagnostics } = boardFromYaml(
      'compatible: [acme,cam]\nreserved-memory:\n  pool@50000000: { reg: [50000000, 4M] }\n',
      'board.yaml',
    );
    expect(diagnostics.map(({ severity, code, position }) => [severity, code, position?.line])).toEqual([
      ['warning', 'board-split-compatible', 1],
      ['warning', 'board-missing-0x', 3],
    ]);
  });
});
