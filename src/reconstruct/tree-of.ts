/** A device tree that says what was seen: made anew, or one that was given with what the target did put into it. */
import type { DeviceTree, DtNode, DtProperty } from '../devicetree/tree.ts';
import { getChild, getProperty } from '../devicetree/tree.ts';
import { cellAt } from '../devicetree/value.ts';
import { CPU_OF } from '../profile/machine-name.ts';
import type { PhysRange } from '../units.ts';
import type { SeenRegion } from './regions-of.ts';

export interface TreeParts {
  readonly model?: string;
  readonly memory: readonly PhysRange[];
  readonly regions: readonly SeenRegion[];
  readonly bootargs?: string;
  readonly arch?: string;
  /** The region that has linux,cma-default. */
  readonly defaultRegion?: string;
}

const utf8 = new TextEncoder();
const textValue = (text: string): Uint8Array => utf8.encode(`${text}\0`);
const flag = (name: string): DtProperty => ({ name, value: new Uint8Array() });
const text = (name: string, value: string): DtProperty => ({ name, value: textValue(value) });

function cells(...numbers: readonly (readonly [value: bigint, cells: number])[]): Uint8Array {
  const length = numbers.reduce((sum, [, count]) => sum + count, 0);
  const bytes = new Uint8Array(length * 4);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [value, count] of numbers) {
    for (let i = count - 1; i >= 0; i--, at += 4) {
      view.setUint32(at, Number((value >> (32n * BigInt(i))) & 0xffffffffn));
    }
  }
  return bytes;
}

interface Cells {
  readonly address: number;
  readonly size: number;
}
const TWO: Cells = { address: 2, size: 2 };

const cellProperties = ({ address, size }: Cells): readonly DtProperty[] => [
  { name: '#address-cells', value: cells([BigInt(address), 1]) },
  { name: '#size-cells', value: cells([BigInt(size), 1]) },
];

const reg = (ranges: readonly PhysRange[], { address, size }: Cells): DtProperty => ({
  name: 'reg',
  value: cells(...ranges.flatMap((one) => [[one.base, address] as const, [one.size, size] as const])),
});

const regionNode = (region: SeenRegion, isDefault: boolean, wide: Cells): DtNode => ({
  name: region.name,
  properties: [
    ...(region.compatible === undefined ? [] : [text('compatible', region.compatible)]),
    reg([region], wide),
    ...(region.noMap ? [flag('no-map')] : []),
    ...(region.reusable ? [flag('reusable')] : []),
    ...(isDefault ? [flag('linux,cma-default')] : []),
  ],
  children: [],
});

/** A tree of nothing but what was seen. */
export function newTree(parts: TreeParts): DeviceTree {
  const { model, memory, regions, bootargs, arch, defaultRegion } = parts;
  const cpu = arch === undefined ? undefined : CPU_OF[arch];
  const children: DtNode[] = [];
  if (bootargs !== undefined)
    children.push({ name: 'chosen', properties: [text('bootargs', bootargs)], children: [] });
  if (cpu !== undefined) {
    const node = {
      name: 'cpu@0',
      properties: [text('device_type', 'cpu'), text('compatible', cpu)],
      children: [],
    };
    children.push({ name: 'cpus', properties: [], children: [node] });
  }
  children.push({
    name: `memory@${(memory[0]?.base ?? 0n).toString(16)}`,
    properties: [text('device_type', 'memory'), reg(memory, TWO)],
    children: [],
  });
  if (regions.length > 0) children.push(reservedMemory(regions, defaultRegion, TWO));
  return {
    root: {
      name: '',
      properties: [...cellProperties(TWO), ...(model === undefined ? [] : [text('model', model)])],
      children,
    },
    memReserves: [],
    bootCpuid: 0,
  };
}

const reservedMemory = (
  regions: readonly SeenRegion[],
  defaultRegion: string | undefined,
  wide: Cells,
): DtNode => ({
  name: 'reserved-memory',
  properties: [...cellProperties(wide), flag('ranges')],
  children: regions.map((region) => regionNode(region, region.name === defaultRegion, wide)),
});

/** The cells of a root: 2 and 1 where it does not say, as in Linux. */
function cellsOf(root: DtNode): Cells {
  const count = (name: string, other: number) => {
    const value = getProperty(root, name)?.value;
    return value === undefined ? other : (cellAt(value, 0) ?? other);
  };
  return { address: Math.min(count('#address-cells', 2), 2), size: Math.min(count('#size-cells', 1), 2) };
}

/** The same tree with regions where the log has them. Those that it lacks come behind its own. */
export function withRegions(
  tree: DeviceTree,
  pinned: readonly SeenRegion[],
  added: readonly SeenRegion[],
  defaultRegion?: string,
): DeviceTree {
  if (pinned.length === 0 && added.length === 0) return tree;
  const { root } = tree;
  const wide = cellsOf(root);
  const old = getChild(root, 'reserved-memory');
  if (old === undefined) {
    return {
      ...tree,
      root: {
        ...root,
        children: [...root.children, reservedMemory([...pinned, ...added], defaultRegion, wide)],
      },
    };
  }
  const children = old.children.map((node) => {
    const region = pinned.find(({ name }) => name === node.name);
    if (region === undefined) return node;
    const properties = node.properties.filter(
      ({ name }) => !['reg', 'size', 'alignment', 'alloc-ranges'].includes(name),
    );
    return { ...node, properties: [...properties, reg([region], wide)] };
  });
  const node = {
    ...old,
    children: [
      ...children,
      ...added.map((region) => regionNode(region, region.name === defaultRegion, wide)),
    ],
  };
  return { ...tree, root: { ...root, children: root.children.map((one) => (one === old ? node : one)) } };
}
