/**
 * The devices of a board, as far as DMA goes.
 *
 * What is said of a device is Linux's. Which nodes are listed is our choice: a board has hundreds of clocks, pins
 * and serial ports, and a user looks for those whom buffers are for. A node is listed when Linux makes a device
 * of it (it and all above it are enabled, and it has a `compatible`) and
 *
 *   - it has a `memory-region` or `iommus` of its own,
 *   - or `dma-coherent` or `dma-noncoherent` and is no bus, which says it for those on it,
 *   - or one of the generic names of such devices, and registers.
 *
 * The `dma-ranges` of a node speak of its children, and those of the buses above nearly always of all devices;
 * neither makes a device. `findBoardNode()` finds every node.
 */
import { baseNameOf, childCalled, nodeAtPath, propertyCalled } from '../devicetree/node-lookup.ts';
import type { DtNode } from '../devicetree/tree.ts';
import { stringsOf, textOf } from '../devicetree/value.ts';
import type { BoardDevice } from './board.ts';
import { deviceName } from './device-name.ts';
import { busDmaLimit, DmaConfigure } from './dma-configure.ts';
import { regionsByPhandle } from './memory-region-users.ts';
import { OF_BAD_ADDR, OfAddress } from './of-address.ts';
import type { Bus } from './of-bus.ts';
import { OfTree } from './of-tree.ts';
import { memoryRegionsOf } from './region-refs.ts';
import { symbolsByPath } from './symbols.ts';

export type { BoardDevice, DmaRange } from './board.ts';

/** Nodes of the root that are no devices, nor is anything below them. */
const NO_DEVICES: ReadonlySet<string> = new Set([
  'aliases',
  'chosen',
  'cpus',
  'memory',
  'reserved-memory',
  '__symbols__',
  '__fixups__',
  '__local_fixups__',
]);

/** drivers/of/platform.c: of_default_bus_match_table, and the bus with a driver of its own. */
const BUSES: ReadonlySet<string> = new Set([
  'simple-bus',
  'simple-mfd',
  'simple-pm-bus',
  'isa',
  'arm,amba-bus',
]);

/** Generic names (Devicetree Specification, section 2.2.2, and those in use) of what works on buffers. */
const GENERIC_NAMES: ReadonlySet<string> = new Set([
  'camera',
  'camss',
  'clcd',
  'csi',
  'csi2',
  'display',
  'display-controller',
  'ge2d',
  'gpu',
  'hdlcd',
  'hvs',
  'image-processor',
  'isi',
  'isp',
  'jpegdec',
  'jpegenc',
  'lcd-controller',
  'lcdif',
  'npu',
  'rga',
  'video-codec',
  'video-decoder',
  'video-encoder',
  'vop',
  'vpu',
]);

/** Makes the facts of one node; what many nodes share is worked out once. */
export class DeviceReader {
  readonly #tree: OfTree;
  readonly #address: OfAddress;
  readonly #dma: DmaConfigure;
  readonly #regions: ReadonlyMap<number, string>;
  readonly #labels: ReadonlyMap<string, string>;

  constructor(
    tree: OfTree,
    address = new OfAddress(tree),
    labels: ReadonlyMap<string, string> = symbolsByPath(tree.root.node),
  ) {
    this.#tree = tree;
    this.#address = address;
    this.#dma = new DmaConfigure(tree, address);
    this.#regions = regionsByPhandle(childCalled(tree.root.node, 'reserved-memory'));
    this.#labels = labels;
  }

  /** The devices that are listed, in tree order. */
  devices(): BoardDevice[] {
    const devices: BoardDevice[] = [];
    const visit = (bus: Bus): void => {
      if (!bus.available) return;
      if (this.#isListed(bus)) devices.push(this.read(bus));
      for (const child of bus.children) visit(child);
    };
    for (const bus of this.#tree.root.children) {
      if (!NO_DEVICES.has(baseNameOf(bus.node.name))) visit(bus);
    }
    return devices;
  }

  #isListed(bus: Bus): boolean {
    const compatible = bus.property('compatible');
    if (compatible === undefined) return false;
    if (bus.property('memory-region') !== undefined || bus.property('iommus') !== undefined) return true;
    if (bus.property('dma-coherent') !== undefined || bus.property('dma-noncoherent') !== undefined) {
      return !stringsOf(compatible.value).some((name) => BUSES.has(name));
    }
    if (!GENERIC_NAMES.has(baseNameOf(bus.node.name))) return false;
    const reg = bus.property('reg');
    return reg !== undefined && this.#address.translateAddress(bus, reg.value, 0) !== OF_BAD_ADDR;
  }

  name(bus: Bus): string {
    return deviceName(bus, this.#address);
  }

  labelOf(bus: Bus): string | undefined {
    return bus.node.origin?.labels[0] ?? this.#labels.get(bus.path);
  }

  read(bus: Bus): BoardDevice {
    const label = this.labelOf(bus);
    const compatible = bus.property('compatible');
    const dmaCoherent = this.#dma.isCoherent(bus);
    const dmaRanges = this.#dma.rangeMap(bus);
    const limit = busDmaLimit(dmaRanges);
    return {
      name: this.name(bus),
      path: bus.path,
      ...(label === undefined ? {} : { label }),
      compatible: compatible === undefined ? [] : stringsOf(compatible.value),
      dmaCoherent,
      dmaRanges,
      ...(limit === undefined ? {} : { busDmaLimit: limit }),
      iommu: this.#dma.hasIommu(bus),
      ...memoryRegionsOf(bus, this.#tree, this.#regions),
      ...(!dmaCoherent && this.#dma.isCoherent(bus, 'without-non') && { coherentWithoutNon: true as const }),
      ...(isEnabled(bus) ? {} : { disabled: true as const }),
    };
  }
}

function isEnabled(bus: Bus): boolean {
  for (let at: Bus | undefined = bus; at !== undefined; at = at.parent) if (!at.available) return false;
  return true;
}

/**
 * Any node of a tree as a device, whether it is listed or not, enabled or not.
 *
 * @param text its path (`/soc/camera@a200000`), label (`isp`, `&isp`), alias, device name (`a200000.camera`), or
 *   the name of the only node that is called so (`camera@a200000`, `camera`)
 * @returns `undefined` when no node answers to it, or several do
 * @throws InvalidInput when the tree's ranges are absurdly many or form a loop
 */
export function findBoardNode(root: DtNode, text: string): BoardDevice | undefined {
  const tree = new OfTree(root);
  const reader = new DeviceReader(tree);
  const bus = find(tree, reader, text);
  return bus === undefined ? undefined : reader.read(bus);
}

function find(tree: OfTree, reader: DeviceReader, text: string): Bus | undefined {
  const root = tree.root.node;
  const nodes = [...tree.nodes()];
  const atPath = (path: string): Bus | undefined => {
    const node = nodeAtPath(root, path);
    return nodes.find((bus) => bus.node === node);
  };
  if (text.startsWith('/')) return atPath(text);
  const label = text.replace(/^&/, '');
  const labelled = nodes.find(({ node }) => node.origin?.labels.includes(label) === true);
  if (labelled !== undefined) return labelled;
  for (const table of ['__symbols__', 'aliases']) {
    const named = childCalled(root, table);
    const path = named && propertyCalled(named, label);
    if (path !== undefined) return atPath(textOf(path.value));
  }
  // Every device's name ends in that of its node; only of those it is made.
  const device = nodes.find((bus) => {
    const { name } = bus.node;
    return (text.endsWith(name) || text.endsWith(baseNameOf(name))) && reader.name(bus) === text;
  });
  if (device !== undefined) return device;
  return (
    onlyOne(nodes.filter(({ node }) => node.name === text)) ??
    onlyOne(nodes.filter(({ node }) => baseNameOf(node.name) === text))
  );
}

const onlyOne = <T>(found: readonly T[]): T | undefined => (found.length === 1 ? found[0] : undefined);
