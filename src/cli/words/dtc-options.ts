/** The options of dtc, for people whose scripts call it: as `dt` takes them, and which it refuses by name. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { didYouMean } from '../../devicetree/did-you-mean.ts';
import type { EncodeDtbOptions } from '../../devicetree/dtb.ts';
import { CHECKS } from '../../devicetree/dts/checks.ts';
import { UsageError } from '../failures.ts';

/** What is read of them; `I` and `i` are the two meanings of -I. */
export interface DtcOptions {
  readonly i?: readonly string[];
  readonly sort?: boolean;
  readonly autoAlias?: boolean;
  readonly localFixups?: boolean;
  readonly pad?: number;
  readonly space?: number;
  readonly align?: number;
  readonly reserve?: number;
  readonly bootCpu?: number;
  readonly outDependency?: string;
  readonly quiet?: boolean;
}

/** Their names as `DtcOptions` has them, for commands that take none of them. */
export const DTC_OPTIONS: ReadonlyMap<string, string> = new Map([
  ['i', '-i'],
  ['sort', '--sort'],
  ['autoAlias', '--auto-alias'],
  ['localFixups', '--local-fixups'],
  ['pad', '--pad'],
  ['space', '--space'],
  ['align', '--align'],
  ['reserve', '--reserve'],
  ['bootCpu', '--boot-cpu'],
  ['outDependency', '--out-dependency'],
  ['quiet', '--quiet'],
  ['warning', '--warning'],
  ['error', '--error'],
  ['phandle', '--phandle'],
  ['annotate', '--annotate'],
  ['f', '-f'],
]);

export type DtcInput = 'dts' | 'dtb' | 'fs';

const INPUTS: readonly string[] = ['dts', 'dtb', 'fs'];

/** Tells dtc's input formats from the directories that -I names too. */
export function splitInclude(words: readonly string[] = []): {
  readonly format: DtcInput | undefined;
  readonly directories: readonly string[];
} {
  const isFormat = (word: string): word is DtcInput => INPUTS.includes(word);
  return {
    format: words.filter(isFormat).at(-1),
    directories: words.filter((word) => !isFormat(word)),
  };
}

/** As large as a blob may get by an option: beyond what any input may have. */
const MAX_BYTES = 64 * 1024 * 1024;

function readNumber(limit: number): (text: string) => number {
  return (text) => {
    const value = /^(0|[1-9][0-9]*|0x[0-9a-f]+)$/i.test(text) ? Number(text) : Number.NaN;
    if (value <= limit) return value;
    throw new InvalidArgumentError(`Expected a number, decimal or 0x hexadecimal, up to ${limit}.`);
  };
}

function readAlign(text: string): number {
  const value = readNumber(MAX_BYTES)(text);
  if (value > 0 && 2 ** Math.round(Math.log2(value)) === value) return value;
  throw new InvalidArgumentError('Expected a power of two.');
}

/** dtc's checks that only warn, which `check` makes. */
const WARNING_CHECKS: readonly string[] = [
  'addr_size_cells',
  'address_cells_is_cell',
  'alias_paths',
  'always_fail',
  'avoid_default_addr_size',
  'avoid_unnecessary_addr_size',
  'chosen_node_bootargs',
  'chosen_node_is_root',
  'chosen_node_stdout_path',
  'clocks_is_cell',
  'clocks_property',
  'compatible_is_string_list',
  'cooling_device_is_cell',
  'cooling_device_property',
  'deprecated_gpio_property',
  'device_type_is_string',
  'dma_ranges_format',
  'dmas_is_cell',
  'dmas_property',
  'gpios_property',
  'graph_child_address',
  'graph_endpoint',
  'graph_nodes',
  'graph_port',
  'hwlocks_is_cell',
  'hwlocks_property',
  'i2c_bus_bridge',
  'i2c_bus_reg',
  'interrupt_map',
  'interrupt_provider',
  'interrupts_extended_is_cell',
  'interrupts_extended_property',
  'interrupts_property',
  'io_channels_is_cell',
  'io_channels_property',
  'iommus_is_cell',
  'iommus_property',
  'label_is_string',
  'mboxes_is_cell',
  'mboxes_property',
  'model_is_string',
  'msi_parent_is_cell',
  'msi_parent_property',
  'mux_controls_is_cell',
  'mux_controls_property',
  'names_is_string_list',
  'node_name_chars_strict',
  'node_name_vs_property_name',
  'pci_bridge',
  'pci_device_bus_num',
  'pci_device_reg',
  'phys_is_cell',
  'phys_property',
  'power_domains_is_cell',
  'power_domains_property',
  'property_name_chars_strict',
  'pwms_is_cell',
  'pwms_property',
  'ranges_format',
  'reg_format',
  'resets_is_cell',
  'resets_property',
  'simple_bus_bridge',
  'simple_bus_reg',
  'size_cells_is_cell',
  'sound_dai_is_cell',
  'sound_dai_property',
  'spi_bus_bridge',
  'spi_bus_reg',
  'status_is_string',
  'thermal_sensors_is_cell',
  'thermal_sensors_property',
  'unique_unit_address',
  'unique_unit_address_if_enabled',
  'unit_address_format',
  'unit_address_vs_reg',
];

/** Takes what changes nothing here: no warning of a check that is not made, errors where errors are. */
function readCheck(kind: '-W' | '-E'): (text: string) => string {
  return (text) => {
    const off = text.startsWith('no-');
    const name = off ? text.slice(3) : text;
    const isOurs = CHECKS.some((check) => check.name === name);
    if (!isOurs && !WARNING_CHECKS.includes(name)) {
      const near = didYouMean(name, [...CHECKS.map((check) => check.name), ...WARNING_CHECKS]);
      throw new InvalidArgumentError(
        `dtc has no check ${name}${near === undefined ? '.' : `; did you mean ${near}?`}`,
      );
    }
    if (!isOurs && !off) {
      throw new InvalidArgumentError(
        `Of dtc's checks dt makes only those that refuse a source, and not ${name}: dmaheap check -W ${name} does.`,
      );
    }
    if (isOurs && off && kind === '-E')
      throw new InvalidArgumentError(`The check ${name} cannot be left out.`);
    return text;
  };
}

/** Adds them to the command `dt`. */
export function addDtcOptions(command: Command): void {
  const group = (flags: string, about: string) => new Option(flags, about).hideHelp();
  const add = (flags: string, about: string, read?: (text: string) => unknown) => {
    const option = group(flags, about);
    command.addOption(read === undefined ? option : option.argParser(read));
  };
  command.addOption(
    group('-i <dir>', 'as -I DIR').argParser((text: string, before: readonly string[] = []) => [
      ...before,
      text,
    ]),
  );
  add('-s, --sort', 'sort properties and nodes by name');
  add('-A, --auto-alias', "add source's labels to /aliases");
  add('-L, --local-fixups', 'add __fixups__ and __local_fixups__ to a source that is no plugin');
  add('-b, --boot-cpu <number>', "the boot processor's number", readNumber(0xffffffff));
  add('-p, --pad <bytes>', 'zeroes at the end of a blob', readNumber(MAX_BYTES));
  add('-S, --space <bytes>', 'at least so large a blob', readNumber(MAX_BYTES));
  add('-a, --align <bytes>', "a multiple of it as a blob's size", readAlign);
  add('-R, --reserve <number>', 'empty entries among the reservations of a blob', readNumber(100_000));
  add('-d, --out-dependency <file>', 'write what the output is made of, as make reads it');
  add('-q, --quiet', 'no warnings');
  add(
    '-W, --warning <check>',
    'taken where it changes nothing: no-NAME of a check that only warns',
    readCheck('-W'),
  );
  add('-E, --error <check>', 'the same', readCheck('-E'));
  command.addOption(
    group('-H, --phandle <form>', 'epapr: "phandle" properties, the only form here').argParser(
      (text: string) => {
        if (text === 'epapr') return text;
        throw new InvalidArgumentError('Expected epapr: "linux,phandle" is not written.');
      },
    ),
  );
  for (const { flags } of REFUSED) command.addOption(new Option(flags).hideHelp());
  command.addHelpText('after', DTC_HELP);
}

/** For those who come from dtc; each in docs/device-tree.md. */
const DTC_HELP = `
As in dtc (docs/device-tree.md says what each does):
  -i DIR, -s, -A, -L, -b N, -p BYTES, -S BYTES, -a BYTES, -R N, -d FILE, -q,
  -W CHECK, -E CHECK, -H epapr
`;

/** What dtc has and we have not, by the names under which commander keeps it. */
const REFUSED = [
  { flags: '-f', key: 'f', why: 'A tree with errors is not written; --force writes a blob to a terminal' },
  { flags: '-T, --annotate', key: 'annotate', why: 'Use --origin' },
] as const;

/** @throws UsageError for an option of dtc that has no meaning here */
export function refuseUnsupported(options: object): void {
  for (const { flags, key, why } of REFUSED) {
    if (key in options) throw new UsageError(`dtc's ${flags} is not supported`, why);
  }
}

/** What is about a blob, refused where none is written. */
export function encodeOptions(options: DtcOptions, output: 'dts' | 'dtb' | undefined): EncodeDtbOptions {
  const { pad, space, align, reserve } = options;
  if (output !== 'dtb') {
    for (const [name, value] of Object.entries({ pad, space, align, reserve })) {
      if (value !== undefined)
        throw new UsageError(`--${name} is about blobs`, 'Add -O dtb, or leave it out');
    }
  }
  if ((pad ?? 0) > 0 && (space ?? 0) > 0) throw new UsageError('--pad and --space exclude each other');
  return {
    ...(pad === undefined ? {} : { padding: pad }),
    ...(space === undefined ? {} : { minimum: space }),
    ...(align === undefined ? {} : { align }),
    ...(reserve === undefined ? {} : { emptyReserves: reserve }),
  };
}

/** A rule for make without commands: dtc escapes spaces and nothing else. */
export const dependencyRule = (target: string, files: readonly string[]): string =>
  `${target.replaceAll(' ', '\\ ')}:${files.map((file) => ` ${file.replaceAll(' ', '\\ ')}`).join('')}\n`;
