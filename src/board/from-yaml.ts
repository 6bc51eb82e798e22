/**
 * A board from YAML: the device tree's facts under the device tree's names, for people without a device tree.
 * `docs/board-yaml.md` describes the form. Loads `yaml` and `zod`: import it only when there is YAML to read.
 */
import type { DeviceTree } from '../devicetree/tree.ts';
import { type Diagnostic, InvalidInput } from '../diagnostic.ts';
import type { Board } from './board.ts';
import type { HeapDeclarations } from './declared-heaps.ts';
import { boardFromTree } from './from-tree.ts';
import { type NamedByFile, namedByFile } from './named-by-file.ts';
import { declaredHeaps } from './schema.ts';
import { heapsOf } from './written-heaps.ts';
import { find, plainValue } from './yaml-plain.ts';
import { checkSchema, pathText } from './yaml-problems.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';
import { buildTree } from './yaml-tree.ts';

export { vendorFromYaml } from './vendor-yaml.ts';

/** What a YAML board says. */
export interface YamlBoard extends NamedByFile {
  readonly tree: DeviceTree;
  readonly warnings: readonly Diagnostic[];
}

/** More problems at once help nobody. */
const MAX_PROBLEMS = 50;

/**
 * Reads a YAML board.
 *
 * @param text the file's text, decoded as UTF-8 (a wrong byte as U+FFFD)
 * @param file its name, for messages and positions
 * @throws InvalidInput with every problem found, each with file, line and column
 */
export function boardFromYaml(text: string, file: string): Board {
  const { tree, warnings, ...named } = treeFromYaml(text, file);
  const board = namedByFile(boardFromTree(tree, file), named);
  return { ...board, diagnostics: [...warnings, ...board.diagnostics] };
}

/**
 * The device tree that says the same as a YAML board, to write it as a blob or as source.
 *
 * @throws InvalidInput as `boardFromYaml`
 */
export function treeFromYaml(text: string, file: string): YamlBoard {
  return treeFromYamlSource(readYaml(text, file));
}

/** The same of YAML that was read already, which may be a part of a larger file. @throws InvalidInput */
export function treeFromYamlSource(source: YamlSource): YamlBoard {
  const checked = checkSchema(source);
  const built = buildTree(checked.sound, source);
  const declared = declaredHeapsOf(source);
  const all = [
    ...source.diagnostics,
    ...checked.diagnostics,
    ...built.diagnostics,
    ...declared.diagnostics,
  ].sort(byPosition);
  const errors = all.filter((problem) => problem.severity === 'error');
  if (errors.length > 0) throw new InvalidInput(cut(all));
  const { diagnostics: _told, ...rest } = built;
  return { ...rest, ...(declared.heaps && { heaps: declared.heaps }), warnings: cut(all) };
}

/** What stands under `heaps`, as far as the schema takes it. */
function declaredHeapsOf(source: YamlSource): {
  readonly heaps?: HeapDeclarations;
  readonly diagnostics: readonly Diagnostic[];
} {
  const { node, depth } = find(source.root, ['heaps']);
  const read = depth === 0 ? undefined : declaredHeaps.safeParse(plainValue(node));
  if (read?.success !== true) return { diagnostics: [] };
  const { heaps, problems } = heapsOf(read.data);
  const diagnostics = problems.map(({ path, message, hint }): Diagnostic => {
    const place = ['heaps', ...path];
    return {
      code: 'board-heap',
      severity: 'error',
      message,
      position: source.position(find(source.root, place).node.at),
      path: pathText(place),
      ...(hint !== undefined && { hint }),
    };
  });
  const { file } = source.position(0);
  return { ...(heaps.length > 0 && { heaps: { by: file, heaps } }), diagnostics };
}

const byPosition = (a: Diagnostic, b: Diagnostic): number =>
  (a.position?.line ?? 0) - (b.position?.line ?? 0) || (a.position?.column ?? 0) - (b.position?.column ?? 0);

function cut(all: readonly Diagnostic[]): readonly Diagnostic[] {
  const last = all[MAX_PROBLEMS];
  if (last === undefined) return all;
  const more: Diagnostic = {
    code: 'board-more-problems',
    severity: last.severity,
    message: `${all.length - MAX_PROBLEMS} more problems from here on`,
    ...(last.position === undefined ? {} : { position: last.position }),
  };
  return [...all.slice(0, MAX_PROBLEMS), more];
}
