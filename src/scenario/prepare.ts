/** From a scenario that was read to one that can run: its boot inputs, its board, and its steps as a program. */
import type { Board } from '../board/board.ts';
import type { HeapDeclarations } from '../board/declared-heaps.ts';
import { boardFromTree } from '../board/from-tree.ts';
import { treeFromYamlSource } from '../board/from-yaml.ts';
import { namedByFile } from '../board/named-by-file.ts';
import type { WrittenVendor } from '../board/schema.ts';
import { vendorOf as declarationsOf } from '../board/written-heaps.ts';
import type { YamlSource } from '../board/yaml-source.ts';
import { type Diagnostic, InvalidInput, type SourcePosition } from '../diagnostic.ts';
import type { BootParams, BootReserved } from '../kernel/boot/boot-params.ts';
import { reservationNameProblem } from '../kernel/boot/early-reservations.ts';
import type { FaultRule } from '../kernel/faults/fault-rule.ts';
import { nameKernel } from '../profile/named-kernel.ts';
import { type BootInputs, bootParamsOf, parseMode, parseSeed } from '../program/boot-inputs.ts';
import { EXPECTED_GROUP, parseGroup } from '../program/group-names.ts';
import { type PhysRange, parseRange } from '../units.ts';
import { readFault } from './actions/fault.ts';
import { checkPreset, configOf } from './boot-config.ts';
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
  /**
   * The heaps of a vendor's kernel, by a name or a file; absent where there are no such files.
   *
   * @throws as `loadBoard`
   */
  loadVendor?(name: string): HeapDeclarations | Promise<HeapDeclarations>;
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
  const vendor = await vendorOf(source, files);
  const compiled = compileScenario(source, await boardOf(source, files), files, vendor);
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

/**
 * The same with a board that was loaded: another one than the scenario names, perhaps.
 *
 * @param vendor what `vendorOf` gives
 * @throws InvalidInput
 */
export function compileScenario(
  source: ScenarioSource,
  board: Board,
  given: GivenFunctions,
  vendor?: HeapDeclarations,
): PreparedScenario {
  const { scenario } = source;
  const seed = parseSeed(String(scenario.seed ?? 0));
  const values = new Values(seed ?? 0, given);
  if (seed === undefined)
    values.problem(['seed'], 'scenario-seed', 'a seed is a number from 0 to 4294967295');
  const params = {
    ...bootParams(scenario.boot ?? {}, values, given),
    ...(vendor !== undefined && { vendor }),
  };
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

/** The heaps of a vendor's kernel that the scenario names or has in place. @throws InvalidInput */
export async function vendorOf(
  source: ScenarioSource,
  files: Pick<ScenarioFiles, 'loadVendor'>,
): Promise<HeapDeclarations | undefined> {
  const given = source.scenario.boot?.vendor;
  if (given === undefined) return undefined;
  const property = ['boot', 'vendor'];
  if (typeof given !== 'string') {
    const { vendor, problems } = declarationsOf(given as WrittenVendor, given.kernel as string | undefined);
    if (problems.length === 0) return vendor;
    const told = problems.map((one) => ({ code: 'vendor-heap', ...one, path: [...property, ...one.path] }));
    throw new InvalidInput(told.map((one) => diagnosticOf(one, source)));
  }
  try {
    if (files.loadVendor !== undefined) return await files.loadVendor(given);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'UnreadableInput') throw error;
    const { code = 'vendor-unreadable', message, hint } = error as Error & Partial<Problem>;
    const told = { code, message, path: property, ...(hint !== undefined && { hint }) };
    throw new InvalidInput([diagnosticOf(told, source)]);
  }
  const message = `there are no files here: ${given} cannot be read`;
  throw new InvalidInput([
    diagnosticOf(
      { code: 'vendor-unreadable', message, path: property, hint: 'write what the file has in its place' },
      source,
    ),
  ]);
}

async function boardOf(source: ScenarioSource, files: ScenarioFiles): Promise<Board> {
  const { scenario, inlineBoard } = source;
  if (typeof scenario.board !== 'string') {
    if (inlineBoard === undefined) throw new Error('a board in place is read from YAML');
    const { tree, warnings: _, ...named } = treeFromYamlSource(inlineBoard);
    return namedByFile(boardFromTree(tree, source.file), named);
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
function bootParams(boot: ScenarioBoot, values: Values, given: GivenFunctions): BootParams {
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
  const { accounting, arch, preset } = boot;
  const ranges =
    memory === undefined
      ? undefined
      : isPair(memory)
        ? [span(memory, inside('memory'))]
        : memory.map((one, i) => span(one, inside('memory', i)));
  const reserved = Object.entries(reserve ?? {}).flatMap(([name, given]) => {
    const wrong = reservationNameProblem(name);
    if (wrong !== undefined) {
      values.problem(inside('reserve', name), 'scenario-bad-value', `'${name}': ${wrong}`, undefined, true);
    }
    const range = given === undefined ? undefined : span(given, inside('reserve', name));
    return range === undefined ? [] : [[name, range] as const];
  });
  const config = configOf(boot.config, values, given, inside('config'));
  if (preset !== undefined) checkPreset(preset, values);
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
    ...(arch !== undefined && { arch }),
    ...(cmdline !== undefined && { cmdline }),
    ...(ranges !== undefined && { memory: ranges.filter((range) => range !== undefined) }),
    ...(reserved.length > 0 && { reserve: Object.fromEntries(reserved) as BootReserved }),
    ...(preset !== undefined && { preset }),
    ...config,
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
