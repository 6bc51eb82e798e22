/** What the values of a sound YAML board say, and the bytes that a device tree has for them. */
import { cellsOfText, sizeOfText } from './schema.ts';
import type { YamlEntry, YamlNode } from './yaml-source.ts';

export const entryOf = (node: YamlNode, key: string): YamlEntry | undefined =>
  node.kind === 'map' ? node.entries.find((entry) => entry.key === key) : undefined;

/** The number of a node that the schema took for a size. */
export const numberOf = (node: YamlNode): bigint =>
  node.kind === 'scalar' ? (sizeOfText(node.text) ?? 0n) : 0n;

export const countOf = (entry: YamlEntry | undefined): number | undefined =>
  entry === undefined ? undefined : Number(numberOf(entry.value));

export const cellsOf = (node: YamlNode): number[] | undefined =>
  node.kind === 'scalar' ? cellsOfText(node.text) : undefined;

/** `[a, b]` or `[[a, b], …]`, as a list of entries. */
export function entriesOf(node: YamlNode): readonly (readonly YamlNode[])[] {
  if (node.kind !== 'seq' || node.items.length === 0) return [];
  if (node.items.every((item) => item.kind === 'scalar')) return [node.items];
  return node.items.map((item) => (item.kind === 'seq' ? item.items : []));
}

export const textsOf = (node: YamlNode): string[] => {
  if (node.kind === 'scalar') return [node.text];
  return node.kind === 'seq' ? node.items.map((item) => (item.kind === 'scalar' ? item.text : '')) : [];
};

/** A flag is there when it is true, or stands alone as in device tree source. */
export const flagOf = ({ value }: YamlEntry): boolean =>
  value.kind === 'scalar' && !/^(false|False|FALSE)$/.test(value.text);

const encoder = new TextEncoder();

export const stringBytes = (texts: readonly string[]): Uint8Array =>
  encoder.encode(texts.map((text) => `${text}\0`).join(''));

export function cellBytes(cells: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(cells.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, cell] of cells.entries()) view.setUint32(index * 4, cell);
  return bytes;
}

/** A number in so many cells, the high ones first. */
export const cellsFor = (value: bigint, count: number): number[] =>
  Array.from({ length: count }, (_, i) => Number((value >> BigInt((count - 1 - i) * 32)) & 0xffffffffn));
