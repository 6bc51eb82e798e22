/**
 * What a boot loader writes into the tree before Linux sees it: the memory and the command line.
 */
import type { DeviceTree, DtNode, DtProperty } from '../devicetree/tree.ts';
import { getProperty } from '../devicetree/tree.ts';
import { cellAt, firstString } from '../devicetree/value.ts';
import type { PhysRange } from '../units.ts';

export interface BootLoaderFixups {
  /** RAM: replaces the `reg` of the first memory node; other memory nodes are removed. */
  readonly memory?: readonly PhysRange[];
  /** /chosen bootargs. */
  readonly bootargs?: string;
}

/** The tree after the fixups; what they made says so in its origin. */
export function applyBootLoaderFixups(tree: DeviceTree, fixups: BootLoaderFixups): DeviceTree {
  let { root } = tree;
  if (fixups.memory !== undefined && fixups.memory.length > 0) root = withMemory(root, fixups.memory);
  if (fixups.bootargs !== undefined) {
    const value = new TextEncoder().encode(`${fixups.bootargs}\0`);
    root = withChild(root, 'chosen', (chosen) => withProperty(chosen, 'bootargs', value, '--bootargs'));
  }
  return { ...tree, root };
}

const isMemory = (node: DtNode): boolean => {
  const type = getProperty(node, 'device_type');
  return type !== undefined && firstString(type.value) === 'memory';
};

function withMemory(root: DtNode, memory: readonly PhysRange[]): DtNode {
  const cells = (name: string) => cellAt(getProperty(root, name)?.value ?? new Uint8Array(), 0) ?? 1;
  const widths = [cells('#address-cells'), cells('#size-cells')] as const;
  const reg = new Uint8Array(memory.length * 4 * (widths[0] + widths[1]));
  const view = new DataView(reg.buffer);
  let at = 0;
  const put = (value: bigint, width: number) => {
    for (let cell = width - 1; cell >= 0; cell--, at += 4) {
      view.setUint32(at, Number(BigInt.asUintN(32, value >> BigInt(32 * cell))));
    }
  };
  for (const { base, size } of memory) {
    put(base, widths[0]);
    put(size, widths[1]);
  }
  const name = root.children.find(isMemory)?.name ?? 'memory';
  const others = root.children.filter((child) => child.name === name || !isMemory(child));
  return withChild({ ...root, children: others }, name, (node) => {
    const type = new TextEncoder().encode('memory\0');
    const typed = isMemory(node) ? node : withProperty(node, 'device_type', type, '--memory');
    return withProperty(typed, 'reg', reg, '--memory');
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
    origin: { made: `boot loader: ${option}`, earlier, labels: [], pieces: [] },
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
