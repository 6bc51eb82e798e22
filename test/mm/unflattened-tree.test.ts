/** Bytes of the kernel's own form of the tree: each sum worked out by hand. */
import { describe, expect, it } from 'vitest';
import type { DeviceTree, DtNode } from '../../src/devicetree/tree.ts';
import { aliasBytes, unflattenedTreeBytes } from '../../src/mm/early/unflattened-tree.ts';
import { linux73 } from '../../src/profile/linux-7.3.ts';

const text = (value: string) => new TextEncoder().encode(`${value}\0`);

function dt(
  name: string,
  properties: Readonly<Record<string, string>> = {},
  children: DtNode[] = [],
): DtNode {
  return {
    name,
    properties: Object.entries(properties).map(([key, value]) => ({ name: key, value: text(value) })),
    children,
  };
}

const tree = (root: DtNode): DeviceTree => ({ root, memReserves: [], bootCpuid: 0 });
const nothing = { bootargs: false, initrd: false };

/** With 208 bytes a node and 104 a property. */
const bytes = (root: DtNode, added = nothing) =>
  unflattenedTreeBytes(tree(root), added, linux73(4).treeSizes);

describe('the unflattened tree', () => {
  it('has a name made for each node', () => {
    // Node '': 208 + 1 = 209. Its name, at 216: 104 + 1, up to 321. Rounded up to 4, plus 4.
    expect(bytes(dt(''))).toBe(324n + 4n);
  });

  it('begins every piece at a multiple of 8, and does not ask for values', () => {
    // '': 0 + 209; properties at 216 and 320, up to 424; name at 424 + 105 = 529.
    // 'cpus@0': at 536, 208 + 7 = 751; a property at 752, up to 856; the name 'cpus' at 856, 104 + 5 = 965.
    const cpus = dt('cpus@0', { status: 'okay' });
    const root = (model: string) => dt('', { model, compatible: '' }, [cpus]);
    expect(bytes(root(''))).toBe(968n + 4n);
    expect(bytes(root('a very long name of a board'))).toBe(968n + 4n);
  });

  it('makes no name where there is one, and cuts at the last @', () => {
    // 209, then a property from 216 to 320.
    expect(bytes(dt('', { name: 'x' }))).toBe(320n + 4n);
    // 'a@b@c': at 328, 208 + 6 = 542; its name 'a@b' at 544, 104 + 4 = 652.
    expect(bytes(dt('', {}, [dt('a@b@c')]))).toBe(652n + 4n);
  });

  it('counts bytes of names, not letters', () => {
    // 'ö' is two: at 328, 208 + 3 = 539; its name at 544, 104 + 3 = 651.
    expect(bytes(dt('', {}, [dt('ö')]))).toBe(652n + 4n);
  });

  it('goes depth first, which decides where pieces begin', () => {
    // a: 328 + 210 = 538, name at 544 + 106 = 650; b in a: 656 + 210 = 866, 872 + 106 = 978.
    expect(bytes(dt('', {}, [dt('a', {}, [dt('b')])]))).toBe(980n + 4n);
  });

  it('has what a boot loader adds to /chosen, made where there is none', () => {
    // chosen: at 328, 208 + 7 = 543; three properties from 544 to 856; its name at 856, 104 + 7 = 967.
    const all = { bootargs: true, initrd: true };
    expect(bytes(dt(''), all)).toBe(968n + 4n);
    // What is there already is written over.
    expect(bytes(dt('', {}, [dt('chosen', { bootargs: 'quiet' })]), all)).toBe(968n + 4n);
    // bootargs alone: 544 to 648; 648 + 111 = 759.
    expect(bytes(dt(''), { bootargs: true, initrd: false })).toBe(760n + 4n);
  });

  it('is without the seed that the kernel has used up', () => {
    // chosen: 543, name at 544 + 111 = 655.
    expect(bytes(dt('', {}, [dt('chosen', { 'rng-seed': '' })]))).toBe(656n + 4n);
    expect(bytes(dt('', {}, [dt('chosen', { 'kaslr-seed': '' })]))).toBe(760n + 4n);
  });
});

describe('aliases', () => {
  it('take a struct and their stem where they end in digits and name a node', () => {
    const root = dt('', {}, [
      dt('aliases', {
        serial0: '/soc/uart@1',
        i2c12: '/soc/i2c@2',
        ethernet: '/soc/uart@1',
        mmc0: '/soc/nowhere',
        spi0: 'soc',
      }),
      dt('soc', {}, [dt('uart@1'), dt('i2c@2')]),
    ]);
    // 40, and `serial` or `i2c` with a zero.
    expect(aliasBytes(tree(root), linux73(4).treeSizes)).toEqual([47n, 44n]);
    expect(aliasBytes(tree(dt('')), linux73(4).treeSizes)).toEqual([]);
  });
});
