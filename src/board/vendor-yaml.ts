/**
 * The heaps of a vendor's kernel from YAML: `docs/vendor-heaps.md` describes the form. Loads `yaml` and `zod`: import it
 * only when there is such a file to read.
 */
import { closest } from '../devicetree/closest.ts';
import { type Diagnostic, InvalidInput } from '../diagnostic.ts';
import type { HeapDeclarations } from './declared-heaps.ts';
import { BOARD_KEYS, vendorSchema } from './schema.ts';
import { vendorOf } from './written-heaps.ts';
import { described, find, type Path, plainValue, quotable } from './yaml-plain.ts';
import { readYaml, shown, YAML_LIMITS, type YamlSource } from './yaml-source.ts';

/** More problems at once help nobody. */
const MAX_PROBLEMS = 50;

/**
 * Reads a vendor's file.
 *
 * @param text the file's text, decoded as UTF-8
 * @param file its name, for messages and positions
 * @throws InvalidInput with every problem found, each with file, line and column
 */
export function vendorFromYaml(text: string, file: string): HeapDeclarations {
  const source = readYaml(text, file, { ...YAML_LIMITS, what: 'vendor file' });
  const read = vendorSchema.safeParse(plainValue(source.root));
  const wrong: Diagnostic[] = [...source.diagnostics];
  if (!read.success) {
    for (const issue of read.error.issues.slice(0, MAX_PROBLEMS)) {
      const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
      if (issue.code === 'unrecognized_keys') {
        wrong.push(...issue.keys.map((key) => unknownKey(source, path, key)));
      } else wrong.push(wrongValue(source, path, issue.message));
    }
  }
  if (!read.success || wrong.length > 0) throw new InvalidInput(wrong);
  const kernel = find(source.root, ['kernel']);
  const written = kernel.depth === 1 && kernel.node.kind === 'scalar' ? kernel.node.text : undefined;
  const { vendor, problems } = vendorOf(read.data, written);
  if (problems.length > 0) {
    throw new InvalidInput(
      problems
        .slice(0, MAX_PROBLEMS)
        .map(({ path, message, hint }) => at(source, path, 'vendor-heap', message, hint)),
    );
  }
  return vendor;
}

/** `heaps[2].zone`. */
const placeText = (path: Path): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');

function at(source: YamlSource, path: Path, code: string, message: string, hint?: string): Diagnostic {
  const { node, keyAt, depth } = find(source.root, path);
  return {
    code,
    severity: 'error',
    message,
    position: source.position(depth < path.length ? (keyAt ?? node.at) : node.at),
    path: placeText(path),
    ...(hint !== undefined && { hint }),
  };
}

function wrongValue(source: YamlSource, path: Path, expected: string): Diagnostic {
  const found = find(source.root, path);
  const place = path.length === 0 ? 'the file' : placeText(path);
  if (found.depth < path.length) {
    const missing = String(path.at(-1));
    const where = path.length === 1 ? 'the file' : placeText(path.slice(0, -1));
    return at(source, path, 'vendor-missing', `${where} has no '${missing}'`, `expected ${expected}`);
  }
  const hint = quotable(expected, found.node) ? 'put it in quotes' : undefined;
  const message = `${place}: expected ${expected}, found ${described(found.node)}`;
  return at(source, path, 'vendor-wrong-value', message, hint);
}

function unknownKey(source: YamlSource, path: Path, key: string): Diagnostic {
  const known = path[0] === 'heaps' ? BOARD_KEYS.heap : BOARD_KEYS.vendor;
  const { node } = find(source.root, path);
  const entry = node.kind === 'map' ? node.entries.find((one) => one.key === key) : undefined;
  const near = closest(key, known);
  return {
    code: 'vendor-unknown-key',
    severity: 'error',
    message: `'${shown(key)}' is no property of ${path.length === 0 ? 'a vendor file' : 'a heap'}`,
    position: source.position(entry?.keyAt ?? node.at),
    path: placeText([...path, key]),
    hint: near === undefined ? `there are ${known.join(', ')}` : `did you mean ${near}?`,
  };
}
