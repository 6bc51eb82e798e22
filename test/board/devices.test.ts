/**
 * The devices of boards, worked out by hand after drivers/of/device.c and drivers/of/address.c; the names are
 * those that real boards show below /sys/devices/platform.
 */
import { describe, expect, it } from 'vitest';
import type { Board, BoardDevice } from '../../src/board/board.ts';
import { findBoardNode } from '../../src/board/devices.ts';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { compileSource } from '../../src/devicetree/compile-source.ts';
import type { DtNode } from '../../src/devicetree/tree.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import { GiB } from '../../src/units.ts';
import { cells, flag, node, strings, tree } from '../devicetree/build-tree.ts';

const compile = (nodes: string, symbols = false) => {
  const text = `/dts-v1/;\n/ { #address-cells = <2>; #size-cells = <2>;\n${nodes}\n};\n`;
  return compileSource({ path: 'board.dts', text }, { readFile: () => undefined, symbols }).tree;
};
const board = (nodes: string): Board => boardFromTree(compile(nodes), 'board.dts');
const devices = (nodes: string): readonly BoardDevice[] => board(nodes).devices ?? [];
const paths = (nodes: string): string[] => devices(nodes).map(({ path }) => path);
const found = (nodes: string, text: string): BoardDevice | undefined =>
  findBoardNode(compile(nodes).root, text);
const named = (nodes: string, path: string): string | undefined => found(nodes, path)?.name;

/** A bus at the root with one cell each, and what is on it. */
const soc = (inside: string): string =>
  `soc { compatible = "simple-bus"; #address-cells = <1>; #size-cells = <1>; ${inside} };`;
const CAM = 'compatible = "acme,cam"; reg = <0x1000 0x100>;';

describe('the listed devices', () => {
  it('say about themselves what DMA needs', () => {
    const [camera, ...more] = devices(`
      reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
        pool: pool@50000000 { compatible = "shared-dma-pool"; reg = <0 0x50000000 0 0x100000>; no-map; };
        cma: cma@60000000 { compatible = "shared-dma-pool"; reg = <0 0x60000000 0 0x1000000>; reusable; };
      };
      smmu: iommu@9000000 { compatible = "arm,smmu-v3"; reg = <0 0x9000000 0 0x20000>; #iommu-cells = <1>; };
      bus@10000000 { compatible = "simple-bus"; #address-cells = <1>; #size-cells = <1>;
        ranges = <0x0 0x0 0x10000000 0x1000000>; dma-ranges = <0x0 0x0 0x40000000 0x40000000>;
        isp: camera@2000 { compatible = "acme,isp-2", "acme,isp"; reg = <0x2000 0x100>;
          memory-region = <&cma>, <&pool>; iommus = <&smmu 4>; dma-coherent; };
        serial@3000 { compatible = "arm,pl011"; reg = <0x3000 0x100>; };
      };`);
    expect(more).toEqual([]);
    expect(camera).toEqual({
      name: '10002000.camera',
      path: '/bus@10000000/camera@2000',
      label: 'isp',
      compatible: ['acme,isp-2', 'acme,isp'],
      dmaCoherent: true,
      dmaRanges: [{ cpu: GiB, dma: 0n, size: GiB }],
      busDmaLimit: GiB - 1n,
      iommu: true,
      memoryRegions: ['cma@60000000', 'pool@50000000'],
      regionRefs: [{ region: 'cma@60000000' }, { region: 'pool@50000000' }],
    });
  });

  it('are those with memory-region, iommus or a coherency of their own', () => {
    expect(
      paths(`
        a { compatible = "x"; memory-region = <&p>; };
        b { compatible = "x"; iommus = <&p>; };
        c { compatible = "x"; dma-coherent; };
        d { compatible = "x"; dma-noncoherent; };
        e { compatible = "x"; dma-ranges = <0 0 0 0 1 0>; #address-cells = <2>; #size-cells = <2>; };
        f { compatible = "x"; clocks = <&p>; };
        p: p { };`),
    ).toEqual(['/a', '/b', '/c', '/d']);
  });

  it('are of names that say it, where they have registers', () => {
    expect(
      paths(`
        gpu@1000 { compatible = "x"; reg = <0 0x1000 0 0x100>; };
        gpu { compatible = "x"; };
        i2c@2000 { compatible = "x"; reg = <0 0x2000 0 0x100>; #address-cells = <1>; #size-cells = <0>;
          camera@10 { compatible = "sony,imx219"; reg = <0x10>; }; };`),
    ).toEqual(['/gpu@1000']);
  });

  it('need a compatible, as Linux does', () => {
    expect(paths('gpu@1 { reg = <0 1 0 1>; zap-shader { memory-region = <&p>; }; }; p: p { };')).toEqual([]);
  });

  it('are no buses that speak for others', () => {
    expect(
      paths(`
        a { compatible = "acme,a", "simple-mfd"; dma-coherent; };
        b { compatible = "acme,b", "simple-bus"; iommus = <&a>; };
        a: c { };`),
    ).toEqual(['/b']);
  });

  it('and all above them are enabled', () => {
    const inside = 'x { dma { compatible = "y"; dma-coherent; }; };';
    expect(paths(`a { status = "disabled"; ${inside} };`)).toEqual([]);
    expect(paths(`a { status = "okay"; ${inside} };`)).toEqual(['/a/x/dma']);
    expect(paths(`a { status = "ok"; ${inside} };`)).toEqual(['/a/x/dma']);
    expect(paths(`a { status; ${inside} };`)).toEqual([]);
    expect(paths('a { compatible = "y"; dma-coherent; status = "fail"; };')).toEqual([]);
  });

  it('stand where devices do', () => {
    const device = 'x { compatible = "y"; dma-coherent; };';
    const below = (name: string): string => `${name} { ${device} };`;
    expect(
      paths(
        ['aliases', 'chosen', 'cpus', 'memory@0', 'reserved-memory', '__symbols__', 'soc']
          .map(below)
          .join(''),
      ),
    ).toEqual(['/soc/x']);
  });

  it('come with the tree that they are of', () => {
    const from = compile('');
    expect(boardFromTree(from, 'x')).toMatchObject({ devices: [], tree: from });
  });
});

describe('the name of a device', () => {
  it('is its address for the CPU and its name', () => {
    expect(named(soc(`ranges; camera@1000 { ${CAM} };`), '/soc/camera@1000')).toBe('1000.camera');
    expect(named(`camera@5 { compatible = "x"; reg = <1 0x80000000 0 1>; };`, '/camera')).toBe(
      '180000000.camera',
    );
  });

  it('has the address through the ranges of all buses above', () => {
    const inner = `inner@0 { #address-cells = <1>; #size-cells = <1>; ranges = <0x0 0x8000 0x4000>, <0x4000 0x0 0x4000>;
      a@1000 { reg = <0x1000 0x10>; }; b@5000 { reg = <0x5000 0x10>; }; c@9000 { reg = <0x9000 0x10>; }; };`;
    const outer = soc(`ranges = <0x0 0x1 0x20000000 0x10000>; ${inner}`);
    expect(named(outer, '/soc/inner@0/a@1000')).toBe('120009000.a');
    expect(named(outer, '/soc/inner@0/b@5000')).toBe('120001000.b');
    // No range holds it: the names of the parents are what is left.
    expect(named(outer, '/soc/inner@0/c@9000')).toBe('soc:inner@0:c@9000');
  });

  it('is made of the names above where there is no address', () => {
    expect(named(soc('camera { };'), '/soc/camera')).toBe('soc:camera');
    expect(named('soc@0 { camera@0 { }; };', '/soc@0/camera@0')).toBe('soc@0:camera@0');
    expect(named('camera { };', '/camera')).toBe('camera');
    // Without ranges nothing below the bus is an address of the CPU.
    expect(named(soc(`camera@1000 { ${CAM} };`), '/soc/camera@1000')).toBe('soc:camera@1000');
    expect(named(soc(`ranges; i2c@2000 { reg = <0x2000 1>; c@10 { reg = <0x10>; }; };`), 'c@10')).toBe(
      '2000.i2c:c@10',
    );
  });

  it('goes up to the first node that has one', () => {
    const remote = `remoteproc@5c00000 { reg = <0x5c00000 0x4000>;
      glink-edge { fastrpc { #address-cells = <1>; #size-cells = <0>; compute-cb@1 { reg = <1>; }; }; }; };`;
    expect(named(soc(`ranges; ${remote}`), 'compute-cb@1')).toBe(
      '5c00000.remoteproc:glink-edge:fastrpc:compute-cb@1',
    );
  });

  it('has the lowest bit of a mask', () => {
    const shared = (mask: number): string => soc(`ranges; led@8 { reg = <0x8 4>; mask = <${mask}>; };`);
    expect(named(shared(0x40), '/soc/led@8')).toBe('8.6.led');
    expect(named(shared(0x80000000), '/soc/led@8')).toBe('8.1f.led');
    expect(named(shared(0), '/soc/led@8')).toBe('8.ffffffff.led');
  });
});

describe('coherency', () => {
  const coherent = (nodes: string, path: string): boolean | undefined => found(nodes, path)?.dmaCoherent;

  it('is not the default', () => {
    expect(coherent('a { };', '/a')).toBe(false);
  });

  it('is what the nearest node on the way up says', () => {
    const nodes = `bus { dma-coherent; a { }; b { dma-noncoherent; c { }; d { dma-coherent; }; }; };`;
    expect(['/bus/a', '/bus/b', '/bus/b/c', '/bus/b/d'].map((path) => coherent(nodes, path))).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect(found('a { dma-coherent; dma-noncoherent; };', '/a')?.dmaCoherent).toBe(true);
  });

  it('goes along the DMA parents, past the bus of the registers', () => {
    const nodes = `
      mbus: mbus { #interconnect-cells = <1>; dma-coherent; };
      soc { dma-noncoherent; a { interconnects = <&mbus 1>; interconnect-names = "dma-mem"; };
        b { interconnects = <&mbus 1>; interconnect-names = "memory"; }; };`;
    expect([coherent(nodes, '/soc/a'), coherent(nodes, '/soc/b')]).toEqual([true, false]);
  });

  it('of interconnects that form a loop is refused: Linux would not come back', () => {
    const loop = (other: string): string =>
      `#interconnect-cells = <0>; interconnects = <&${other}>; interconnect-names = "dma-mem";`;
    expect(() => found(`x: x { ${loop('y')} }; y: y { ${loop('x')} };`, '/x')).toThrow(InvalidInput);
  });
});

describe('dma-ranges of a device', () => {
  const dma = (nodes: string, path: string) => {
    const { dmaRanges, busDmaLimit } = found(nodes, path) ?? {};
    return { dmaRanges, busDmaLimit };
  };
  const NONE = { dmaRanges: [], busDmaLimit: undefined };

  it('are those of its bus, not its own', () => {
    const nodes = soc('dma-ranges = <0xc0000000 0x0 0x0 0x40000000>; a { };');
    expect(dma(nodes, '/soc/a')).toEqual({
      dmaRanges: [{ cpu: 0n, dma: 0xc0000000n, size: GiB }],
      busDmaLimit: 0xffffffffn,
    });
    expect(dma(nodes, '/soc')).toEqual(NONE);
  });

  it('are translated through two levels', () => {
    const nodes = soc(`dma-ranges = <0x0 0x1 0x0 0x80000000>;
      inner { #address-cells = <1>; #size-cells = <1>; dma-ranges = <0x20000000 0x10000000 0x8000000>; a { }; };`);
    expect(dma(nodes, '/soc/inner/a')).toEqual({
      dmaRanges: [{ cpu: 4n * GiB + 0x10000000n, dma: 0x20000000n, size: 0x8000000n }],
      busDmaLimit: 0x27ffffffn,
    });
  });

  it('are merged where they touch, and several', () => {
    const nodes = soc(`dma-ranges = <0x0 0x0 0x80000000 0x1000>, <0x1000 0x0 0x80001000 0x1000>,
      <0x40000000 0x8 0x0 0x10000000>; a { };`);
    expect(dma(nodes, '/soc/a')).toEqual({
      dmaRanges: [
        { cpu: 0x80000000n, dma: 0n, size: 0x2000n },
        { cpu: 0x8_00000000n, dma: 0x40000000n, size: 0x10000000n },
      ],
      busDmaLimit: 0x4fffffffn,
    });
  });

  it('are looked for through empty ones', () => {
    const inner = 'inner { #address-cells = <1>; #size-cells = <1>; dma-ranges; a { }; };';
    const nodes = soc(`dma-ranges = <0x0 0x0 0x40000000 0x1000>; ${inner}`);
    expect(dma(nodes, '/soc/inner/a').busDmaLimit).toBe(0xfffn);
    expect(dma(soc(inner), '/soc/inner/a')).toEqual(NONE);
  });

  it('may be missing on the first bus, but not on two', () => {
    const nodes = soc('dma-ranges = <0x0 0x0 0x40000000 0x1000>; x { a { }; y { b { }; }; };');
    expect(dma(nodes, '/soc/x/a').busDmaLimit).toBe(0xfffn);
    expect(dma(nodes, '/soc/x/y/b')).toEqual(NONE);
  });

  it('count for none where the CPU has no such address', () => {
    const inner = (ranges: string): string =>
      soc(`dma-ranges = <0x0 0x0 0x40000000 0x1000>;
        inner { #address-cells = <1>; #size-cells = <1>; dma-ranges = ${ranges}; a { }; };`);
    expect(dma(inner('<0x0 0x2000 0x100>'), '/soc/inner/a')).toEqual(NONE);
    expect(dma(inner('<0x0 0x2000 0x100>, <0x100 0x200 0x100>'), '/soc/inner/a').dmaRanges).toEqual([
      { cpu: 0x40000200n, dma: 0x100n, size: 0x100n },
    ]);
    // The root has no parent to translate its own to.
    expect(dma('dma-ranges = <0 0 0 0 1 0>; a { };', '/a')).toEqual(NONE);
  });

  it('end at one of size 0, as the array does that Linux makes of them', () => {
    const nodes = (ranges: string): string => soc(`dma-ranges = ${ranges}; a { };`);
    expect(dma(nodes('<0x0 0 0x1000 0x100>, <0x200 0 0x5000 0>, <0x300 0 0x6000 0x100>'), '/soc/a')).toEqual({
      dmaRanges: [{ cpu: 0x1000n, dma: 0n, size: 0x100n }],
      busDmaLimit: 0xffn,
    });
    expect(dma(nodes('<0x0 0 0x1000 0>, <0x300 0 0x6000 0x100>'), '/soc/a')).toEqual({
      dmaRanges: [{ cpu: 0x1000n, dma: 0n, size: 0n }],
      busDmaLimit: 0xffffffffn,
    });
  });
});

describe('the IOMMU of a device', () => {
  const iommu = (iommus: string): boolean | undefined =>
    found(
      `a: smmu-a { #iommu-cells = <1>; }; b: smmu-b { #iommu-cells = <0>; status = "disabled"; };
      c: no-iommu { }; x { iommus = ${iommus}; };`,
      '/x',
    )?.iommu;

  it('is there when every one it names is enabled', () => {
    expect(iommu('<&a 1>')).toBe(true);
    expect(iommu('<&a 1>, <&a 2>')).toBe(true);
    expect(iommu('<&b>')).toBe(false);
    expect(iommu('<&a 1>, <&b>')).toBe(false);
    expect(found('x { };', '/x')?.iommu).toBe(false);
  });

  it('is read as far as the list makes sense', () => {
    expect(iommu('<&c>')).toBe(false);
    expect(iommu('<&a>')).toBe(false);
    expect(iommu('<0>, <&a 1>')).toBe(false);
    expect(iommu('<&a 1>, <77>')).toBe(true);
  });
});

describe('findBoardNode', () => {
  const NODES = `
    aliases { video0 = "/soc/camera@1000"; };
    ${soc(`ranges; isp: eye: camera@1000 { ${CAM} };
      uart@2000 { reg = <0x2000 1>; }; uart@3000 { reg = <0x3000 1>; status = "disabled"; };`)}`;
  const path = (text: string): string | undefined => found(NODES, text)?.path;

  it.each([
    '/soc/camera@1000',
    '/soc/camera',
    'isp',
    '&isp',
    'eye',
    'video0',
    '1000.camera',
    'camera@1000',
    'camera',
  ])('takes %s', (text) => {
    expect(path(text)).toBe('/soc/camera@1000');
  });

  it('takes no name that several have, and none that nobody has', () => {
    expect(path('uart@2000')).toBe('/soc/uart@2000');
    expect(['uart', '/', '', 'isp2', '&camera@9', '/soc/uart@4000', '4000.uart'].map(path)).toEqual(
      Array.from({ length: 7 }, () => undefined),
    );
  });

  it('says when the node is disabled, or a node above it', () => {
    expect(found(NODES, 'uart@3000')?.disabled).toBe(true);
    expect(found(NODES, 'uart@2000')).not.toHaveProperty('disabled');
    expect(found('a { status = "no"; b { }; };', '/a/b')?.disabled).toBe(true);
  });

  it('knows the labels of a blob by its __symbols__', () => {
    const plain = (from: DtNode): DtNode => ({
      name: from.name,
      properties: from.properties,
      children: from.children.map(plain),
    });
    const blob = plain(compile(NODES, true).root);
    expect(findBoardNode(blob, 'isp')?.path).toBe('/soc/camera@1000');
    expect(findBoardNode(blob, 'eye')?.path).toBe('/soc/camera@1000');
    expect(['isp', 'eye']).toContain(findBoardNode(blob, '/soc/camera')?.label);
  });
});

describe('hostile trees', () => {
  const W = { '#address-cells': 1, '#size-cells': 1 };
  /** `count` devices on one bus. */
  const crowd = (count: number, bus: Record<string, Uint8Array | string | number>, depth = 0): DtNode => {
    let inner: DtNode[] = Array.from({ length: count }, (_, i) =>
      node(`camera@${i.toString(16)}`, {
        compatible: 'x',
        reg: cells(i, 1),
        'dma-coherent': flag,
        iommus: 9,
      }),
    );
    for (let level = 0; level < depth; level++) inner = [node('bus', { ...W, ...bus }, inner)];
    const smmu = node('smmu', { phandle: 9, '#iommu-cells': 0 });
    return node('', W, [smmu, node('soc', { ...W, ...bus }, inner)]);
  };

  it('of thousands of devices take no time', () => {
    const many = tree(crowd(8000, { ranges: flag, 'dma-ranges': cells(0, 0, 0x1000) }, 3));
    const start = performance.now();
    const { devices: all = [] } = boardFromTree(many, 'x');
    expect(all).toHaveLength(8000);
    expect(all.at(-1)).toMatchObject({
      name: '1f3f.camera',
      dmaCoherent: true,
      iommu: true,
      busDmaLimit: 0xfffn,
    });
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it('of thousands of devices behind thousands of ranges are refused in time', () => {
    const ranges = cells(...Array.from({ length: 4000 }, () => [0xffff0000, 0, 1]).flat());
    const start = performance.now();
    expect(() => boardFromTree(tree(crowd(4000, { ranges })), 'x')).toThrow(/200000 steps/);
    expect(performance.now() - start).toBeLessThan(3000);
  });

  it('with lists that lead nowhere end', () => {
    const odd = node('', W, [
      node('a', { compatible: 'x', iommus: cells(1, 2, 3), phandle: 1, '#iommu-cells': 0xffffffff }),
      node('b', { compatible: strings(), iommus: Uint8Array.of(0, 0, 0), 'memory-region': cells(1) }),
      node('c', { compatible: 'x', iommus: cells(...new Array<number>(1000).fill(0)) }),
      node('d', { compatible: 'x', 'dma-coherent': flag, reg: flag, mask: flag }),
      node('', { compatible: 'x', 'dma-coherent': flag }),
    ]);
    expect(boardFromTree(tree(odd), 'x').devices?.map(({ name, iommu }) => [name, iommu])).toEqual([
      ['a', false],
      ['b', false],
      ['c', false],
      ['0.d', false],
      ['', false],
    ]);
  });
});
