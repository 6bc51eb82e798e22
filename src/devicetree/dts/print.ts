/**
 * Prints a tree as source, to the byte as dtc 1.8 does. Compiled again it gives the same bytes.
 *
 * What was compiled is printed in the form in which it was written, a blob as its bytes suggest. Not everything
 * that a blob can hold can be written: `bootCpuid` is not part of the language, a `name` property that repeats
 * the node's name is dropped when it is read, and reservations of size 0 end the list in a blob.
 */
import { InvalidInput } from '../../diagnostic.ts';
import type { DeviceTree, DtNode, DtProperty } from '../tree.ts';
import { cellAt } from '../value.ts';
import { MADE_FOR_PLUGIN } from './fixups.ts';
import { PrintedNames } from './printed-names.ts';
import { cellsApart, partsBetween, printParts } from './value-text.ts';

export interface PrintDtsOptions {
  /** Puts in the labels that a compiled tree knows. On unless given as false. */
  readonly labels?: boolean;
  /** Whether it is an overlay: `/plugin/;`. Unless given, a blob with fixups is one. */
  readonly plugin?: boolean | undefined;
  /** A comment at the end of the line of a node or property, without its delimiters. */
  readonly comment?: (entry: DtNode | DtProperty) => string | undefined;
}

const NAME = /^[a-zA-Z0-9,._+*#?@-]+$/;

/**
 * Prints a tree as device-tree source.
 *
 * @throws InvalidInput when a name cannot be written in the language
 */
export function printDts(tree: DeviceTree, options: PrintDtsOptions = {}): string {
  const names = new PrintedNames(tree, options.plugin);
  const printer = new Printer(options, names);
  printer.line('/dts-v1/;');
  if (names.isPlugin) printer.line('/plugin/;');
  printer.line('');
  for (const { address, size, labels = [] } of tree.memReserves) {
    const start = options.labels === false ? '' : labels.map((label) => `${label}: `).join('');
    printer.line(`${start}/memreserve/\t${hex(address)} ${hex(size)};`);
  }
  printer.node(tree.root, '/', '');
  return printer.text();
}

class Printer {
  readonly #options: PrintDtsOptions;
  readonly #names: PrintedNames;
  readonly #lines: string[] = [];

  constructor(options: PrintDtsOptions, names: PrintedNames) {
    this.#options = options;
    this.#names = names;
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  node(node: DtNode, path: string, indent: string): void {
    const name = path === '/' ? '/' : checked(node.name, path);
    this.line(`${indent}${this.#labelsOf(node)}${name} {${this.#comment(node)}`);
    const inner = `${indent}\t`;
    for (const property of node.properties) {
      const value = property.value.length === 0 ? '' : ` = ${this.#value(property)}`;
      const start = this.#labelsOf(property) + checked(property.name, path);
      this.line(`${inner}${start}${value};${this.#comment(property)}`);
    }
    for (const child of node.children) {
      this.line('');
      this.node(child, `${path === '/' ? '' : path}/${child.name}`, inner);
    }
    this.line(`${indent}};`);
  }

  #value(property: DtProperty): string {
    const { value, origin } = property;
    const marks = this.#options.labels === false ? [] : this.#names.marksOf(property);
    const starts = (origin?.pieces ?? []).filter(({ form }) => form !== undefined);
    const parts =
      starts.length > 0
        ? starts.map(({ offset, form }, i) => ({
            start: offset,
            end: starts[i + 1]?.offset ?? value.length,
            form,
          }))
        : origin?.made === MADE_FOR_PLUGIN
          ? cellsApart(value)
          : partsBetween(value, marks);
    const labels = marks.filter(({ kind }) => kind === 'label');
    const references = new Map(
      marks.filter(({ kind }) => kind === 'phandle').map(({ offset, ref }) => [offset, ref]),
    );
    return printParts(value, parts, labels, (offset) => {
      const ref = references.get(offset);
      return ref && this.#names.reference(ref, cellAt(value.subarray(offset), 0) ?? 0);
    });
  }

  #labelsOf(entry: DtNode | DtProperty): string {
    if (this.#options.labels === false) return '';
    return this.#names
      .labelsOf(entry)
      .map((label) => `${label}: `)
      .join('');
  }

  #comment(entry: DtNode | DtProperty): string {
    const comment = this.#options.comment?.(entry);
    return comment === undefined ? '' : ` /* ${comment.replaceAll('*/', '* /')} */`;
  }
}

const hex = (value: bigint): string => `0x${value.toString(16).padStart(16, '0')}`;

function checked(name: string, path: string): string {
  if (NAME.test(name)) return name;
  throw new InvalidInput([
    {
      code: 'dts-unprintable-name',
      severity: 'error',
      message: `"${name.slice(0, 60)}" in node ${path} cannot be written as source; expected letters, digits and ,._+*#?@-`,
      path,
      hint: 'write the tree as a blob instead',
    },
  ]);
}
