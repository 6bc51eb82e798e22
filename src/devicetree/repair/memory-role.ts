/**
 * What of a tree memory depends on: where a guess would make another answer.
 */
import type { LiveNode, LiveProperty } from '../dts/live-tree.ts';
import { stringsOf } from '../value.ts';

export const RESERVED_MEMORY = 'reserved-memory';

/** Properties of any node that say which memory a device has, or how it reaches it. */
const OF_DEVICES = ['memory-region', 'iommus', 'iommu-map', 'dma-ranges', 'dma-coherent'];
/** What makes a node a region. */
const OF_REGIONS = ['reusable', 'no-map', 'alloc-ranges', 'linux,cma-default', 'linux,dma-default'];
/** What Linux reads of a region. */
const IN_REGIONS = ['reg', 'size', 'alignment', 'compatible', 'status', 'device_type', 'iommu-addresses'];
/** Those that say where memory lies, whatever the node is. */
const OF_MEMORY = [
  'size',
  'alignment',
  'device_type',
  'linux,usable-memory',
  '#address-cells',
  '#size-cells',
  'ranges',
];
const CELLS = ['#address-cells', '#size-cells'];
const REGION_LABEL = /cma|pool|resmem|_mem(?:ory)?(?:_|$)|heap|vdev|vring/i;
const MEMORY_LABEL = /^(?:memory|mem|ddr|dram)_?\d*$/i;
const RESERVED_LABEL = /^(?:reserved_?mem(?:ory)?|resmem|rmem)$/i;

const stringsIn = (node: LiveNode, name: string): readonly string[] => {
  const property = node.liveProperty(name);
  return property === undefined ? [] : stringsOf(property.value);
};

/** Whether a node is a region of /reserved-memory, wherever it stands. */
export const isRegion = (node: LiveNode): boolean =>
  stringsIn(node, 'compatible').some((name) => /(?:shared|restricted)-dma-pool/.test(name)) ||
  OF_REGIONS.some((name) => node.liveProperty(name) !== undefined);

export const isMemoryNode = (node: LiveNode): boolean =>
  stringsIn(node, 'device_type')[0] === 'memory' || /^memory(?:@|$)/.test(node.name);

/** What a node is that is known only by its label and by what overrides it. */
export function roleOf(label: string, body: LiveNode): 'reserved-memory' | 'region' | 'memory' | 'other' {
  if (RESERVED_LABEL.test(label) || body.children.some(isRegion)) return RESERVED_MEMORY;
  if (isRegion(body)) return 'region';
  if (MEMORY_LABEL.test(label) || isMemoryNode(body)) return 'memory';
  const isDevice = ['compatible', 'memory-region', 'clocks', 'pinctrl-0'].some((name) =>
    body.liveProperty(name),
  );
  if (!isDevice && (body.liveProperty('size') !== undefined || REGION_LABEL.test(label))) return 'region';
  return 'other';
}

/** Whether what a property of a node says is about memory. */
export function concernsMemory(node: LiveNode, property: string): boolean {
  if (OF_DEVICES.includes(property)) return true;
  if (node.parent === undefined) return CELLS.includes(property);
  const isAtRoot = node.parent.parent === undefined;
  if (isAtRoot && node.name === 'chosen') return /^(?:bootargs|linux,)/.test(property);
  if (isAtRoot && isMemoryNode(node)) return true;
  if (isAtRoot && node.name === RESERVED_MEMORY) return OF_MEMORY.includes(property);
  const isOfRegion = OF_REGIONS.includes(property) || IN_REGIONS.includes(property);
  return isOfRegion && (isRegion(node) || node.parent.name === RESERVED_MEMORY);
}

/** Whether a property that stands in no node could be about memory. */
export const looksLikeMemory = ({ name, value }: LiveProperty): boolean =>
  OF_DEVICES.includes(name) ||
  OF_REGIONS.includes(name) ||
  OF_MEMORY.includes(name) ||
  // One cell is no range of memory.
  (name === 'reg' && value.length > 4) ||
  (name === 'compatible' && stringsOf(value).some((one) => one.includes('dma-pool')));
