/**
 * A scenario from YAML: its text becomes data (`form.ts`) whose every part knows where it stands. Loads `yaml`
 * and `zod`: import it only when there is a scenario to read.
 */
import { find, plainValue } from '../board/yaml-plain.ts';
import { readYaml, type YamlLimits, type YamlNode, type YamlSource } from '../board/yaml-source.ts';
import { type Diagnostic, InvalidInput, type SourcePosition } from '../diagnostic.ts';
import { type Scenario, scenarioSchema } from './form.ts';
import { formProblems } from './form-problems.ts';
import { MAX_ALIASED } from './limits.ts';
import { inOrder, type Path } from './problem.ts';

/** An exported history of 100,000 calls has some 4 million tokens; the library takes 2 µs and 0.3 KB for each. */
const LIMITS: YamlLimits = {
  characters: 1 << 27,
  tokens: 5_000_000,
  scalar: 1 << 24,
  depth: 100,
  aliased: MAX_ALIASED,
  what: 'scenario',
};

/** A scenario and where its parts stand. */
export interface ReadScenario {
  readonly scenario: Scenario;
  /** Messages call it so. */
  readonly file: string;
  /** Where a value stands, or with `key` the key before it; the nearest place that there is. */
  position(path: Path, what?: 'value' | 'key'): SourcePosition;
  /** A board in place, as YAML that was read. */
  readonly inlineBoard?: YamlSource;
}

/**
 * Reads a scenario.
 *
 * @param text the file's text, decoded as UTF-8 (a wrong byte as U+FFFD)
 * @param file its name, for messages and positions
 * @throws InvalidInput with every problem of form, each with file, line and column
 */
export function readScenario(text: string, file: string): ReadScenario {
  const source = readText(text, file);
  const parsed = scenarioSchema.safeParse(asWritten(plainValue(source.root, true), source.root));
  const problems: Diagnostic[] = [
    ...source.diagnostics,
    ...(parsed.success ? [] : formProblems(parsed.error.issues, source)),
  ];
  if (!parsed.success || problems.length > 0) throw new InvalidInput(inOrder(problems));
  const board = find(source.root, ['board']).node;
  return {
    scenario: parsed.data,
    file,
    position: (path, what = 'value') => {
      const { node, keyAt } = find(source.root, path);
      return source.position(what === 'key' ? (keyAt ?? node.at) : node.at);
    },
    ...(board.kind === 'map' && { inlineBoard: { ...source, root: board, diagnostics: [] } }),
  };
}

/** The kernel as it was written: `5.10` is no fraction. */
function asWritten(scenario: unknown, root: YamlNode): unknown {
  return [
    ['boot', 'kernel'],
    ['boot', 'vendor', 'kernel'],
  ].reduce((made, path) => {
    const { node, depth } = find(root, path);
    return depth < path.length || node.kind !== 'scalar' ? made : withText(made, path, node.text);
  }, scenario);
}

/** The same mappings with another text at a path that is there. */
function withText(value: unknown, [key = '', ...rest]: readonly string[], text: string): unknown {
  const map = value as Readonly<Record<string, unknown>>;
  return { ...map, [key]: rest.length === 0 ? text : withText(map[key], rest, text) };
}

/** The text as YAML; `{ as: buf${i} }` are braces that YAML takes for its own, which needs a word. */
function readText(text: string, file: string): YamlSource {
  try {
    return readYaml(text, file, LIMITS);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    const lines = text.split('\n');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is what it is about
    const hint = "inside [ ] and { } a text with ${…} stands in quotes: [ 'buf${i}' ]";
    throw new InvalidInput(
      error.diagnostics.map((one) =>
        one.code === 'yaml-syntax' && lines[(one.position?.line ?? 0) - 1]?.includes('${') === true
          ? { ...one, hint }
          : one,
      ),
    );
  }
}
