/**
 * What the schema finds wrong with a YAML board, as diagnostics: the property, what was expected, what
 * stands there instead, and where.
 */
import type * as z from 'zod';
import { closest } from '../devicetree/closest.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { BOARD_KEYS, boardSchema, EXAMPLES, EXPECTED_SIZE } from './schema.ts';
import {
  described,
  type Found,
  find,
  flow,
  type Path,
  plainValue,
  quotable,
  quoted,
  whyNoSize,
} from './yaml-plain.ts';
import { shown, type YamlMap, type YamlNode, type YamlSource } from './yaml-source.ts';

export interface Checked {
  readonly diagnostics: readonly Diagnostic[];
  /** The board without what is wrong with it, so that the rest can be checked further. */
  readonly sound: YamlMap;
}

/** Each looks its place up in the document; nobody reads more. */
const MAX_ISSUES = 200;

/** Checks a YAML document against the schema. */
export function checkSchema(source: YamlSource): Checked {
  const result = boardSchema.safeParse(plainValue(source.root));
  const issues = result.success ? [] : result.error.issues;
  // What could not be read as YAML needs no second complaint, and the checks of one value are one.
  const seen = new Set(source.diagnostics.map(placeOf));
  const diagnostics = issues
    .slice(0, MAX_ISSUES)
    .flatMap((issue) => problems(issue, [], source))
    .filter((problem) => {
      const place = placeOf(problem);
      if (seen.has(place)) return false;
      seen.add(place);
      return true;
    });
  const broken = new Set(issues.map((issue) => key(property(issue.path.map(part)))));
  return { diagnostics, sound: withoutBroken(source.root, broken, []) };
}

const placeOf = ({ position }: Diagnostic): string => `${position?.line}:${position?.column}`;
const part = (step: PropertyKey): string | number => (typeof step === 'symbol' ? String(step) : step);
const key = (path: Path): string => path.join('\n');

/** The part of a path that names a node or a property of it; what follows is inside its value. */
function property(path: Path): Path {
  const open = path[0] === 'reserved-memory' || path[0] === 'devices' || path[0] === 'heaps';
  return path.slice(0, open ? 3 : 1);
}

/** Leaves broken properties out, and makes broken nodes empty: their names still count. */
function withoutBroken(node: YamlNode, broken: ReadonlySet<string>, path: Path): YamlMap {
  if (node.kind !== 'map') return { kind: 'map', entries: [], flow: false, at: node.at };
  const entries = node.entries.flatMap((entry) => {
    const at = [...path, entry.key];
    const isNode = (path[0] === 'reserved-memory' || path[0] === 'devices') && path.length === 1;
    if (isNode && !(path[0] === 'reserved-memory' && isReservedMemoryProperty(entry.key))) {
      return [{ ...entry, value: withoutBroken(entry.value, broken, at) }];
    }
    if (path.length === 0 && (entry.key === 'reserved-memory' || entry.key === 'devices')) {
      return [{ ...entry, value: withoutBroken(entry.value, broken, at) }];
    }
    return broken.has(key(at)) ? [] : [entry];
  });
  return { ...node, entries };
}

export const isReservedMemoryProperty = (name: string): boolean =>
  BOARD_KEYS['reserved-memory'].includes(name);

function problems(issue: z.core.$ZodIssue, prefix: Path, source: YamlSource): Diagnostic[] {
  const path = [...prefix, ...issue.path.map(part)];
  if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys, path, source);
  const found = find(source.root, path);
  if (issue.code === 'invalid_union' && found.node.kind === 'seq') {
    // A list of lists was meant as a list of pairs, the union's second member: say which pair is wrong, and how.
    const list = issue.errors[1] ?? [];
    const nested = found.node.items.some((item) => item.kind === 'seq');
    const inner = nested && list.length > 0 && list.every((one) => one.path.length > 0) ? list : undefined;
    if (inner !== undefined) return inner.flatMap((one) => problems(one, path, source));
  }
  return [wrongValue(issue.message, path, found, source)];
}

function wrongValue(expected: string, path: Path, found: Found, source: YamlSource): Diagnostic {
  const name = String(property(path).at(-1) ?? '');
  if (found.depth < path.length) {
    const missing = String(path[found.depth] ?? '');
    return {
      code: 'board-missing-property',
      severity: 'error',
      message: `${subject(path.slice(0, found.depth))} has no '${missing}'`,
      position: source.position(found.keyAt ?? found.node.at),
      path: pathText(path),
      ...example(name),
    };
  }
  const why = expected === EXPECTED_SIZE ? whyNoSize(found.node) : undefined;
  return {
    code: why === undefined ? 'board-wrong-type' : 'board-bad-size',
    severity: 'error',
    message: `${subject(path)}: expected ${expected}, found ${described(found.node)}${why ? `: ${why}` : ''}`,
    position: source.position(found.node.at),
    path: pathText(path),
    ...valueHint(expected, path, found.node, name),
  };
}

function valueHint(expected: string, path: Path, node: YamlNode, name: string): { hint?: string } {
  if (quotable(expected, node)) return { hint: 'put it in quotes' };
  if (path[0] === 'reserved-memory' && path.length === 2) {
    const near = closest(name, BOARD_KEYS['reserved-memory']);
    if (near !== undefined) return { hint: `did you mean ${quoted(near)}?` };
    return { hint: 'for example pool@50000000: { compatible: shared-dma-pool, reg: [0x50000000, 4M] }' };
  }
  if (path.length === 0 && node.kind === 'scalar' && node.text.startsWith('/dts-v1/')) {
    return { hint: 'this is device tree source: compile it with dtc -O dtb, and give the blob' };
  }
  return example(Object.hasOwn(EXAMPLES, `${path[0]}/${name}`) ? `${path[0]}/${name}` : name);
}

const example = (name: string): { hint?: string } =>
  !Object.hasOwn(EXAMPLES, name)
    ? {}
    : { hint: `for example ${quoted(name.replace(/^.*\//, ''))}: ${flow(EXAMPLES[name])}` };

/** What a message calls the place: `'reg' of pool@50000000`. */
function subject(path: Path): string {
  const [top, name, inner] = property(path);
  if (top === undefined) return 'the board';
  if (name === undefined) {
    const inside = path.length > 1 && typeof path[1] === 'string' ? path[1] : undefined;
    return inside === undefined ? `'${shown(String(top))}'` : `'${shown(inside)}' of ${shown(String(top))}`;
  }
  if (top === 'heaps')
    return inner === undefined ? `heap ${name}` : `'${shown(String(inner))}' of heap ${name}`;
  if (inner !== undefined) return `'${shown(String(inner))}' of ${shown(String(name))}`;
  return top === 'reserved-memory' && isReservedMemoryProperty(String(name))
    ? `'${name}' of reserved-memory`
    : shown(String(name));
}

/** The place as a path in the device tree: `/reserved-memory/pool@50000000:reg`. */
export function pathText(path: Path): string {
  const [top, name, inner] = path.map(String);
  if (top === undefined) return '/';
  const tail = (node: string, prop: string | undefined): string =>
    prop === undefined ? node : `${node}:${prop}`;
  if (top === 'memory' || top === 'chosen') return tail(`/${top}`, name);
  if (top === 'memreserve') return '/memreserve/';
  if (top === 'devices')
    return name === undefined ? '/' : tail(name.startsWith('/') ? name : `/${name}`, inner);
  if (top === 'heaps' && name !== undefined) return tail(`heaps[${name}]`, inner);
  if (top !== 'reserved-memory') return tail('/', top);
  if (name === undefined) return '/reserved-memory';
  return isReservedMemoryProperty(name)
    ? `/reserved-memory:${name}`
    : tail(`/reserved-memory/${name}`, inner);
}

function unknownKeys(keys: readonly string[], path: Path, source: YamlSource): Diagnostic[] {
  const { node } = find(source.root, path);
  if (node.kind !== 'map') return [];
  const known = knownKeys(path);
  const unknown = new Set(keys);
  const result: Diagnostic[] = [];
  let skip: string | undefined;
  node.entries.forEach((entry, index) => {
    if (!unknown.has(entry.key) || entry.key === skip) return;
    const next = node.entries[index + 1]?.key;
    const joined = known.find((word) => word === `${entry.key},${next}`);
    if (joined !== undefined) skip = next;
    result.push({
      code: 'board-unknown-key',
      severity: 'error',
      message:
        joined === undefined
          ? `'${shown(entry.key)}' is no property of ${path.length === 0 ? 'a board' : shown(String(path.at(-1)))}`
          : `the comma of ${joined} ends the name here, inside { }`,
      position: source.position(entry.keyAt),
      path: pathText([...path, entry.key]),
      hint:
        joined === undefined ? keyHint(entry.key, path, known) : `write "${joined}": true, with the quotes`,
    });
  });
  return result;
}

function knownKeys(path: Path): readonly string[] {
  const [top] = path;
  if (top === undefined) return BOARD_KEYS.board;
  if (top === 'reserved-memory') return BOARD_KEYS['reserved-memory-node'];
  if (top === 'devices') return BOARD_KEYS.device;
  if (top === 'heaps') return BOARD_KEYS.heap;
  return top === 'chosen' ? BOARD_KEYS.chosen : BOARD_KEYS.memory;
}

function keyHint(name: string, path: Path, known: readonly string[]): string {
  const near = closest(name, known) ?? closest(name.split('@', 1)[0] ?? '', known);
  if (near === 'memory' && name.includes('@'))
    return 'write memory, without an address: all RAM stands in its reg';
  if (near !== undefined) return `did you mean ${quoted(near)}?`;
  if (path.length === 0 && (name.includes('@') || name.startsWith('/'))) {
    return "regions stand under 'reserved-memory', devices and buses under 'devices'";
  }
  const joined = known.find((word) => word.endsWith(`,${name}`));
  if (joined !== undefined) return `did you mean "${joined}"?`;
  return `leave it out: dmaheap knows ${known.map(quoted).join(', ')}`;
}
