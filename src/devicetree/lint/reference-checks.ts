/** dtc's checks of what properties refer to: providers, interrupts, graphs, aliases, /chosen. dtc: checks.c */
import { propertyCalled } from '../node-lookup.ts';
import type { DtProperty } from '../tree.ts';
import { CELL, cellAt, cellCount } from '../value.ts';
import type { Fail, LintCheck } from './lint-check.ts';
import { addressCellsOf, cString, firstCell, isPhandle, type LintNode, type LintTree } from './lint-tree.ts';
import { cellCheck, isString } from './name-checks.ts';

const property = (node: LintNode, name: string): DtProperty | undefined => propertyCalled(node.node, name);

/** A property of phandles with arguments, whose number each provider says by its own property. */
interface Provider {
  readonly cells: string;
  /** Without that property it takes none. */
  readonly optional?: boolean;
}

/** Whether source wrote something else than a reference at a cell. */
function isPlainNumber({ origin }: DtProperty, cell: number): boolean {
  if (origin === undefined || origin.made !== undefined || origin.pieces.length === 0) return false;
  return !origin.marks.some(({ kind, offset }) => kind === 'phandle' && offset === cell * CELL);
}

function phandlesWithArguments(
  tree: LintTree,
  node: LintNode,
  list: DtProperty,
  provider: Provider,
  fail: Fail,
): void {
  const { length } = list.value;
  if (length % CELL !== 0) {
    fail(node, `the property has ${length} bytes, no whole cells`, list);
    return;
  }
  for (let cell = 0; cell < length / CELL; ) {
    const phandle = cellAt(list.value, cell);
    if (!isPhandle(phandle)) {
      if (tree.isOverlay) return;
      cell++;
      continue;
    }
    if (isPlainNumber(list, cell)) fail(node, `cell ${cell} is no reference to a node`, list);
    const target = tree.byPhandle(phandle);
    if (target === undefined) {
      fail(node, `no node has the phandle 0x${phandle.toString(16)} of cell ${cell}`, list);
      return;
    }
    const takes = firstCell(target.node, provider.cells);
    if (property(target, provider.cells) === undefined && provider.optional !== true) {
      fail(node, `${target.path} has no ${provider.cells}, or it is not meant (${list.name}, cell ${cell})`);
      return;
    }
    const next = cell + (takes ?? 0) + 1;
    if (length < next * CELL) {
      fail(node, `the property has ${length} bytes: too few for ${takes} cells of arguments`, list);
      return;
    }
    cell = next;
  }
}

const PROVIDERS: Readonly<Record<string, readonly [property: string, cells: string, optional?: boolean]>> = {
  clocks: ['clocks', '#clock-cells'],
  cooling_device: ['cooling-device', '#cooling-cells'],
  dmas: ['dmas', '#dma-cells'],
  hwlocks: ['hwlocks', '#hwlock-cells'],
  interrupts_extended: ['interrupts-extended', '#interrupt-cells'],
  io_channels: ['io-channels', '#io-channel-cells'],
  iommus: ['iommus', '#iommu-cells'],
  mboxes: ['mboxes', '#mbox-cells'],
  msi_parent: ['msi-parent', '#msi-cells', true],
  mux_controls: ['mux-controls', '#mux-control-cells'],
  phys: ['phys', '#phy-cells'],
  power_domains: ['power-domains', '#power-domain-cells'],
  pwms: ['pwms', '#pwm-cells'],
  resets: ['resets', '#reset-cells'],
  sound_dai: ['sound-dai', '#sound-dai-cells'],
  thermal_sensors: ['thermal-sensors', '#thermal-sensor-cells'],
};

const PROVIDER_CHECKS: readonly LintCheck[] = Object.entries(PROVIDERS).flatMap(
  ([name, [list, cells, optional]]): LintCheck[] => [
    cellCheck(`${name}_is_cell`, cells),
    {
      name: `${name}_property`,
      about: `${list} names nodes, each with as many cells as it asks for`,
      level: 'warning',
      needs: [`${name}_is_cell`, 'phandle_references'],
      node: (node, fail, tree) => {
        const found = property(node, list);
        if (found !== undefined)
          phandlesWithArguments(tree, node, found, { cells, ...(optional === true && { optional }) }, fail);
      },
    },
  ],
);

const isGpio = ({ name }: DtProperty): boolean => !name.endsWith(',nr-gpios') && /(^|-)gpios?$/.test(name);

const givesInterrupts = (node: LintNode): boolean =>
  property(node, 'interrupt-controller') !== undefined || property(node, 'interrupt-map') !== undefined;

function interrupts(node: LintNode, fail: Fail, tree: LintTree): void {
  const list = property(node, 'interrupts');
  if (list === undefined) return;
  if (list.value.length % CELL !== 0)
    fail(node, `the property has ${list.value.length} bytes, no whole cells`, list);
  const controller = interruptParent(node, fail, tree);
  if (controller === 'bad') return;
  if (controller === undefined) {
    fail(node, 'no interrupt-parent is found for it');
    return;
  }
  const cells = firstCell(controller.node, '#interrupt-cells');
  if (
    cells === undefined ||
    (cells === 0 ? list.value.length === 0 : list.value.length % (cells * CELL) === 0)
  )
    return;
  fail(
    node,
    `interrupts has ${list.value.length} bytes; expected a multiple of ${cells * CELL}`,
    property(controller, '#interrupt-cells'),
  );
}

/** Who takes a node's interrupts; `bad` where that was told. */
function interruptParent(node: LintNode, fail: Fail, tree: LintTree): LintNode | 'bad' | undefined {
  for (let at: LintNode | undefined = node; at !== undefined; at = at.parent) {
    if (at !== node && givesInterrupts(at)) return at;
    const named = property(at, 'interrupt-parent');
    if (named === undefined) continue;
    const phandle = cellAt(named.value, 0);
    if (!isPhandle(phandle)) {
      if (!tree.isOverlay) fail(at, 'the property is no phandle', named);
      return 'bad';
    }
    const target = tree.byPhandle(phandle);
    if (target === undefined) {
      fail(at, 'no node has that phandle', named);
      return 'bad';
    }
    if (!givesInterrupts(target))
      fail(target, 'interrupts are sent to it, and it has neither interrupt-controller nor interrupt-map');
    return target;
  }
  return undefined;
}

function interruptMap(node: LintNode, fail: Fail, tree: LintTree): void {
  const map = property(node, 'interrupt-map');
  if (map === undefined) return;
  if (node.addressCells === undefined) {
    fail(node, 'it has an interrupt-map and no #address-cells');
    return;
  }
  const width = addressCellsOf(node) + (firstCell(node.node, '#interrupt-cells') ?? 0);
  const mask = property(node, 'interrupt-map-mask');
  if (mask !== undefined && mask.value.length !== width * CELL)
    fail(node, `the property has ${mask.value.length} bytes; expected ${width * CELL}`, mask);
  if (map.value.length % CELL !== 0) {
    fail(node, `the property has ${map.value.length} bytes, no whole cells`, map);
    return;
  }
  const cells = cellCount(map.value);
  for (let cell = 0; cell < cells; ) {
    if (cell + width >= cells) {
      fail(node, `the property has ${map.value.length} bytes: too few for its last entry`, map);
      return;
    }
    cell += width;
    const phandle = cellAt(map.value, cell);
    if (!isPhandle(phandle)) {
      if (!tree.isOverlay) fail(node, `cell ${cell} is no phandle`, map);
      return;
    }
    const target = tree.byPhandle(phandle);
    if (target === undefined) {
      fail(node, `no node has the phandle 0x${phandle.toString(16)} of cell ${cell}`, map);
      return;
    }
    const takes = firstCell(target.node, '#interrupt-cells');
    if (takes === undefined) {
      fail(node, `${target.path} has no #interrupt-cells, or it is not meant (interrupt-map, cell ${cell})`);
      return;
    }
    cell += 1 + takes + (firstCell(target.node, '#address-cells') ?? 0);
  }
}

function graphNodes(node: LintNode, fail: Fail): void {
  for (const child of node.children) {
    if (child.base !== 'endpoint' && property(child, 'remote-endpoint') === undefined) continue;
    if (node.parent === undefined) {
      fail(node, `the root has an endpoint ${child.name}`);
      continue;
    }
    node.bus = 'graph-port';
    const { parent } = node;
    if (parent.bus === undefined && (parent.name === 'ports' || property(node, 'reg') !== undefined))
      parent.bus = 'graph-ports';
    return;
  }
}

function graphReg(node: LintNode, fail: Fail): void {
  const reg = property(node, 'reg');
  if (reg === undefined || node.parent === undefined) return;
  if (reg.value.length !== CELL) {
    fail(node, 'its reg is not one cell');
    return;
  }
  const expected = (cellAt(reg.value, 0) ?? 0).toString(16);
  if (node.unit !== expected) fail(node, `its unit address is ${expected} by its reg`);
  const { addressCells = -1, sizeCells = -1 } = node.parent;
  if (addressCells !== 1) fail(node, `#address-cells above it is ${addressCells}, and must be 1`);
  if (sizeCells !== 0) fail(node, `#size-cells above it is ${sizeCells}, and must be 0`);
}

/** @param fail absent: nothing is told */
function remoteOf(node: LintNode, tree: LintTree, fail: Fail): LintNode | undefined {
  const remote = property(node, 'remote-endpoint');
  const phandle = remote && cellAt(remote.value, 0);
  if (remote === undefined || !isPhandle(phandle)) return undefined;
  const target = tree.byPhandle(phandle);
  if (target === undefined) fail(node, 'no node has that phandle', remote);
  return target;
}

function graphEndpoint(node: LintNode, fail: Fail, tree: LintTree): void {
  if (node.parent?.bus !== 'graph-port') return;
  if (node.base !== 'endpoint') fail(node, 'the name of an endpoint is endpoint');
  graphReg(node, fail);
  const remote = remoteOf(node, tree, fail);
  if (remote === undefined) return;
  if (remoteOf(remote, tree, fail) !== node) fail(node, `the connection to ${remote.path} goes one way only`);
}

function graphChildAddress(node: LintNode, fail: Fail): void {
  if (node.bus !== 'graph-ports' && node.bus !== 'graph-port') return;
  const far = node.children.some((child) => (firstCell(child.node, 'reg') ?? 0) !== 0);
  const [only] = node.children;
  if (far || node.children.length !== 1 || only === undefined || node.addressCells === undefined) return;
  fail(node, `it has one child (${only.name}), which needs no #address-cells and #size-cells`);
}

/** A property of /chosen. */
const ofChosen = (name: string, about: string, look: (node: LintNode, fail: Fail) => void): LintCheck => ({
  name,
  about,
  level: 'warning',
  needs: [],
  node: (node, fail) => {
    if (node.name === 'chosen') look(node, fail);
  },
});

const mustBeString = (node: LintNode, fail: Fail, found: DtProperty | undefined): void => {
  if (found !== undefined && !isString(found)) fail(node, 'the property is not one string', found);
};

export const REFERENCE_CHECKS: readonly LintCheck[] = [
  {
    name: 'obsolete_chosen_interrupt_controller',
    about: '/chosen has no interrupt-controller',
    level: 'warning',
    needs: [],
    tree: (tree, fail) => {
      const chosen = tree.byPath('/chosen');
      const old = chosen && property(chosen, 'interrupt-controller');
      if (old !== undefined) fail(tree.root, '/chosen has an interrupt-controller, which is obsolete', old);
    },
  },
  ofChosen('chosen_node_is_root', 'chosen is a child of the root', (node, fail) => {
    if (node.parent === undefined || node.parent.parent !== undefined)
      fail(node, 'chosen is a child of the root, or has another name');
  }),
  ofChosen('chosen_node_bootargs', 'bootargs is one string', (node, fail) =>
    mustBeString(node, fail, property(node, 'bootargs')),
  ),
  ofChosen('chosen_node_stdout_path', 'stdout-path is one string', (node, fail) => {
    const old = property(node, 'linux,stdout-path');
    const path = property(node, 'stdout-path');
    if (path === undefined && old !== undefined) fail(node, 'it is called stdout-path now', old);
    mustBeString(node, fail, path ?? old);
  }),
  ...PROVIDER_CHECKS,
  {
    name: 'deprecated_gpio_property',
    about: 'properties of GPIOs end in gpios',
    level: 'off',
    needs: [],
    node: (node, fail) => {
      for (const one of node.node.properties)
        if (isGpio(one) && one.name.endsWith('gpio')) fail(node, 'its name ends in gpios now', one);
    },
  },
  {
    name: 'gpios_property',
    about: 'what ends in gpios or gpio names nodes, each with as many cells as it asks for',
    level: 'warning',
    needs: ['phandle_references'],
    node: (node, fail, tree) => {
      if (property(node, 'gpio-hog') !== undefined) return;
      for (const one of node.node.properties)
        if (isGpio(one)) phandlesWithArguments(tree, node, one, { cells: '#gpio-cells' }, fail);
    },
  },
  {
    name: 'interrupts_property',
    about: "interrupts are whole entries of the controller's cells",
    level: 'warning',
    needs: ['phandle_references'],
    node: interrupts,
  },
  {
    name: 'interrupt_provider',
    about: 'interrupt controllers have #interrupt-cells, and others have not',
    level: 'warning',
    needs: ['interrupts_extended_is_cell'],
    node: (node, fail) => {
      const cells = property(node, '#interrupt-cells') !== undefined;
      if (givesInterrupts(node) && !cells) fail(node, 'an interrupt controller without #interrupt-cells');
      if (!givesInterrupts(node) && cells)
        fail(node, 'it has #interrupt-cells and is no interrupt controller');
    },
  },
  {
    name: 'interrupt_map',
    about: 'interrupt-map is whole entries',
    level: 'warning',
    needs: ['phandle_references', 'addr_size_cells', 'interrupt_provider'],
    node: interruptMap,
  },
  {
    name: 'alias_paths',
    about: 'aliases have lower-case names and are paths of nodes',
    level: 'warning',
    needs: [],
    node: (node, fail, tree) => {
      if (node.name !== 'aliases') return;
      for (const one of node.node.properties) {
        if (one.name === 'phandle' || one.name === 'linux,phandle') continue;
        const path = cString(one);
        if (one.value.length === 0 || tree.byPath(path) === undefined)
          fail(node, `there is no node ${path}`, one);
        else if (/[^a-z0-9-]/.test(one.name))
          fail(node, 'the name of an alias has lower-case letters, digits and - only');
      }
    },
  },
  {
    name: 'graph_nodes',
    about: 'ports and endpoints can be told',
    level: 'warning',
    needs: [],
    node: graphNodes,
  },
  {
    name: 'graph_port',
    about: 'ports have such names and addresses',
    level: 'warning',
    needs: ['graph_nodes'],
    node: (node, fail) => {
      if (node.bus !== 'graph-port') return;
      if (node.base !== 'port') fail(node, 'the name of a port is port');
      graphReg(node, fail);
    },
  },
  {
    name: 'graph_endpoint',
    about: 'endpoints have such names and addresses, and connect both ways',
    level: 'warning',
    needs: ['graph_nodes'],
    node: graphEndpoint,
  },
  {
    name: 'graph_child_address',
    about: 'a single port or endpoint has no address',
    level: 'warning',
    needs: ['graph_nodes', 'graph_port', 'graph_endpoint'],
    node: graphChildAddress,
  },
  {
    name: 'always_fail',
    about: 'fails, to try -W and -E',
    level: 'off',
    needs: [],
    node: (node, fail) => {
      if (node.parent === undefined) fail(node, 'this check always fails');
    },
  },
];
