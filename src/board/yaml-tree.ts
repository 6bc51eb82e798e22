/**
 * A YAML board as the device tree that says the same: the properties' bytes, so that everything after this
 * reads one kind of tree.
 */
import type { DeviceTree, MemReserve } from '../devicetree/tree.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { type ConfigValue, readGiven } from '../profile/given-option.ts';
import { nameKernel } from '../profile/named-kernel.ts';
import { presetNames, presetOf } from '../profile/presets.ts';
import { type Cells, type Growing, GrowingTree, type Path } from './growing-tree.ts';
import type { NamedByFile } from './named-by-file.ts';
import { optionMeant } from './option-meant.ts';
import { DeviceNodes } from './yaml-devices.ts';
import { isReservedMemoryProperty } from './yaml-problems.ts';
import { shown, type YamlEntry, type YamlMap, type YamlSource } from './yaml-source.ts';
import { cellBytes, countOf, entriesOf, entryOf, flagOf, numberOf, stringBytes } from './yaml-values.ts';

export interface BuiltTree extends NamedByFile {
  readonly tree: DeviceTree;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Builds the device tree of a YAML board.
 *
 * @param board what the schema accepted (`checkSchema().sound`)
 * @param source where it stands, for positions
 */
export function buildTree(board: YamlMap, source: YamlSource): BuiltTree {
  return new TreeBuilder(board, source).build();
}

const ROOT_CELLS = 2;

class TreeBuilder {
  readonly #board: YamlMap;
  readonly #tree: GrowingTree;
  readonly #regions = new Map<string, Growing>();
  readonly #labels = new Map<string, Growing>();

  constructor(board: YamlMap, source: YamlSource) {
    this.#board = board;
    this.#tree = new GrowingTree(source);
  }

  build(): BuiltTree {
    const get = (key: string): YamlEntry | undefined => entryOf(this.#board, key);
    const cells: Cells = {
      address: countOf(get('#address-cells')) ?? ROOT_CELLS,
      size: countOf(get('#size-cells')) ?? ROOT_CELLS,
    };
    this.#tree.strings(this.#tree.root, get('model'));
    this.#tree.strings(this.#tree.root, get('compatible'));
    this.#splitCompatible(get('compatible'));
    this.#tree.put(this.#tree.root, '#address-cells', cellBytes([cells.address]), get('#address-cells'));
    this.#tree.put(this.#tree.root, '#size-cells', cellBytes([cells.size]), get('#size-cells'));
    this.#tree.ranges(
      this.#tree.root,
      get('dma-ranges'),
      ['dma-ranges'],
      [cells.address, cells.address, cells.size],
    );
    this.#memory(get('memory'), cells);
    this.#chosen(get('chosen'));
    this.#reservedMemory(get('reserved-memory'), cells);
    new DeviceNodes(this.#tree, this.#regions, this.#labels).add(get('devices'), cells);
    this.#symbols();
    const memReserves = this.#memReserves(get('memreserve'));
    const kernel = this.#kernel(get('kernel'));
    const preset = this.#preset(get('preset'));
    const config = this.#config(get('config'));
    const arch = get('arch')?.value;
    const { root, diagnostics } = this.#tree;
    return {
      tree: { root, memReserves, bootCpuid: 0 },
      ...(kernel !== undefined && { kernel }),
      ...(preset !== undefined && { preset }),
      ...(config !== undefined && { config }),
      ...(arch?.kind === 'scalar' && { arch: arch.text }),
      diagnostics,
    };
  }

  #kernel(entry: YamlEntry | undefined): string | undefined {
    if (entry?.value.kind !== 'scalar') return undefined;
    const named = nameKernel(entry.value.text);
    if ('problem' in named) {
      this.#tree.report(
        'error',
        'kernel-unknown',
        named.problem,
        entry.value.at,
        ['kernel'],
        named.hint ?? 'dmaheap kernels lists them',
      );
    }
    return entry.value.text;
  }

  #preset(entry: YamlEntry | undefined): string | undefined {
    if (entry?.value.kind !== 'scalar') return undefined;
    const { text, at } = entry.value;
    if (presetOf(text) === undefined) {
      const hint = `presets: ${presetNames().join(', ')}`;
      this.#tree.report('error', 'preset-unknown', `no preset ${shown(text)}`, at, ['preset'], hint);
    }
    return text;
  }

  #config(entry: YamlEntry | undefined): Readonly<Record<string, ConfigValue>> | undefined {
    if (entry?.value.kind !== 'map') return undefined;
    const config: Record<string, ConfigValue> = {};
    for (const { key, value } of entry.value.entries) {
      if (value.kind !== 'scalar') continue;
      const name = key.startsWith('CONFIG_') ? key : `CONFIG_${key}`;
      const plain = value.plain && /^(true|false)$/i.test(value.text);
      const option = plain ? value.text.toLowerCase() === 'true' : value.text;
      const read = readGiven(name, option);
      if ('options' in read) config[name] = option;
      else {
        const isUnknown = read.problem === 'unknown';
        const message = isUnknown
          ? `${shown(key)} is no option that is modelled`
          : `${shown(key)}: bad value`;
        const code = isUnknown ? 'config-unknown' : 'config-value';
        const near = optionMeant(name);
        const known = near === undefined ? 'dmaheap config lists those that are' : `did you mean ${near}?`;
        const hint = isUnknown ? known : `expected ${read.expected}`;
        this.#tree.report('error', code, message, value.at, ['config', key], hint);
      }
    }
    return config;
  }

  /** `compatible: [acme,board]` is a list of two in YAML, and was meant as one. */
  #splitCompatible(entry: YamlEntry | undefined): void {
    if (entry?.value.kind !== 'seq' || !entry.value.flow) return;
    const texts = entry.value.items.map((item) => (item.kind === 'scalar' && item.plain ? item.text : ','));
    const at = texts.findIndex(
      (text, index) => !text.includes(',') && texts[index + 1]?.includes(',') === false,
    );
    if (at < 0) return;
    const joined = `${texts[at]},${texts[at + 1]}`;
    this.#tree.report(
      'warning',
      'board-split-compatible',
      `'compatible' is a list here of ${shown(`${texts[at]} and ${texts[at + 1]}`)}`,
      entry.value.at,
      ['compatible'],
      `for one name with a comma write "${shown(joined)}", with the quotes`,
    );
  }

  #memory(entry: YamlEntry | undefined, cells: Cells): void {
    const reg = entry === undefined ? undefined : entryOf(entry.value, 'reg');
    if (entry === undefined || reg === undefined) return;
    const first = entriesOf(reg.value)[0]?.[0];
    const unit = first === undefined ? '' : `@${numberOf(first).toString(16)}`;
    const node = this.#tree.addNode(this.#tree.root, `memory${unit}`, entry);
    this.#tree.put(node, 'device_type', stringBytes(['memory']), undefined);
    this.#tree.ranges(node, reg, ['memory', 'reg'], [cells.address, cells.size]);
  }

  #chosen(entry: YamlEntry | undefined): void {
    if (entry === undefined) return;
    this.#tree.strings(
      this.#tree.addNode(this.#tree.root, 'chosen', entry),
      entryOf(entry.value, 'bootargs'),
    );
  }

  #memReserves(entry: YamlEntry | undefined): MemReserve[] {
    if (entry === undefined) return [];
    return entriesOf(entry.value).map(([address, size]) => ({
      address: address === undefined ? 0n : numberOf(address),
      size: size === undefined ? 0n : numberOf(size),
    }));
  }

  #reservedMemory(entry: YamlEntry | undefined, root: Cells): void {
    if (entry?.value.kind !== 'map') return;
    const node = this.#tree.addNode(this.#tree.root, 'reserved-memory', entry);
    const get = (key: string): YamlEntry | undefined => entryOf(entry.value, key);
    const cells: Cells = {
      address: countOf(get('#address-cells')) ?? root.address,
      size: countOf(get('#size-cells')) ?? root.size,
    };
    this.#tree.put(node, '#address-cells', cellBytes([cells.address]), get('#address-cells'));
    this.#tree.put(node, '#size-cells', cellBytes([cells.size]), get('#size-cells'));
    const ranges = get('ranges');
    if (ranges === undefined || flagOf(ranges)) this.#tree.put(node, 'ranges', new Uint8Array(0), ranges);
    for (const child of entry.value.entries) {
      if (!isReservedMemoryProperty(child.key)) this.#region(node, child, cells);
    }
  }

  #region(parent: Growing, entry: YamlEntry, cells: Cells): void {
    const path = ['reserved-memory', entry.key];
    if (!this.#tree.nameOk(entry.key, entry.keyAt, path)) return;
    const node = this.#tree.addNode(parent, entry.key, entry);
    const get = (key: string): YamlEntry | undefined => entryOf(entry.value, key);
    this.#tree.strings(node, get('compatible'));
    this.#tree.strings(node, get('status'));
    this.#tree.ranges(node, get('reg'), [...path, 'reg'], [cells.address, cells.size]);
    this.#tree.number(node, get('size'), [...path, 'size'], cells.size);
    this.#tree.number(node, get('alignment'), [...path, 'alignment'], cells.address);
    this.#tree.ranges(node, get('alloc-ranges'), [...path, 'alloc-ranges'], [cells.address, cells.size]);
    for (const flag of FLAGS) this.#tree.flag(node, get(flag));
    this.#checkBase(entry.key, get('reg'), path);
    this.#ownPhandle(node, get('phandle'), path);
    this.#regions.set(entry.key, node);
    this.#label(node, get('label'), path);
  }

  /** `pool@50000000` with a decimal 50000000 in `reg`: the 0x was forgotten. */
  #checkBase(name: string, reg: YamlEntry | undefined, path: Path): void {
    const base = reg === undefined ? undefined : entriesOf(reg.value)[0]?.[0];
    const unit = /@([1-9][0-9]*)$/.exec(name)?.[1];
    if (base?.kind !== 'scalar' || unit === undefined || unit.length < 4 || base.text !== unit) return;
    this.#tree.report(
      'warning',
      'board-missing-0x',
      `'reg' of ${shown(name)}: ${unit} is a decimal number here, 0x${BigInt(unit).toString(16)}`,
      base.at,
      [...path, 'reg'],
      `write 0x${unit}, if that was meant`,
    );
  }

  #ownPhandle(node: Growing, entry: YamlEntry | undefined, path: Path): void {
    if (entry === undefined) return;
    const phandle = Number(numberOf(entry.value));
    const other = this.#tree.withPhandle(phandle);
    if (other !== undefined) {
      this.#tree.error(
        'board-duplicate-phandle',
        `'phandle' of ${shown(node.name)}: ${phandle} is that of ${shown(other.name)} already`,
        entry.value.at,
        [...path, 'phandle'],
        'leave phandles out: nodes are referred to by name here',
      );
    }
    this.#tree.setPhandle(node, phandle, entry);
  }

  #label(node: Growing, entry: YamlEntry | undefined, path: Path): void {
    if (entry?.value.kind !== 'scalar') return;
    const label = entry.value.text;
    const other = this.#labels.get(label);
    if (other !== undefined) {
      this.#tree.error(
        'board-duplicate-label',
        `'label' of ${shown(node.name)}: ${shown(label)} is that of ${shown(other.name)} already`,
        entry.value.at,
        [...path, 'label'],
        'give each node a label of its own',
      );
    }
    this.#labels.set(label, node);
  }

  /** What `dtc -@` makes of labels: symbols, and a phandle each. */
  #symbols(): void {
    if (this.#labels.size === 0) return;
    for (const node of this.#labels.values()) this.#tree.phandle(node);
    const symbols: Growing = { name: '__symbols__', properties: [], children: [] };
    for (const [label, node] of this.#labels) {
      const value = stringBytes([`/reserved-memory/${node.name}`]);
      symbols.properties.push({ name: label, value });
    }
    this.#tree.root.children.push(symbols);
  }
}

const FLAGS = ['no-map', 'reusable', 'linux,cma-default', 'linux,dma-default'];
