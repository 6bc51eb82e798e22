/**
 * What a boot loader writes into the tree before Linux sees it: the memory and the command line.
 */
import { baseNameOf } from '../devicetree/node-lookup.ts';
import type { DeviceTree, DtNode, DtProperty } from '../devicetree/tree.ts';
import { getProperty } from '../devicetree/tree.ts';
import { cellAt, firstString } from '../devicetree/value.ts';
import { InvalidInput } from '../diagnostic.ts';
import { formatHex, type PhysRange } from '../units.ts';
import { ROOT_CELLS_DEFAULT } from './of-bus.ts';

export interface BootLoaderFixups {
  /** RAM: replaces the `reg` of the first memory node; its `status` and other memory nodes are removed. */
  readonly memory?: readonly PhysRange[];
  /** /chosen bootargs. */
  readonly bootargs?: string;
}

/**
 * The tree after the fixups; what they made says so in its origin. Linux finds in it the memory and the command
 * line that `boot()` takes from the same options.
 *
 * @throws InvalidInput when the memory cannot be written in the root's cells
 */
export function applyBootLoaderFixups(tree: DeviceTree, fixups: BootLoaderFixups): DeviceTree {
  let { root } = tree;
  if (fixups.memory !== undefined && fixups.memory.length > 0) root = withMemory(root, fixups.memory);
  if (fixups.bootargs !== undefined) {
    const value = new TextEncoder().encode(`${fixups.bootargs}\0`);
    root = withChild(root, 'chosen', (chosen) => withProperty(chosen, 'bootargs', value, '--bootargs'));
  }
  return { ...tree, root };
}

/** The most cells that an address or a size may have: OF_MAX_ADDR_CELLS. */
const MAX_CELLS = 4;
/** Properties of a memory node that go before its reg. */
const OVERRIDING: ReadonlySet<string> = new Set(['linux,usable-memory', 'status']);

const isMemory = (node: DtNode): boolean => {
  const type = getProperty(node, 'device_type');
  return type !== undefined && firstString(type.value) === 'memory';
};

/** The root's number of cells, as Linux takes it. */
function cellsOf(root: DtNode, name: string): number {
  const property = getProperty(root, name);
  const cells = property === undefined ? ROOT_CELLS_DEFAULT : cellAt(property.value, 0);
  if (cells !== undefined && cells >= 1 && cells <= MAX_CELLS) return cells;
  return refuse(root, name, `the root's ${name} is ${cells ?? 'no whole cell'}; expected 1 or 2`);
}

function refuse(root: DtNode, name: string, message: string, hint?: string): never {
  const position = getProperty(root, name)?.position ?? root.position;
  throw new InvalidInput([
    {
      code: 'board-root-cells',
      severity: 'error',
      message,
      path: `/:${name}`,
      ...(position === undefined ? {} : { position }),
      ...(hint === undefined ? {} : { hint }),
    },
  ]);
}

function withMemory(root: DtNode, memory: readonly PhysRange[]): DtNode {
  const names = ['#address-cells', '#size-cells'] as const;
  const widths = names.map((name) => cellsOf(root, name));
  const cells = memory.flatMap((range) =>
    [range.base, range.size].flatMap((value, i) => {
      const width = widths[i] ?? 1;
      if (value >> BigInt(32 * width) !== 0n) {
        const name = names[i] ?? '';
        const hint = `give less, or change ${name} to 2 in the source`;
        refuse(root, name, `${formatHex(value)} does not fit into the root's ${name}, ${width}`, hint);
      }
      return Array.from({ length: width }, (_, cell) => value >> BigInt(32 * (width - 1 - cell)));
    }),
  );
  const reg = new Uint8Array(cells.length * 4);
  const view = new DataView(reg.buffer);
  for (const [i, cell] of cells.entries()) view.setUint32(i * 4, Number(BigInt.asUintN(32, cell)));

  const known =
    root.children.find(isMemory) ?? root.children.find(({ name }) => baseNameOf(name) === 'memory');
  const others = root.children.filter((child) => child === known || !isMemory(child));
  return withChild({ ...viewOf(root), children: others }, known?.name ?? 'memory', (node) => {
    const type = new TextEncoder().encode('memory\0');
    const typed = isMemory(node) ? node : withProperty(node, 'device_type', type, '--memory');
    // What would make Linux look elsewhere, or not at all.
    const properties = typed.properties.filter(({ name }) => !OVERRIDING.has(name));
    return withProperty({ ...viewOf(typed), properties }, 'reg', reg, '--memory');
  });
}

function withChild(node: DtNode, name: string, change: (child: DtNode) => DtNode): DtNode {
  const known = node.children.find((child) => child.name === name);
  const children =
    known === undefined
      ? [...node.children, change({ name, properties: [], children: [] })]
      : node.children.map((child) => (child === known ? change(child) : child));
  return { ...viewOf(node), children };
}

function withProperty(node: DtNode, name: string, value: Uint8Array, option: string): DtNode {
  const before = getProperty(node, name);
  const earlier =
    before === undefined
      ? []
      : [
          ...(before.origin?.earlier ?? []),
          { kind: 'set' as const, value: before.value, position: before.position },
        ];
  const property: DtProperty = {
    name,
    value,
    origin: { made: `boot loader: ${option}`, earlier, labels: [], pieces: [], marks: [] },
  };
  const properties =
    before === undefined
      ? [...node.properties, property]
      : node.properties.map((known) => (known === before ? property : known));
  return { ...viewOf(node), properties };
}

/** A node as plain data: compiled nodes have accessors, which spreading would lose. */
const viewOf = ({ name, properties, children, position, origin }: DtNode): DtNode => ({
  name,
  properties,
  children,
  position,
  origin,
});
