/** dtc's checks of reg, ranges, unit addresses and buses. dtc: checks.c */
import { propertyCalled } from '../node-lookup.ts';
import type { DtProperty } from '../tree.ts';
import { CELL, cellAt, cellsOf, stringsOf } from '../value.ts';
import type { Fail, LintCheck } from './lint-check.ts';
import { addressCellsOf, cString, type LintNode, sizeCellsOf } from './lint-tree.ts';

const check = (
  name: string,
  about: string,
  needs: readonly string[],
  node: NonNullable<LintCheck['node']>,
  level: LintCheck['level'] = 'warning',
): LintCheck => ({ name, about, level, needs, node });

/** Whether the bytes are a whole number of entries: none of 0 bytes but nothing. */
const isMultiple = (length: number, entry: number): boolean =>
  entry === 0 ? length === 0 : length % entry === 0;

const property = (node: LintNode, name: string): DtProperty | undefined => propertyCalled(node.node, name);

function regFormat(node: LintNode, fail: Fail): void {
  const reg = property(node, 'reg');
  if (reg === undefined) return;
  if (node.parent === undefined) {
    fail(node, 'the root has a reg property');
    return;
  }
  if (reg.value.length === 0) fail(node, 'the property is empty', reg);
  const [address, size] = [addressCellsOf(node.parent), sizeCellsOf(node.parent)];
  if (isMultiple(reg.value.length, (address + size) * CELL)) return;
  fail(
    node,
    `the property has ${reg.value.length} bytes, no whole entries (#address-cells ${address}, #size-cells ${size})`,
    reg,
  );
}

const rangesFormat =
  (name: string) =>
  (node: LintNode, fail: Fail): void => {
    const ranges = property(node, name);
    if (ranges === undefined) return;
    const { parent } = node;
    if (parent === undefined) {
      fail(node, `the root has a ${name} property`, ranges);
      return;
    }
    const [address, size] = [addressCellsOf(node), sizeCellsOf(node)];
    const [above, sizeAbove] = [addressCellsOf(parent), sizeCellsOf(parent)];
    if (ranges.value.length === 0) {
      const differ = (what: string, own: number, theirs: number) => {
        if (own !== theirs)
          fail(
            node,
            `the property is empty, but #${what}-cells (${own}) differs from ${parent.path} (${theirs})`,
            ranges,
          );
      };
      differ('address', address, above);
      differ('size', size, sizeAbove);
      return;
    }
    if (isMultiple(ranges.value.length, (above + address + size) * CELL)) return;
    fail(
      node,
      `the property has ${ranges.value.length} bytes, no whole entries (#address-cells ${address}, #size-cells ${size}, ${above} above)`,
      ranges,
    );
  };

function unitAddressVsReg(node: LintNode, fail: Fail): void {
  if (node.children.some(({ name }) => name === '__overlay__')) return;
  const ranges = property(node, 'ranges');
  const has = property(node, 'reg') !== undefined || (ranges !== undefined && ranges.value.length > 0);
  if (has && node.unit === '') fail(node, 'it has reg or ranges, but no unit address in its name');
  else if (!has && node.unit !== '')
    fail(node, 'it has a unit address in its name, but neither reg nor ranges');
}

function unitAddressFormat(node: LintNode, fail: Fail): void {
  if (node.parent?.bus !== undefined || node.unit === '') return;
  const hex = node.unit.startsWith('0x');
  if (hex) fail(node, 'a unit address has no leading 0x');
  if (/^0[0-9a-fA-F]/.test(hex ? node.unit.slice(2) : node.unit))
    fail(node, 'a unit address has no leading zeroes');
}

function pciBridge(node: LintNode, fail: Fail): void {
  const type = property(node, 'device_type');
  if (type === undefined || cString(type) !== 'pci') return;
  node.bus = 'pci';
  if (node.base !== 'pci' && node.base !== 'pcie') fail(node, 'its name is neither pci nor pcie');
  if (property(node, 'ranges') === undefined) fail(node, 'a PCI bridge without ranges (or no bridge)');
  if (addressCellsOf(node) !== 3) fail(node, 'a PCI bridge has #address-cells 3');
  if (sizeCellsOf(node) !== 2) fail(node, 'a PCI bridge has #size-cells 2');
  const range = property(node, 'bus-range');
  if (range === undefined) return;
  if (range.value.length !== 2 * CELL) {
    fail(node, 'the property is not two cells', range);
    return;
  }
  const [first = 0, last = 0] = cellsOf(range.value);
  if (first > last) fail(node, 'its first cell is greater than its second', range);
  if (last > 0xff) fail(node, 'a bus has a number below 256', range);
}

function pciDeviceReg(node: LintNode, fail: Fail): void {
  const reg = node.parent?.bus === 'pci' ? property(node, 'reg') : undefined;
  if (reg === undefined) return;
  const [place = 0, second = 0, third = 0] = cellsOf(reg.value);
  if (second !== 0 || third !== 0) fail(node, 'cells 2 and 3 of a configuration address are 0', reg);
  if (place >= 0x1000000) fail(node, 'the address is not one of configuration space', reg);
  if ((place & 0xff) !== 0) fail(node, 'the register number of a configuration address is 0', reg);
  const [device, func] = [((place & 0xf800) >> 11).toString(16), (place & 0x700) >> 8];
  if ((func === 0 && node.unit === device) || node.unit === `${device},${func.toString(16)}`) return;
  fail(node, `the unit address of a PCI device is ${device},${func.toString(16)} here`);
}

function pciBusNumber(node: LintNode, fail: Fail): void {
  const reg = node.parent?.bus === 'pci' ? property(node, 'reg') : undefined;
  if (reg === undefined || node.parent === undefined) return;
  const number = ((cellAt(reg.value, 0) ?? 0) >>> 16) & 0xff;
  const range = property(node.parent, 'bus-range');
  const [first = 0, last = 0] = range === undefined ? [0, 0] : cellsOf(range.value);
  if (number < first || number > last)
    fail(node, `bus ${number} is out of range (${first} to ${last})`, range ?? undefined);
}

function simpleBusReg(node: LintNode, fail: Fail): void {
  const { parent } = node;
  if (parent?.bus !== 'simple-bus') return;
  const reg = property(node, 'reg');
  const ranges = property(node, 'ranges');
  const value =
    reg?.value ??
    (ranges !== undefined && ranges.value.length > 0
      ? ranges.value.subarray(addressCellsOf(node) * CELL)
      : undefined);
  if (value === undefined || (reg !== undefined && reg.value.length === 0)) {
    if (parent.parent !== undefined && node.bus !== 'simple-bus')
      fail(node, 'its reg or ranges is missing or empty');
    return;
  }
  let address = 0n;
  for (let i = 0; i < addressCellsOf(parent); i++)
    address = ((address << 32n) | BigInt(cellAt(value, i) ?? 0)) & ((1n << 64n) - 1n);
  const expected = address.toString(16);
  if (node.unit !== expected) fail(node, `its unit address is ${expected} by its reg or ranges`);
}

const I2C_TEN_BIT = 0x80000000;
const I2C_OWN_SLAVE = 0x40000000;

function i2cBridge(node: LintNode, fail: Fail): void {
  if (node.base === 'i2c-bus' || node.base === 'i2c-arb') node.bus = 'i2c';
  else if (node.base !== 'i2c') return;
  else if (node.children.some(({ base }) => base === 'i2c-bus')) return;
  else node.bus = 'i2c';
  if (node.children.length === 0) return;
  if (addressCellsOf(node) !== 1) fail(node, 'an I2C bus has #address-cells 1');
  if (sizeCellsOf(node) !== 0) fail(node, 'an I2C bus has #size-cells 0');
}

function i2cReg(node: LintNode, fail: Fail): void {
  if (node.parent?.bus !== 'i2c') return;
  const reg = property(node, 'reg');
  const first = reg && cellAt(reg.value, 0);
  if (reg === undefined || first === undefined) {
    fail(node, 'its reg is missing or empty');
    return;
  }
  const own = (cell: number) => (cell & ~I2C_OWN_SLAVE) >>> 0;
  if (node.unit !== own(first).toString(16))
    fail(node, `its unit address is ${own(first).toString(16)} by its reg`);
  for (const cell of cellsOf(reg.value).map(own)) {
    if (cell >= I2C_TEN_BIT) {
      if (cell - I2C_TEN_BIT > 0x3ff) fail(node, `0x${cell.toString(16)} is no address of 10 bits`, reg);
    } else if (cell > 0x7f) fail(node, `0x${cell.toString(16)} is no address of 7 bits`, reg);
  }
}

function spiBridge(node: LintNode, fail: Fail): void {
  if (node.base === 'spi') node.bus = 'spi';
  else {
    if (addressCellsOf(node) !== 1 || sizeCellsOf(node) !== 0) return;
    const isSpi = node.children.some((child) =>
      child.node.properties.some(({ name }) => name.startsWith('spi-')),
    );
    if (!isSpi) return;
    node.bus = 'spi';
    if (property(node, 'reg') !== undefined) fail(node, 'the name of an SPI bus is spi');
  }
  if (node.children.length === 0) return;
  const cells = property(node, 'spi-slave') === undefined ? 1 : 0;
  if (addressCellsOf(node) !== cells) fail(node, `this SPI bus has #address-cells ${cells}`);
  if (sizeCellsOf(node) !== 0) fail(node, 'an SPI bus has #size-cells 0');
}

function spiReg(node: LintNode, fail: Fail): void {
  if (node.parent?.bus !== 'spi' || property(node.parent, 'spi-slave') !== undefined) return;
  const reg = property(node, 'reg');
  const first = reg && cellAt(reg.value, 0);
  if (first === undefined) {
    fail(node, 'its reg is missing or empty');
    return;
  }
  if (node.unit !== first.toString(16)) fail(node, `its unit address is ${first.toString(16)} by its reg`);
}

function defaultCells(node: LintNode, fail: Fail): void {
  const { parent } = node;
  if (parent === undefined || (property(node, 'reg') === undefined && property(node, 'ranges') === undefined))
    return;
  if (parent.addressCells === undefined) fail(node, '#address-cells is not said above it, and taken to be 2');
  if (parent.sizeCells === undefined) fail(node, '#size-cells is not said above it, and taken to be 1');
}

function needlessCells(node: LintNode, fail: Fail): void {
  if (node.parent === undefined || node.addressCells === undefined || node.sizeCells === undefined) return;
  if (
    node.children.length === 0 ||
    property(node, 'ranges') !== undefined ||
    property(node, 'dma-ranges') !== undefined
  )
    return;
  if (node.children.some((child) => property(child, 'reg') !== undefined)) return;
  fail(node, '#address-cells and #size-cells have no use without ranges, dma-ranges, or a child with reg');
}

/** Children of one unit address that are told against each other; a tree with more has another problem. */
const MOST_TWINS = 16;

/** Children of a node with one unit address. */
const uniqueUnits =
  (enabledOnly: boolean) =>
  (node: LintNode, fail: Fail): void => {
    if (node.addressCells === undefined || node.sizeCells === undefined) return;
    const known = new Map<string, LintNode[]>();
    for (const child of node.children) {
      if (child.unit === '') continue;
      if (enabledOnly && cString(property(child, 'status')) === 'disabled') continue;
      const earlier = known.get(child.unit) ?? [];
      for (const other of earlier.slice(0, MOST_TWINS))
        fail(other, `${child.path} has the same unit address`);
      if (earlier.length < MOST_TWINS) known.set(child.unit, [...earlier, child]);
    }
  };

export const BUS_CHECKS: readonly LintCheck[] = [
  {
    name: 'addr_size_cells',
    about: '#address-cells and #size-cells can be read',
    level: 'warning',
    needs: ['address_cells_is_cell', 'size_cells_is_cell'],
  },
  check('reg_format', "reg is whole entries in the parent's cells", ['addr_size_cells'], regFormat),
  check('ranges_format', 'ranges is whole entries', ['addr_size_cells'], rangesFormat('ranges')),
  check('dma_ranges_format', 'dma-ranges is whole entries', ['addr_size_cells'], rangesFormat('dma-ranges')),
  check('unit_address_vs_reg', 'a unit address goes with reg or ranges', [], unitAddressVsReg),
  check(
    'pci_bridge',
    'PCI bridges have the cells and names of such',
    ['device_type_is_string', 'addr_size_cells'],
    pciBridge,
  ),
  check(
    'simple_bus_bridge',
    'simple buses can be told',
    ['addr_size_cells', 'compatible_is_string_list'],
    (node) => {
      const compatible = property(node, 'compatible');
      if (compatible !== undefined && stringsOf(compatible.value).includes('simple-bus'))
        node.bus = 'simple-bus';
    },
  ),
  check(
    'unit_address_format',
    'a unit address has no 0x and no leading zeroes',
    ['node_name_format', 'pci_bridge', 'simple_bus_bridge'],
    unitAddressFormat,
  ),
  check(
    'pci_device_reg',
    'PCI devices have a configuration address, and its name',
    ['reg_format', 'pci_bridge'],
    pciDeviceReg,
  ),
  check(
    'pci_device_bus_num',
    "PCI devices are on their bridge's buses",
    ['reg_format', 'pci_bridge'],
    pciBusNumber,
  ),
  check(
    'simple_bus_reg',
    'children of simple buses have their address in the name',
    ['reg_format', 'simple_bus_bridge'],
    simpleBusReg,
  ),
  check('i2c_bus_bridge', 'I2C buses have the cells of such', ['addr_size_cells'], i2cBridge),
  check(
    'i2c_bus_reg',
    'I2C devices have their address in the name',
    ['reg_format', 'i2c_bus_bridge'],
    i2cReg,
  ),
  check('spi_bus_bridge', 'SPI buses have the cells and names of such', ['addr_size_cells'], spiBridge),
  check(
    'spi_bus_reg',
    'SPI devices have their chip select in the name',
    ['reg_format', 'spi_bus_bridge'],
    spiReg,
  ),
  check(
    'avoid_default_addr_size',
    '#address-cells and #size-cells are said where they are used',
    ['addr_size_cells'],
    defaultCells,
  ),
  check(
    'avoid_unnecessary_addr_size',
    '#address-cells and #size-cells are used where they are said',
    ['avoid_default_addr_size'],
    needlessCells,
  ),
  check(
    'unique_unit_address',
    'no two children have one unit address',
    ['avoid_default_addr_size'],
    uniqueUnits(false),
  ),
  check(
    'unique_unit_address_if_enabled',
    'no two children that are enabled have one unit address',
    ['avoid_default_addr_size'],
    uniqueUnits(true),
    'off',
  ),
];
