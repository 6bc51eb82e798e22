/** A scenario as YAML that a person would have written: short mappings on one line, addresses in hexadecimal. */
import {
  Document,
  isMap,
  isScalar,
  isSeq,
  type Node,
  Pair,
  parseDocument,
  Scalar,
  YAMLMap,
  YAMLSeq,
} from 'yaml';
import type { ScenarioBoot } from '../boot-form.ts';
import type { EndExpect } from '../expect-form.ts';
import { SCENARIO_FORM } from '../form-name.ts';
import type { ExportedStep } from './steps.ts';

export interface ScenarioParts {
  readonly title: string;
  /** A file's name, or the text of a YAML board. */
  readonly board: { readonly file: string } | { readonly yaml: string };
  readonly boot?: ScenarioBoot;
  /** What was assumed of the board. */
  readonly assumed?: readonly string[];
  readonly steps: readonly ExportedStep[];
  readonly expect?: EndExpect;
  /** Above everything, one line each. */
  readonly comment?: readonly string[];
}

/** Keys whose numbers are addresses, bits or bytes. */
const HEXADECIMAL: ReadonlySet<string> = new Set([
  'phys',
  'dma',
  'byte',
  'st_mode',
  'st_rdev',
  'request',
  'addr',
  'new_addr',
  'bus-limit',
  'flags',
]);
/** A mapping on one line is at most so long. */
const LINE = 100;

export function scenarioYaml(parts: ScenarioParts): string {
  const { title, board, boot, assumed = [], steps, expect, comment = [] } = parts;
  const document = new Document<YAMLMap>();
  const root = new YAMLMap();
  const put = (key: string, node: Node): void => {
    root.items.push(new Pair(new Scalar(key), node));
  };
  put('schema', new Scalar(SCENARIO_FORM));
  put('title', new Scalar(title));
  put('board', 'file' in board ? new Scalar(board.file) : boardNode(board.yaml));
  if (boot !== undefined) put('boot', nodeOf(boot, 'boot', LINE));
  if (assumed.length > 0) put('assumed', nodeOf(assumed, 'assumed', 0));
  const list = new YAMLSeq();
  for (const { step, comment: above } of steps) {
    const node = stepNode(step);
    if (above !== undefined) node.commentBefore = above;
    list.items.push(node);
  }
  // An empty list of steps is none.
  if (list.items.length > 0) put('steps', list);
  if (expect !== undefined) put('expect', nodeOf(expect, 'expect', 0));
  document.contents = root;
  if (comment.length > 0) document.commentBefore = comment.map((line) => ` ${line}`).join('\n');
  return document.toString({ lineWidth: 0 });
}

/** A board in place keeps its comments. */
function boardNode(text: string): Node {
  const { contents } = parseDocument(text, { intAsBigInt: true, keepSourceTokens: false });
  return contents as Node;
}

/** Of a step each key stands on a line of its own. */
function stepNode(step: object): YAMLMap {
  const map = new YAMLMap();
  for (const [key, value] of Object.entries(step)) {
    map.items.push(new Pair(new Scalar(key), nodeOf(value, key, LINE - key.length - 6)));
  }
  return map;
}

/** @param room characters that a collection may have to stand on one line */
function nodeOf(value: unknown, key: string, room: number): Node {
  if (Array.isArray(value)) {
    const list = new YAMLSeq();
    for (const item of value) list.items.push(nodeOf(item, key, room));
    list.flow = widthOf(list) <= room;
    return list;
  }
  if (typeof value === 'object' && value !== null) {
    const map = new YAMLMap();
    for (const [name, inner] of Object.entries(value)) {
      if (inner === undefined) continue;
      map.items.push(new Pair(new Scalar(name), nodeOf(inner, name, LINE)));
    }
    map.flow = widthOf(map) <= room;
    if (!map.flow)
      for (const { value: inner } of map.items) if (isMap(inner)) inner.flow = widthOf(inner) <= LINE;
    return map;
  }
  const scalar = new Scalar(value);
  const isNumber = typeof value === 'number' || typeof value === 'bigint';
  // A descriptor's number, or the address of a mapping.
  const isAddress = key === 'at' && typeof value === 'bigint';
  if (isAddress || (isNumber && HEXADECIMAL.has(key))) scalar.format = 'HEX';
  return scalar;
}

/** How long a node is on one line; a mapping inside a mapping that does not fit makes both stand on several. */
function widthOf(node: unknown): number {
  if (isMap(node)) {
    return node.items.reduce((sum, { key, value }) => sum + widthOf(key) + widthOf(value) + 4, 2);
  }
  if (isSeq(node)) return node.items.reduce((sum: number, item) => sum + widthOf(item) + 2, 2);
  return isScalar(node) ? String(node.value).length : 0;
}
