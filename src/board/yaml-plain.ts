/** YAML nodes as a schema sees them, places in a document by path, and values in the words of messages. */
import { shown, type YamlNode, type YamlScalar } from './yaml-source.ts';

export type Path = readonly (string | number)[];

const MAX_DIGITS = 32;

/**
 * What zod sees of a node: integers as bigint, other numbers as NaN.
 *
 * @param asText decimal fractions as numbers instead, and every other form as the text that it is
 */
export function plainValue(node: YamlNode, asText = false): unknown {
  if (node.kind === 'seq') return node.items.map((item) => plainValue(item, asText));
  if (node.kind === 'map')
    return Object.fromEntries(node.entries.map(({ key, value }) => [key, plainValue(value, asText)]));
  return scalarValue(node, asText);
}

function scalarValue({ text, plain }: YamlScalar, asText: boolean): unknown {
  if (!plain) return text;
  if (/^(|~|null|Null|NULL)$/.test(text)) return null;
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  if (/^(0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)$/.test(text) && text.length <= MAX_DIGITS) return BigInt(text);
  if (asText) return /^[0-9]+\.[0-9]+$/.test(text) ? Number(text) : text;
  // Every other number of YAML 1.1 and 1.2: signs, fractions, exponents, octal, infinity.
  if (
    /^[-+]?(\.?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F_]+|\.(inf|Inf|INF)|\.(nan|NaN|NAN))$/.test(
      text,
    )
  ) {
    return Number.NaN;
  }
  return text;
}

export interface Found {
  readonly node: YamlNode;
  /** Where the key of the node stands, if it has one. */
  readonly keyAt?: number;
  /** How much of the path is there. */
  readonly depth: number;
}

/** The node at a path, or as far as there is one. */
export function find(root: YamlNode, path: Path): Found {
  let found: Found = { node: root, depth: 0 };
  for (const step of path) {
    const { node, depth } = found;
    if (node.kind === 'seq') {
      const item = node.items[Number(step)];
      if (item === undefined) return found;
      found = { node: item, depth: depth + 1 };
    } else if (node.kind === 'map') {
      const entry = node.entries.find((candidate) => candidate.key === step);
      if (entry === undefined) return found;
      found = { node: entry.value, keyAt: entry.keyAt, depth: depth + 1 };
    } else {
      return found;
    }
  }
  return found;
}

/** Whether a text was meant that YAML takes for something else. */
export const quotable = (expected: string, node: YamlNode): boolean =>
  expected.startsWith('text') && node.kind === 'scalar' && node.plain && node.text !== '';

/** A name as YAML has it. */
export const quoted = (name: string): string => (name.startsWith('#') ? `"${name}"` : name);

/** A value as one line of YAML. */
export function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([name, inner]) => `${name}: ${flow(inner)}`)
      .join(', ')} }`;
  }
  return String(value);
}

/** What stands there, for "found …". */
export function described(node: YamlNode): string {
  if (node.kind === 'map') return node.entries.length === 0 ? 'an empty mapping' : 'a mapping';
  if (node.kind === 'seq')
    return node.items.length === 1 ? 'a list of 1 value' : `a list of ${node.items.length} values`;
  if (node.plain && node.text === '') return 'nothing';
  return node.plain ? shown(node.text) : `"${shown(node.text)}"`;
}

/** Why a text is no size, for the mistakes that people make. */
export function whyNoSize(node: YamlNode): string | undefined {
  if (node.kind !== 'scalar') return undefined;
  const text = node.text.trim();
  if (text.startsWith('<')) return 'raw cells are 32-bit numbers between < and >';
  if (/^-/.test(text)) return 'it cannot be negative';
  if (/^0[xX]?[0-9a-fA-F]*_|^[0-9]+[_,]/.test(text)) return 'digits are not grouped here';
  if (/^[0-9]*\.[0-9]*/.test(text) && text !== '') return 'a fraction; write whole bytes, K, M or G';
  if (/^[0-9]+[eE][-+]?[0-9]+$/.test(text)) return 'no exponents; a hexadecimal number starts with 0x';
  if (/^0[oO]?[0-7]+([kmgtKMGT]|$)/.test(text)) return 'no octal numbers; leave leading zeros out';
  if (/^(0[xX][0-9a-fA-F]+|[0-9]+)\s*([KMGTkmgt](i?[bB])?|[bB])?$/.test(text))
    return 'it needs more than 64 bits';
  if (/^[0-9a-fA-F]+$/.test(text)) return 'a hexadecimal number starts with 0x';
  const suffix = /^(?:0[xX][0-9a-fA-F]+|[0-9]+)\s*([a-zA-Z]+)$/.exec(text)?.[1];
  return suffix === undefined ? undefined : `unknown unit ${shown(suffix)}; K, M, G and T are powers of 1024`;
}
