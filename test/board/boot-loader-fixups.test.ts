import { describe, expect, it } from 'vitest';
import { applyBootLoaderFixups } from '../../src/board/boot-loader-fixups.ts';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { decodeDtb, encodeDtb } from '../../src/devicetree/dtb.ts';
import { type DeviceTree, getChild, getProperty } from '../../src/devicetree/tree.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import { cells, node, strings, tree } from '../devicetree/build-tree.ts';
import { compileText } from '../devicetree/dts/compile-file.ts';

const MEMORY = [
  { base: 0x4000_0000n, size: 0x4000_0000n },
  { base: 0x1_0000_0000n, size: 0x2000_0000n },
];
const CELLS = { '#address-cells': 2, '#size-cells': 2 };
const RAM = { device_type: 'memory', reg: cells(0, 0, 0, 0x1000) };
const names = ({ root }: DeviceTree) => root.children.map(({ name }) => name);

describe('the memory of a boot loader', () => {
  it.each([
    [
      'the first memory node',
      [node('memory@0', RAM), node('soc'), node('memory@8', RAM)],
      ['memory@0', 'soc'],
    ],
    ['a memory node without a type', [node('memory@0'), node('soc')], ['memory@0', 'soc']],
    ['a node of its own', [node('soc'), node('memory-controller')], ['soc', 'memory-controller', 'memory']],
    [
      'one that says it is none',
      [node('memory@0', { ...RAM, status: 'disabled', 'linux,usable-memory': cells(0, 0, 0, 1) })],
      ['memory@0'],
    ],
  ])('goes into %s, and Linux finds just it', (_, children, expected) => {
    const fixed = applyBootLoaderFixups(tree(node('', CELLS, children)), { memory: MEMORY });
    expect(names(fixed)).toEqual(expected);
    const board = boardFromTree(decodeDtb(encodeDtb(fixed), 'blob'), 'blob');
    expect(board.memory).toEqual(MEMORY);
  });

  it('is written in the cells of the root, of which there is one of each unless it says so', () => {
    const reg = (properties: Record<string, number>, base: bigint) => {
      const fixed = applyBootLoaderFixups(tree(node('', properties)), { memory: [{ base, size: 0x1000n }] });
      return getProperty(getChild(fixed.root, 'memory') ?? fixed.root, 'reg')?.value;
    };
    expect(reg({}, 0x8000_0000n)).toEqual(cells(0x8000_0000, 0x1000));
    expect(reg({ '#address-cells': 3 }, 0x1_0000_0000n)).toEqual(cells(0, 1, 0, 0x1000));
  });

  it.each([
    [{ '#address-cells': 0 }, 'is 0'],
    [{ '#size-cells': 5 }, 'is 5'],
    [{ '#address-cells': 0xffff_ffff }, 'is 4294967295'],
    [{ '#address-cells': new Uint8Array(2) }, 'no whole cell'],
    [{ '#address-cells': 1, '#size-cells': 2 }, '0x100000000 does not fit'],
  ])('is refused where it cannot be written: %j', (properties, message) => {
    const apply = () => applyBootLoaderFixups(tree(node('', properties)), { memory: MEMORY });
    expect(apply).toThrow(InvalidInput);
    expect(apply).toThrow(message);
  });
});

describe('what a fixup made', () => {
  const source = `/dts-v1/;
/ {
	chosen { bootargs = "before"; stdout-path = "serial"; };
	memory@0 { device_type = "memory"; reg = <0 1>; };
};`;

  it('says so, and what was there before', () => {
    const { tree: compiled } = compileText(source, false);
    if (compiled === undefined) throw new Error('not compiled');
    const { root } = applyBootLoaderFixups(compiled, { memory: MEMORY.slice(0, 1), bootargs: 'after' });
    const [chosen, memory] = root.children;
    expect(chosen?.properties.map(({ name }) => name)).toEqual(['bootargs', 'stdout-path']);
    const bootargs = chosen && getProperty(chosen, 'bootargs');
    expect(bootargs?.value).toEqual(strings('after'));
    expect(bootargs?.origin).toMatchObject({
      made: 'boot loader: --bootargs',
      earlier: [{ kind: 'set', value: strings('before'), position: { line: 3 } }],
    });
    expect(memory && getProperty(memory, 'reg')?.origin).toMatchObject({
      made: 'boot loader: --memory',
      earlier: [{ kind: 'set', value: cells(0, 1), position: { line: 4 } }],
    });
    expect(memory?.position).toMatchObject({ line: 4 });
  });

  it('leaves the tree that was given as it was, and one without fixups the same', () => {
    const before = tree(node('', CELLS, [node('chosen')]));
    applyBootLoaderFixups(before, { memory: MEMORY, bootargs: 'x' });
    expect(before).toEqual(tree(node('', CELLS, [node('chosen')])));
    expect(applyBootLoaderFixups(before, { memory: [] }).root).toBe(before.root);
  });

  it('makes /chosen where there is none', () => {
    const { root } = applyBootLoaderFixups(tree(node('')), { bootargs: '' });
    expect(getChild(root, 'chosen')?.properties).toMatchObject([{ name: 'bootargs', value: strings('') }]);
  });
});
