/**
 * Prints a tree as source. Compiled again it gives the same bytes.
 *
 * What a value is, strings, cells or bytes, is guessed from its bytes as dtc guesses: treesource.c:
 * guess_value_type(). Not everything that a blob can hold can be written: `bootCpuid` is not part of the
 * language, a `name` property that repeats the node's name is dropped when it is read, and reservations of
 * size 0 end the list in a blob.
 */
import { InvalidInput } from '../../diagnostic.ts';
import type { DeviceTree, DtNode, DtProperty } from '../tree.ts';
import { byteString, cellsOf } from '../value.ts';

export interface PrintDtsOptions {
  /** Puts in the labels that a compiled tree knows. On unless given as false. */
  readonly labels?: boolean;
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
  const printer = new Printer(options);
  printer.line('/dts-v1/;');
  printer.line('');
  for (const { address, size } of tree.memReserves) {
    printer.line(`/memreserve/ ${hex(address, 16)} ${hex(size, 16)};`);
  }
  printer.node(tree.root, '/', '');
  return printer.text();
}

class Printer {
  readonly #options: PrintDtsOptions;
  readonly #lines: string[] = [];
  /** Labels that were printed: a merged tree may have one twice. */
  readonly #labels = new Set<string>();

  constructor(options: PrintDtsOptions) {
    this.#options = options;
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  text(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  node(node: DtNode, path: string, indent: string): void {
    const name = path === '/' ? '/' : checked(node.name, path);
    this.line(`${indent}${this.#labelsOf(node, path === '/')}${name} {${this.#comment(node)}`);
    const inner = `${indent}\t`;
    for (const property of node.properties) {
      const value = property.value.length === 0 ? '' : ` = ${printValue(property.value)}`;
      const start = this.#labelsOf(property, false) + checked(property.name, path);
      this.line(`${inner}${start}${value};${this.#comment(property)}`);
    }
    for (const [i, child] of node.children.entries()) {
      if (i > 0 || node.properties.length > 0) this.line('');
      this.node(child, `${path === '/' ? '' : path}/${child.name}`, inner);
    }
    this.line(`${indent}};`);
  }

  #labelsOf({ origin }: DtNode | DtProperty, isRoot: boolean): string {
    if (this.#options.labels === false || isRoot || origin === undefined) return '';
    const labels = origin.labels.filter((label) => !this.#labels.has(label));
    for (const label of labels) this.#labels.add(label);
    return labels.map((label) => `${label}: `).join('');
  }

  #comment(entry: DtNode | DtProperty): string {
    const comment = this.#options.comment?.(entry);
    return comment === undefined ? '' : ` /* ${comment.replaceAll('*/', '* /')} */`;
  }
}

/** Prints a value that is not empty: `"text"`, `<0x1 0x2>` or `[01 02]`. */
export function printValue(value: Uint8Array): string {
  if (isStringList(value)) return printStrings(value);
  if (value.length % 4 === 0)
    return `<${cellsOf(value)
      .map((cell) => hex(cell, 2))
      .join(' ')}>`;
  return `[${[...value].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}]`;
}

/** Whether every byte is printable, a control character that has an escape, or a NUL, and NULs end strings. */
function isStringList(value: Uint8Array): boolean {
  if (value.at(-1) !== 0) return false;
  let nuls = 0;
  for (const byte of value) {
    if (byte === 0) nuls++;
    else if ((byte < 7 || byte > 13) && (byte < 0x20 || byte > 0x7e)) return false;
  }
  return nuls <= value.length - nuls;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\\': '\\\\',
  '"': '\\"',
};

const printStrings = (value: Uint8Array): string =>
  byteString(value.subarray(0, -1))
    .split('\0')
    .map((text) => `"${Array.from(text, (character) => ESCAPES[character] ?? character).join('')}"`)
    .join(', ');

const hex = (value: number | bigint, digits: number): string =>
  `0x${value.toString(16).padStart(digits, '0')}`;

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
