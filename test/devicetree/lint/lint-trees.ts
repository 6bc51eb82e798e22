/** A tree with which dtc's checks are content, and for each check a change that it is not content with. */
import { concatenate } from '../../../src/devicetree/dts/concatenate.ts';
import type { DtNode } from '../../../src/devicetree/tree.ts';
import { cells, flag, node, strings } from '../build-tree.ts';

/** Every sort of node that a check looks at. */
export const GOOD: DtNode = node(
  '',
  { compatible: 'lab,board', model: 'Board', '#address-cells': 1, '#size-cells': 1, 'interrupt-parent': 1 },
  [
    node('aliases', { serial0: '/soc/serial@1000' }),
    node('chosen', { bootargs: 'quiet', 'stdout-path': 'serial0' }),
    node('memory@40000000', { device_type: 'memory', reg: cells(0x40000000, 0x1000000) }),
    node('clock', { '#clock-cells': 1, phandle: 2 }),
    node('provider', {
      phandle: 3,
      '#cooling-cells': 2,
      '#dma-cells': 1,
      '#hwlock-cells': 1,
      '#io-channel-cells': 1,
      '#iommu-cells': 1,
      '#mbox-cells': 1,
      '#msi-cells': 1,
      '#mux-control-cells': 1,
      '#phy-cells': 1,
      '#power-domain-cells': 1,
      '#pwm-cells': 1,
      '#reset-cells': 1,
      '#sound-dai-cells': 1,
      '#thermal-sensor-cells': 1,
      '#gpio-cells': 2,
    }),
    node(
      'soc',
      { compatible: 'simple-bus', '#address-cells': 1, '#size-cells': 1, ranges: flag, 'dma-ranges': flag },
      [
        node('interrupt-controller@100', {
          reg: cells(0x100, 0x100),
          'interrupt-controller': flag,
          '#interrupt-cells': 1,
          phandle: 1,
        }),
        node('serial@1000', {
          reg: cells(0x1000, 0x100),
          status: 'okay',
          label: 'debug',
          interrupts: cells(7),
          'interrupts-extended': cells(1, 7),
          clocks: cells(2, 0),
          'clock-names': 'baud',
          'cooling-device': cells(3, 0, 1),
          dmas: cells(3, 0),
          hwlocks: cells(3, 0),
          'io-channels': cells(3, 0),
          iommus: cells(3, 0),
          mboxes: cells(3, 0),
          'msi-parent': cells(3, 0),
          'mux-controls': cells(3, 0),
          phys: cells(3, 0),
          'power-domains': cells(3, 0),
          pwms: cells(3, 0),
          resets: cells(3, 0),
          'sound-dai': cells(3, 0),
          'thermal-sensors': cells(3, 0),
          'reset-gpios': cells(3, 1, 0),
        }),
        node('i2c@2000', { reg: cells(0x2000, 0x100), '#address-cells': 1, '#size-cells': 0 }, [
          node('sensor@48', { reg: 0x48 }),
        ]),
        node('spi@3000', { reg: cells(0x3000, 0x100), '#address-cells': 1, '#size-cells': 0 }, [
          node('flash@0', { reg: 0 }),
        ]),
        node(
          'pcie@4000',
          {
            reg: cells(0x4000, 0x100),
            device_type: 'pci',
            '#address-cells': 3,
            '#size-cells': 2,
            ranges: cells(0x2000000, 0, 0, 0x8000, 0, 0x1000),
            'bus-range': cells(0, 1),
            '#interrupt-cells': 1,
            'interrupt-map': cells(0, 0, 0, 1, 1, 9),
            'interrupt-map-mask': cells(0, 0, 0, 7),
          },
          [node('device@1', { reg: cells(0x800, 0, 0, 0, 0) })],
        ),
        node('display@5000', { reg: cells(0x5000, 0x100) }, [
          node('port', {}, [node('endpoint', { 'remote-endpoint': 11, phandle: 10 })]),
        ]),
        node('camera@6000', { reg: cells(0x6000, 0x100) }, [
          node('ports', { '#address-cells': 1, '#size-cells': 0 }, [
            node('port@0', { reg: 0 }, [node('endpoint', { 'remote-endpoint': 10, phandle: 11 })]),
            node('port@1', { reg: 1 }),
          ]),
        ]),
      ],
    ),
  ],
);

type Value = Parameters<typeof node>[1] extends Readonly<Record<string, infer V>> | undefined ? V : never;

/** The tree with the node at a path changed. */
export function at(root: DtNode, path: string, change: (found: DtNode) => DtNode): DtNode {
  const [first, ...rest] = path.split('/').filter((part) => part !== '');
  if (first === undefined) return change(root);
  if (!root.children.some(({ name }) => name === first)) throw new Error(`no node ${path}`);
  const children = root.children.map((child) =>
    child.name === first ? at(child, rest.join('/'), change) : child,
  );
  return { ...root, children };
}

const set = (path: string, properties: Readonly<Record<string, Value>>): DtNode =>
  at(GOOD, path, (found) => {
    const more = node('', properties).properties;
    const kept = found.properties.filter(({ name }) => !more.some((one) => one.name === name));
    return { ...found, properties: [...kept, ...more] };
  });

const without = (path: string, ...names: readonly string[]): DtNode =>
  at(GOOD, path, (found) => ({
    ...found,
    properties: found.properties.filter(({ name }) => !names.includes(name)),
  }));

const called = (path: string, name: string): DtNode => at(GOOD, path, (found) => ({ ...found, name }));

const add = (path: string, ...children: readonly DtNode[]): DtNode =>
  at(GOOD, path, (found) => ({ ...found, children: [...found.children, ...children] }));

const TEXT = concatenate([strings('a'), Uint8Array.of(0x62)]);
const WIDE = cells(1, 2);
const SERIAL = '/soc/serial@1000';

/** The cells of a provider, and a list that names one without them. */
const provider = (
  name: string,
  list: string,
  cellName: string,
): Record<string, readonly [DtNode, string]> => ({
  [`${name}_is_cell`]: [set('/provider', { [cellName]: WIDE }), '/provider'],
  [`${name}_property`]: [set(SERIAL, { [list]: cells(3) }), SERIAL],
});

/** By check: the tree, and the node that it must name. */
export const BAD: Readonly<Record<string, readonly [tree: DtNode, path: string]>> = {
  duplicate_node_names: [add('/', node('clock')), '/clock'],
  duplicate_property_names: [
    at(GOOD, '/clock', (found) => ({
      ...found,
      properties: [...found.properties, ...found.properties.slice(0, 1)],
    })),
    '/clock',
  ],
  node_name_chars: [called('/clock', 'cl~ck'), '/cl~ck'],
  node_name_format: [called('/clock', 'clock@1@2'), '/clock@1@2'],
  property_name_chars: [set('/clock', { 'a~b': 1 }), '/clock'],
  name_is_string: [set('/clock', { name: TEXT }), '/clock'],
  name_properties: [set('/clock', { name: 'clack' }), '/clock'],
  node_name_vs_property_name: [set('/', { clock: 1 }), '/clock'],
  explicit_phandles: [set('/clock', { phandle: 3 }), '/provider'],
  address_cells_is_cell: [set('/soc', { '#address-cells': WIDE }), '/soc'],
  size_cells_is_cell: [set('/soc', { '#size-cells': WIDE }), '/soc'],
  device_type_is_string: [set('/memory@40000000', { device_type: TEXT }), '/memory@40000000'],
  model_is_string: [set('/', { model: TEXT }), '/'],
  status_is_string: [set(SERIAL, { status: TEXT }), SERIAL],
  label_is_string: [set(SERIAL, { label: TEXT }), SERIAL],
  compatible_is_string_list: [set('/', { compatible: TEXT }), '/'],
  names_is_string_list: [set(SERIAL, { 'clock-names': TEXT }), SERIAL],
  property_name_chars_strict: [set('/clock', { 'a+b': 1 }), '/clock'],
  node_name_chars_strict: [called('/clock', 'cl.ck'), '/cl.ck'],
  reg_format: [set('/memory@40000000', { reg: cells(1, 2, 3) }), '/memory@40000000'],
  ranges_format: [set('/soc', { ranges: cells(1, 2) }), '/soc'],
  dma_ranges_format: [set('/soc', { 'dma-ranges': cells(1, 2) }), '/soc'],
  unit_address_vs_reg: [called('/clock', 'clock@1'), '/clock@1'],
  unit_address_format: [called('/memory@40000000', 'memory@040000000'), '/memory@040000000'],
  pci_bridge: [without('/soc/pcie@4000', 'ranges'), '/soc/pcie@4000'],
  pci_device_reg: [called('/soc/pcie@4000/device@1', 'device@2'), '/soc/pcie@4000/device@2'],
  pci_device_bus_num: [
    set('/soc/pcie@4000/device@1', { reg: cells(0x50800, 0, 0, 0, 0) }),
    '/soc/pcie@4000/device@1',
  ],
  simple_bus_reg: [called(SERIAL, 'serial@1001'), '/soc/serial@1001'],
  i2c_bus_bridge: [set('/soc/i2c@2000', { '#size-cells': 1 }), '/soc/i2c@2000'],
  i2c_bus_reg: [set('/soc/i2c@2000/sensor@48', { reg: 0x99 }), '/soc/i2c@2000/sensor@48'],
  spi_bus_bridge: [set('/soc/spi@3000', { '#size-cells': 1 }), '/soc/spi@3000'],
  spi_bus_reg: [called('/soc/spi@3000/flash@0', 'flash@1'), '/soc/spi@3000/flash@1'],
  avoid_default_addr_size: [without('/', '#size-cells'), '/memory@40000000'],
  avoid_unnecessary_addr_size: [
    add('/', node('idle', { '#address-cells': 1, '#size-cells': 0 }, [node('child')])),
    '/idle',
  ],
  unique_unit_address: [add('/', node('other@40000000', { reg: cells(0x40000000, 1) })), '/memory@40000000'],
  unique_unit_address_if_enabled: [
    add('/', node('other@40000000', { reg: cells(0x40000000, 1), status: 'okay' })),
    '/memory@40000000',
  ],
  obsolete_chosen_interrupt_controller: [set('/chosen', { 'interrupt-controller': 1 }), '/'],
  chosen_node_is_root: [add('/soc', node('chosen')), '/soc/chosen'],
  chosen_node_bootargs: [set('/chosen', { bootargs: TEXT }), '/chosen'],
  chosen_node_stdout_path: [set('/chosen', { 'stdout-path': TEXT }), '/chosen'],
  ...provider('cooling_device', 'cooling-device', '#cooling-cells'),
  ...provider('dmas', 'dmas', '#dma-cells'),
  ...provider('hwlocks', 'hwlocks', '#hwlock-cells'),
  ...provider('io_channels', 'io-channels', '#io-channel-cells'),
  ...provider('iommus', 'iommus', '#iommu-cells'),
  ...provider('mboxes', 'mboxes', '#mbox-cells'),
  ...provider('msi_parent', 'msi-parent', '#msi-cells'),
  ...provider('mux_controls', 'mux-controls', '#mux-control-cells'),
  ...provider('phys', 'phys', '#phy-cells'),
  ...provider('power_domains', 'power-domains', '#power-domain-cells'),
  ...provider('pwms', 'pwms', '#pwm-cells'),
  ...provider('resets', 'resets', '#reset-cells'),
  ...provider('sound_dai', 'sound-dai', '#sound-dai-cells'),
  ...provider('thermal_sensors', 'thermal-sensors', '#thermal-sensor-cells'),
  clocks_is_cell: [set('/clock', { '#clock-cells': WIDE }), '/clock'],
  clocks_property: [set(SERIAL, { clocks: cells(99, 0) }), SERIAL],
  interrupts_extended_is_cell: [
    set('/soc/interrupt-controller@100', { '#interrupt-cells': WIDE }),
    '/soc/interrupt-controller@100',
  ],
  interrupts_extended_property: [set(SERIAL, { 'interrupts-extended': cells(1) }), SERIAL],
  deprecated_gpio_property: [set(SERIAL, { 'reset-gpio': cells(3, 1, 0) }), SERIAL],
  gpios_property: [set(SERIAL, { 'reset-gpios': cells(3, 1) }), SERIAL],
  interrupts_property: [without('/', 'interrupt-parent'), SERIAL],
  interrupt_provider: [
    without('/soc/interrupt-controller@100', '#interrupt-cells'),
    '/soc/interrupt-controller@100',
  ],
  interrupt_map: [set('/soc/pcie@4000', { 'interrupt-map': cells(0, 0, 0, 1) }), '/soc/pcie@4000'],
  alias_paths: [set('/aliases', { serial0: '/soc/serial@9' }), '/aliases'],
  graph_nodes: [add('/', node('endpoint')), '/'],
  graph_port: [called('/soc/camera@6000/ports/port@0', 'part@0'), '/soc/camera@6000/ports/part@0'],
  graph_endpoint: [
    set('/soc/display@5000/port/endpoint', { 'remote-endpoint': 10 }),
    '/soc/camera@6000/ports/port@0/endpoint',
  ],
  graph_child_address: [set('/soc/display@5000/port', { '#address-cells': 1 }), '/soc/display@5000/port'],
  always_fail: [GOOD, '/'],
};

/** Of a tree that is finished, they have nothing to say, or only tell others what a node is. */
export const SILENT: readonly string[] = [
  'phandle_references',
  'path_references',
  'addr_size_cells',
  'simple_bus_bridge',
];
