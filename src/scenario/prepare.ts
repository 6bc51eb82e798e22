/** From a scenario that was read to one that can run: its boot inputs, its board, and its steps as a program. */
import type { Board } from '../board/board.ts';
import { boardFromTree } from '../board/from-tree.ts';
import { treeFromYamlSource } from '../board/from-yaml.ts';
import type { YamlSource } from '../board/yaml-source.ts';
import { type Diagnostic, InvalidInput, type SourcePosition } from '../diagnostic.ts';
import type { BootParams, BootReserved } from '../kernel/boot/boot-params.ts';
import type { FaultRule } from '../kernel/faults/fault-rule.ts';
import { nameKernel } from '../profile/named-kernel.ts';
import { profileOf } from '../profile/profile.ts';
import {
  type BootInputs,
  bootParamsOf,
  configKey,
  configMeant,
  parseMode,
  parseSeed,
} from '../program/boot-inputs.ts';
import { EXPECTED_GROUP, parseGroup } from '../program/group-names.ts';
import { type PhysRange, parseRange } from '../units.ts';
import { readFault } from './actions/fault.ts';
import type { ScenarioBoot } from './boot-form.ts';
import { compileSteps, SELF_STARTED } from './compile-steps.ts';
import { compileEnd, type EndCheck } from './end-expectation.ts';
import type { Scenario } from './form.ts';
import { MAX_PROBLEMS, MAX_STEPS } from './limits.ts';
import type { Getter } from './moment.ts';
import { placeName } from './place-name.ts';
import { BadValue, inOrder, type Path, type Problem } from './problem.ts';
import { countLeaves, leastWork, type Node } from './program.ts';
import { type TextTest, textTest } from './text-match.ts';
import type { Fault, Span } from './value-forms.ts';
import { type GivenFunctions, Values } from './values.ts';

/** A scenario, and where its parts stand; one that was made and not read stands nowhere. */
export interface ScenarioSource {
  readonly scenario: Scenario;
  /** What messages call it. */
  readonly file: string;
  position?(path: Path, what?: 'value' | 'key'): SourcePosition;
  /** A board in place. */
  readonly inlineBoard?: YamlSource;
}

/** How a board's source is read. */
export interface BoardInputs {
  readonly include: readonly string[];
  readonly define: readonly string[];
  readonly overlay: readonly string[];
}

/** What a scenario needs of the world: its files, by the names that it gives them. */
export interface ScenarioFiles extends GivenFunctions {
  /**
   * @throws InvalidInput, or an Error named `UnreadableInput` whose message says what is wrong; with `property`
   *   where that is the place of it and not the board
   */
  loadBoard(file: string, inputs: BoardInputs): Board | Promise<Board>;
}

export interface PreparedScenario {
  readonly source: ScenarioSource;
  readonly board: Board;
  readonly params: BootParams;
  readonly seed: number;
  readonly steps: readonly Node[];
  /** How many will run, where that is known. */
  readonly total: number | undefined;
  readonly end: EndCheck | undefined;
  /** Its board or its boot inputs are others than it says. */
  readonly isOther?: true;
  /** What was assumed of its own board; nothing where another takes its place. */
  readonly assumed?: readonly Diagnostic[];
  /** What the boot must die of. */
  readonly panic: Getter<TextTest> | undefined;
}

/** Where a problem stands, and what it is. */
export function diagnosticOf(
  { code, message, hint, path, atKey }: Problem,
  source: ScenarioSource,
): Diagnostic {
  const position = source.position?.(path, atKey === true ? 'key' : 'value') ?? { file: source.file };
  return {
    code,
    severity: 'error',
    message,
    position,
    path: placeName(path),
    ...(hint !== undefined && { hint }),
  };
}

/** Loads the board and reads the steps. @throws InvalidInput with every problem found */
export async function prepareScenario(
  source: ScenarioSource,
  files: ScenarioFiles,
): Promise<PreparedScenario> {
  const compiled = compileScenario(source, await boardOf(source, files), files);
  const { assumed = [] } = source.scenario;
  return assumed.length === 0 ? compiled : { ...compiled, assumed: assumed.map(assumedDiagnostic(source)) };
}

/** A sentence of the scenario about its board. */
const assumedDiagnostic =
  (source: ScenarioSource) =>
  (message: string, index: number): Diagnostic => ({
    code: 'assumed-before',
    severity: 'warning',
    assumes: 'memory',
    message,
    position: source.position?.(['assumed', index]) ?? { file: source.file },
  });

/** The same with a board that was loaded: another one than the scenario names, perhaps. @throws InvalidInput */
export function compileScenario(
  source: ScenarioSource,
  board: Board,
  given: GivenFunctions,
): PreparedScenario {
  const { scenario } = source;
  const seed = parseSeed(String(scenario.seed ?? 0));
  const values = new Values(seed ?? 0, given);
  if (seed === undefined)
    values.problem(['seed'], 'scenario-seed', 'a seed is a number from 0 to 4294967295');
  const params = bootParams(scenario.boot ?? {}, values);
  const steps = compileSteps(scenario.steps ?? [], values, ['steps']);
  const work = leastWork(steps);
  if (work > MAX_STEPS) {
    const message = `the steps run ${Number.isFinite(work) ? work : 'without end'} times, loops counted: more than ${MAX_STEPS}`;
    values.problem(['steps'], 'scenario-too-many-steps', message, undefined, true);
  }
  for (const task of SELF_STARTED) values.hasTask(task);
  values.checkFaults();
  const { expect } = scenario;
  const end = expect === undefined ? undefined : compileEnd(expect, values, ['expect']);
  const panic = expect?.panic === undefined ? undefined : textTest(expect.panic, values, ['expect', 'panic']);
  if (panic !== undefined && steps.length > 0) {
    values.problem(
      ['expect', 'panic'],
      'scenario-panic',
      'a boot that dies has no steps, and there are some',
      'leave out the steps, or panic',
      true,
    );
  }
  if (values.problems.length > 0)
    throw new InvalidInput(
      inOrder(values.problems.slice(0, MAX_PROBLEMS).map((one) => diagnosticOf(one, source))),
    );
  return { source, board, params, seed: seed ?? 0, steps, total: countLeaves(steps), end, panic };
}

async function boardOf(source: ScenarioSource, files: ScenarioFiles): Promise<Board> {
  const { scenario, inlineBoard } = source;
  if (typeof scenario.board !== 'string') {
    if (inlineBoard === undefined) throw new Error('a board in place is read from YAML');
    const { tree, kernel } = treeFromYamlSource(inlineBoard);
    return { ...boardFromTree(tree, source.file), ...(kernel !== undefined && { kernel }) };
  }
  const { include = [], define = [], overlay = [] } = scenario.boot ?? {};
  try {
    return await files.loadBoard(scenario.board, { include, define, overlay });
  } catch (error) {
    // By its name: who gives the files has the class.
    if (!(error instanceof Error) || error.name !== 'UnreadableInput') throw error;
    throw new InvalidInput([diagnosticOf(unreadable(error), source)]);
  }
}

/** What an error of `loadBoard` says, at the property that it is about. */
function unreadable(error: Error & Partial<Pick<Problem, 'code' | 'hint'>> & { property?: Path }): Problem {
  const { code = 'board-unreadable', message, hint, property: path = ['board'] } = error;
  const what = path[0] === 'board' ? 'the board ' : '';
  return { code, message: `${what}${message}`, path, ...(hint !== undefined && { hint }) };
}

function rangeOf(span: Span): PhysRange | undefined {
  return parseRange(typeof span === 'string' ? span : span.join(':'));
}

/** `[BASE, SIZE]` is one span, `[BASE:SIZE, …]` are several. */
const isPair = (given: Span | readonly Span[]): given is Span =>
  typeof given === 'string' ||
  (given.length === 2 && given.every((one) => typeof one !== 'object' && !String(one).includes(':')));

/** The inputs of a boot as its options make them. */
function bootParams(boot: ScenarioBoot, values: Values): BootParams {
  const inside = (...path: Path): Path => ['boot', ...path];
  const constant = <T>(getter: Getter<T>): T | undefined => {
    try {
      return getter({ machine: undefined as never, task: 'shell', vars: undefined });
    } catch (error) {
      // It was told when it was read.
      if (error instanceof BadValue) return undefined;
      throw error;
    }
  };
  const span = (given: Span, path: Path): PhysRange | undefined => {
    const range = rangeOf(given);
    if (range === undefined)
      values.problem(path, 'scenario-bad-value', 'expected BASE:SIZE, such as 0x80000000:2G');
    return range;
  };
  const { kernel, cmdline, coherent, memory, reserve, nofile, evict, 'unflattened-tree': tree } = boot;
  const { accounting } = boot;
  const ranges =
    memory === undefined
      ? undefined
      : isPair(memory)
        ? [span(memory, inside('memory'))]
        : memory.map((one, i) => span(one, inside('memory', i)));
  const reserved = Object.entries(reserve ?? {}).flatMap(([name, given]) => {
    const range = given === undefined ? undefined : span(given, inside('reserve', name));
    return range === undefined ? [] : [[name, range] as const];
  });
  const config = configOf(boot, values, inside('config'));
  const unflattenedTree =
    tree === undefined ? undefined : constant(values.size(tree, inside('unflattened-tree')));
  const limit = nofile === undefined ? undefined : constant(values.whole(nofile, inside('nofile')));
  const seed =
    evict === undefined
      ? undefined
      : constant(values.read(evict, inside('evict'), parseSeed, 'a number from 0 to 4294967295'));
  if (kernel !== undefined) checkKernel(String(kernel), values);
  return bootParamsOf({
    ...(kernel !== undefined && { kernel: String(kernel) }),
    ...(cmdline !== undefined && { cmdline }),
    ...(ranges !== undefined && { memory: ranges.filter((range) => range !== undefined) }),
    ...(reserved.length > 0 && { reserve: Object.fromEntries(reserved) as BootReserved }),
    ...(config !== undefined && { config }),
    ...(coherent !== undefined && { coherent }),
    ...(accounting !== undefined && { accounting }),
    ...(unflattenedTree !== undefined && { unflattenedTree }),
    ...(limit !== undefined && { nofile: limit }),
    ...(seed !== undefined && { evict: seed }),
    ...udevRule(boot, values),
    ...faultsOf(boot, values),
  });
}

function checkKernel(kernel: string, values: Values): void {
  const named = nameKernel(kernel);
  if ('problem' in named) values.problem(['boot', 'kernel'], 'kernel-unknown', named.problem, named.hint);
}

function configOf(
  boot: ScenarioBoot,
  values: Values,
  path: Path,
): Readonly<Record<string, string | number | boolean>> | undefined {
  if (boot.config === undefined) return undefined;
  const keys = new Map<string, string>();
  const config = Object.fromEntries(
    Object.entries(boot.config).map(([key, value]) => {
      const name = configKey(key);
      keys.set(name, key);
      return [name, typeof value === 'bigint' ? Number(value) : value];
    }),
  );
  for (const found of profileOf(boot.coherent, config).problems) {
    const { key, problem, expected } = found;
    const near = configMeant(found);
    const at = [...path, keys.get(key) ?? key];
    if (problem === 'unknown')
      values.problem(
        at,
        'config-unknown',
        `${key} is no option that is modelled`,
        near === undefined ? `options: ${expected}` : `did you mean ${near}?`,
        true,
      );
    else values.problem(at, 'config-value', `${key}: expected ${expected}`);
  }
  return config;
}

/** What a udev rule says of the heaps' nodes. */
function udevRule({ mode, group }: ScenarioBoot, values: Values): Pick<BootInputs, 'mode' | 'group'> {
  const read = (key: string, value: string | number | bigint, parse: typeof parseMode, expected: string) => {
    const number = parse(String(value));
    if (number === undefined)
      values.problem(['boot', key], 'scenario-bad-value', `expected ${expected}, found ${value}`);
    return number === undefined ? {} : { [key]: number };
  };
  return {
    ...(mode !== undefined && read('mode', mode, parseMode, 'permission bits in octal, such as 0660')),
    ...(group !== undefined && read('group', group, parseGroup, EXPECTED_GROUP)),
  };
}

const isList = (given: Fault | readonly Fault[]): given is readonly Fault[] => Array.isArray(given);

/** Where the rule stands, of a list or alone. */
export const faultPath = (fault: Fault | readonly Fault[] | undefined, i: number): Path =>
  fault !== undefined && isList(fault) ? ['boot', 'fault', i] : ['boot', 'fault'];

function faultsOf({ fault }: ScenarioBoot, values: Values): Pick<BootParams, 'faults'> {
  if (fault === undefined) return {};
  const list = isList(fault) ? fault : [fault];
  const faults = list.flatMap((one, i): FaultRule[] => {
    const read = readFault(one, values.seed);
    const path = faultPath(fault, i);
    if ('rule' in read) {
      values.strikes(read.rule, path);
      return [read.rule];
    }
    const inner = typeof one === 'object' && read.key !== undefined ? [read.key] : [];
    values.problem([...path, ...inner], 'scenario-fault', read.problem);
    return [];
  });
  return { faults };
}
