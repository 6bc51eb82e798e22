/** Device trees as text: where nodes and properties come from. */
import { printValue } from '../../devicetree/dts/value-text.ts';
import type { DtNode, DtProperty } from '../../devicetree/tree.ts';
import type { SourcePosition } from '../../diagnostic.ts';
import { escapeText } from '../../escape-text.ts';
import { formatHex } from '../../units.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';

/** A place: `soc.dtsi:12:3`, `board.dtb (byte offset 0x48)`, or a file alone. */
export function renderPlace({ file, line, column, offset }: SourcePosition): string {
  if (line !== undefined) return column === undefined ? `${file}:${line}` : `${file}:${line}:${column}`;
  return offset === undefined ? file : `${file} (byte offset ${formatHex(offset)})`;
}

/** A place with the includes that led there. */
export function renderOrigin(position: SourcePosition | undefined): string {
  if (position === undefined) return 'nowhere in the source';
  const { macro } = position;
  const parts = [renderPlace(position)];
  if (macro !== undefined) parts.push(`by macro ${macro.name} of ${renderPlace(macro.definedAt)}`);
  for (let from = position.includedFrom; from !== undefined; from = from.includedFrom) {
    parts.push(`included from ${renderPlace(from)}`);
  }
  return parts.join(', ');
}

/** One line of comment: who made an entry, or where it was set last. */
export const originComment = (entry: DtNode | DtProperty): string =>
  entry.origin?.made ?? renderOrigin(entry.position);

const value = ({ value: bytes }: { readonly value: Uint8Array }): string =>
  bytes.length === 0 ? '' : ` = ${printValue(bytes)}`;

function propertyLines(property: DtProperty, withOrigin: boolean): string[] {
  const line = `\t${property.name}${value(property)};`;
  if (!withOrigin) return [line];
  const earlier = (property.origin?.earlier ?? []).map(
    (setting) =>
      `\t\t/* before: ${setting.kind === 'deleted' ? 'deleted' : 'set'}${value(setting).replaceAll('*/', '* /')}, ${renderOrigin(setting.position)} */`,
  );
  return [`${line} /* ${originComment(property)} */`, ...earlier.reverse()];
}

/**
 * One node as source, without its children's insides.
 *
 * @param path its full path
 * @param withOrigin each line says where it came from and what it was before
 */
export function renderNode(node: DtNode, path: string, withOrigin: boolean, ink: Ink = NO_INK): string {
  const labels = (node.origin?.labels ?? []).map((label) => `${label}: `).join('');
  const places = node.origin?.places ?? [];
  const heads = !withOrigin
    ? []
    : places.length > 0
      ? places.map((place, i) => `/* ${i === 0 ? 'defined' : 'again'}: ${renderOrigin(place)} */`)
      : [`/* ${originComment(node)} */`];
  const lines = [
    `/* ${path} */`,
    ...heads,
    `${labels}${node.name === '' ? '/' : node.name} {`,
    ...node.properties.flatMap((property) => propertyLines(property, withOrigin)),
    ...node.children.map((child) => `\t${child.name} { … };`),
    '};',
  ];
  return lines
    .map((line) => {
      const comment = line.indexOf('/*');
      const safe = line.split('\t').map(escapeText).join('\t');
      return comment < 0 || safe.length !== line.length
        ? safe
        : safe.slice(0, comment) + ink.dim(safe.slice(comment));
    })
    .map((line) => `${line}\n`)
    .join('');
}
