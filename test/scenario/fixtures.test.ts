/** The worked examples hold, the recorded traces hold, and editors take all of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { fromJSONSchema } from 'zod';
import { oracleScenarios } from '../../scripts/oracle-scenarios.ts';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { vendorFromYaml } from '../../src/board/vendor-yaml.ts';
import { decodeDtb } from '../../src/devicetree/dtb.ts';
import { ACTION_NAMES } from '../../src/scenario/actions/index.ts';
import { KEYS } from '../../src/scenario/form.ts';
import { prepareScenario, readScenario, runScenario } from '../../src/scenario/index.ts';
import { sha256 } from '../../src/session/kept-bytes.ts';
import { projectPath } from '../small-board.ts';
import { failures } from './running.ts';

const read = (path: string): string => readFileSync(projectPath(path), 'utf8');
const shipped: unknown = JSON.parse(read('schema/scenario.json'));
type JsonSchema = Parameters<typeof fromJSONSchema>[0];

const { definitions, ...top } = shipped as {
  readonly definitions: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};
/** Zod reads no alternatives that only say what is required, which is how a step has just one action. */
const { oneOf, ...step } = definitions.step ?? {};
const editor = fromJSONSchema({ ...top, definitions: { ...definitions, step } } as JsonSchema);

/** Whether an editor with the JSON Schema takes a file, but for the number of actions in a step. */
const editorTakes = (text: string): boolean => editor.safeParse(parse(text)).success;

const inFolder = (folder: string): string[] =>
  readdirSync(projectPath(folder))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => join(folder, name));

const EXAMPLES = inFolder('fixtures/scenarios');
const TRACES = inFolder('fixtures/scenarios/oracle');

const runFile = (file: string): Promise<string[]> => runText(read(file), file);

async function runText(text: string, file: string): Promise<string[]> {
  const beside = (name: string) => projectPath(join(dirname(file), name));
  const files = {
    loadBoard: (name: string) => boardFromTree(decodeDtb(readFileSync(beside(name)), name), name),
    loadVendor: (name: string) => vendorFromYaml(read(`profiles/vendor/${name}.yaml`), name),
    readFile: (name: string) => readFileSync(beside(name)),
    sha256,
  };
  return failures(runScenario(await prepareScenario(readScenario(text, file), files), { keepGoing: true }));
}

describe('the JSON Schema of scenarios', () => {
  it.each([...EXAMPLES, ...TRACES])('takes %s', (file) => {
    expect(editorTakes(read(file))).toBe(true);
  });

  it.each([
    'title: x',
    'board: b\nsteps: [ { alloc: { heap: system } } ]',
    'board: b\nsteps: [ { free: 4, expect: { errnoo: EBADF } } ]',
    'board: b\nsteps: [ { repeat: { times: 2, do: [] } } ]',
    'board: { memroy: {} }',
  ])('refuses %s', (text) => {
    expect(editorTakes(text)).toBe(false);
  });
});

it('wants one action a step of editors, too', () => {
  expect(oneOf).toEqual(ACTION_NAMES.map((name) => ({ required: [name] })));
});

describe('the examples', () => {
  it('are more than ten, each with its schema, a comment and a title', () => {
    expect(EXAMPLES.length).toBeGreaterThan(10);
    for (const file of EXAMPLES) {
      expect(read(file), file).toMatch(
        /^# yaml-language-server: \$schema=\.\.\/\.\.\/schema\/scenario\.json\n#\n(# .*\n|#\n)+title: /,
      );
    }
  });

  it.each(EXAMPLES)('%s holds', async (file) => {
    expect(await runFile(file)).toEqual([]);
  });
});

describe('the recorded traces as scenarios', () => {
  it('are current: else run npm run oracle-scenarios', () => {
    const made = oracleScenarios(projectPath('.'));
    expect(made.map(({ file }) => file).sort()).toEqual([...TRACES].sort());
    for (const { file, text } of made) expect(read(file) === text, file).toBe(true);
  });

  it.each(TRACES)('%s holds', async (file) => {
    expect(await runFile(file)).toEqual([]);
  });
});

describe('docs/scenarios.md', () => {
  const blocks = [...read('docs/scenarios.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map(
    (match) => match[1] ?? '',
  );

  it('has scenarios', () => {
    expect(blocks.length).toBeGreaterThan(2);
  });

  it('names every action and every expectation in its tables', () => {
    const named = [...read('docs/scenarios.md').matchAll(/^\| (.*?) +\|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([a-z0-9-]+)/g)].map((match) => match[1]),
    );
    const missing = [...ACTION_NAMES, ...KEYS.expect].filter((name) => !named.includes(name));
    expect(missing).toEqual([]);
  });

  it.each(blocks)('whose steps hold, and which editors take: %#', async (text) => {
    // One that waits for a program holds with one: test/exec/with-scenario.test.ts.
    if (!text.includes('- await:')) expect(await runText(text, 'fixtures/scenarios.md')).toEqual([]);
    expect(editorTakes(text)).toBe(true);
  });
});

it('the examples have their board beside them, and it is the one that everybody else uses', () => {
  const [own, other] = ['scenarios/boards', 'boards'].map((folder) =>
    readFileSync(projectPath(`fixtures/${folder}/camera-soc.dtb`)),
  );
  expect(own).toEqual(other);
});
