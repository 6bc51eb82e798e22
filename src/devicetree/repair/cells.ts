/**
 * How many cells addresses and sizes have, where a source that is a part of another does not say it.
 */
import { type LiveNode, LiveProperty } from '../dts/live-tree.ts';
import { CELL, cellAt } from '../value.ts';
import { isMemoryNode, RESERVED_MEMORY } from './memory-role.ts';

const ADDRESS = '#address-cells';
const SIZE = '#size-cells';
/** The most likely first. */
const LIKELY: readonly (readonly [number, number])[] = [
  [2, 2],
  [1, 1],
  [2, 1],
  [1, 2],
];

type Cells = readonly [address: number, size: number];

/** What was put into a tree, and what it is told as. */
export interface AddedCells {
  readonly node: LiveNode;
  readonly message: string;
  readonly lacks?: string;
}

const given = (node: LiveNode, name: string): number | undefined => {
  const value = node.liveProperty(name)?.value;
  return value?.length === CELL ? cellAt(value, 0) : undefined;
};

const lengthOf = (node: LiveNode, name: string): number =>
  (node.liveProperty(name)?.value.length ?? 0) / CELL;

/** Adds a property that nobody wrote, before all others. */
export function addCell(node: LiveNode, name: string, cell: number): void {
  const value = new Uint8Array(CELL);
  new DataView(value.buffer).setUint32(0, cell);
  addMade(node, name, value);
}

export function addMade(node: LiveNode, name: string, value: Uint8Array): void {
  const old = node.propertyNamed(name);
  if (old !== undefined) node.drop(old);
  const property = new LiveProperty(name, value, -1);
  property.made = 'assumed';
  node.addProperty(property);
}

function fill(node: LiveNode, [address, size]: Cells): void {
  if (given(node, ADDRESS) === undefined) addCell(node, ADDRESS, address);
  if (given(node, SIZE) === undefined) addCell(node, SIZE, size);
}

const words = ([address, size]: Cells): string => `${ADDRESS} = <${address}> and ${SIZE} = <${size}>`;

const regionsOf = (reserved: LiveNode | undefined): readonly LiveNode[] =>
  (reserved?.children ?? []).filter(
    (node) =>
      !node.deleted && ['reg', 'size', 'alloc-ranges', 'alignment'].some((name) => lengthOf(node, name) > 0),
  );

function fits([address, size]: Cells, memory: readonly LiveNode[], regions: readonly LiveNode[]): boolean {
  const ranges = (node: LiveNode, name: string) => lengthOf(node, name) % (address + size) === 0;
  const sized = (node: LiveNode, name: string) => [0, size].includes(lengthOf(node, name));
  return (
    memory.every((node) => ranges(node, 'reg')) &&
    regions.every(
      (node) =>
        ranges(node, 'reg') &&
        ranges(node, 'alloc-ranges') &&
        sized(node, 'size') &&
        sized(node, 'alignment'),
    )
  );
}

/** Completes the cells of the root and of /reserved-memory in a source of which a part is missing. */
export function addCells(root: LiveNode, isMade: (node: LiveNode) => boolean): readonly AddedCells[] {
  const reserved = root.liveChild(RESERVED_MEMORY);
  const memory = root.children.filter(
    (node) => !node.deleted && isMemoryNode(node) && lengthOf(node, 'reg') > 0,
  );
  const regions = regionsOf(reserved);
  const added: AddedCells[] = [];
  const of = (node: LiveNode | undefined): Cells | undefined => {
    const address = node && given(node, ADDRESS);
    const size = node && given(node, SIZE);
    return address === undefined || size === undefined ? undefined : [address, size];
  };
  const theirs = of(reserved);
  const own = of(root);
  if (own === undefined && reserved !== undefined && theirs !== undefined) {
    fill(root, theirs);
    const message = `the root gets ${words(theirs)}, those of /reserved-memory: where the board’s root has others, Linux ignores /reserved-memory`;
    // A memory node that is no whole number of ranges says that the root has others.
    const odd = fits(theirs, memory, []) ? undefined : memory[0]?.name;
    const lacks =
      odd && `the cells of /reserved-memory do not fit the reg of ${odd}, and the root's are not shown`;
    added.push({ node: reserved, message, ...(lacks && { lacks }) });
  } else if (own === undefined && memory.length + regions.length > 0) {
    const cells = LIKELY.find((one) => fits(one, memory, regions)) ?? [2, 2];
    fill(root, cells);
    const node = regions[0] ?? memory[0] ?? root;
    const lacks = 'nothing that is given shows how many cells an address and a size have';
    const both = reserved !== undefined && regions.length > 0;
    const who = both ? 'the root and /reserved-memory get' : 'the root gets';
    added.push({ node, lacks, message: `${who} ${words(cells)}, which fit best what is given` });
    if (both) fill(reserved, cells);
  }
  const roots = of(root);
  if (reserved === undefined || roots === undefined || regions.length === 0) return added;
  const lacksCells = of(reserved) === undefined;
  const lacksRanges = isMade(reserved) && reserved.liveProperty('ranges') === undefined;
  if (!lacksCells && !lacksRanges) return added;
  fill(reserved, roots);
  if (lacksRanges) addMade(reserved, 'ranges', new Uint8Array(0));
  const what = [...(lacksCells ? [words(roots)] : []), ...(lacksRanges ? ['ranges'] : [])].join(' and ');
  added.push({
    node: reserved,
    lacks: `the node that defines /reserved-memory${lacksRanges ? ' is not given' : ' shows no cells'}`,
    message: `it gets ${what}, without which Linux would not take it`,
  });
  return added;
}
