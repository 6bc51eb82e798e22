import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Diagnostic } from '../../diagnostic.ts';
import type { BootReserved } from '../../kernel/boot/boot-params.ts';
import type { CoherentSeries } from '../../profile/coherent-series.ts';
import { presetNames } from '../../profile/presets.ts';
import type { Change } from '../../program/boots/boot-differences.ts';
import { bootDifferences, logDifferences } from '../../program/boots/boot-differences.ts';
import { bootedBy } from '../../program/boots/booted.ts';
import type { AnswerDifference } from '../../scenario/index.ts';
import type { PhysRange } from '../../units.ts';
import { completes } from '../completion/argument-kinds.ts';
import { offers } from '../completion/option-values.ts';
import { AnsweredNo, Interrupted, UsageError } from '../failures.ts';
import { bootParams, readMemory, readReserve } from '../read/boot-inputs.ts';
import {
  type DiffInputs,
  type DiffSide,
  findBoot,
  type History,
  refuseUnused,
  type SideOptions,
  sideOf,
} from '../read/diff-side.ts';
import type { SourceInputs } from '../read/load-tree.ts';
import { sourceOf } from '../read/scenario-source.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { type Compared, diffJson, diffText } from '../render/diff.ts';
import type { Scenarios } from '../run-scenario.ts';
import type { Shell } from '../shell.ts';
import { Interruption } from '../terminal/interruption.ts';
import { type ConfigWords, readConfig, readPreset } from '../words/config-option.ts';
import { RELEASES, readKernel } from '../words/kernel-option.ts';
import { archOption, coherentOption, readArch, readCoherent } from '../words/profile-options.ts';
import { VENDORS } from '../words/vendor-option.ts';

/** What can be counted: differences of boots, of the log, of the answers to a history. */
export type Counted = Change | 'log' | 'answers';

const COUNTED: readonly Counted[] = [
  ...(['added', 'removed', 'renamed', 'aliased', 'moved', 'grown', 'shrunk', 'fate', 'panic'] as const),
  ...(['log', 'answers'] as const),
];

/** Options of which the first is A's, and the second B's; alone it is both's. */
type Pair<T> = readonly T[];

interface DiffOptions extends SourceInputs {
  readonly kernel?: Pair<string>;
  readonly arch?: Pair<string>;
  readonly cmdline?: Pair<string>;
  readonly coherent?: Pair<CoherentSeries>;
  readonly preset?: Pair<string>;
  readonly config?: Pair<ConfigWords>;
  readonly vendor?: Pair<string>;
  readonly reserve?: Pair<BootReserved>;
  readonly memory?: readonly PhysRange[];
  readonly run?: string;
  readonly failOn?: readonly Counted[];
}

/** Collects the values of an option that may be given twice. */
const paired =
  <T>(read: (text: string) => T) =>
  (text: string, before: Pair<T> = []): Pair<T> => {
    if (before.length === 2) throw new InvalidArgumentError('There are two sides: give it twice at most.');
    return [...before, read(text)];
  };

const readOptions = (text: string): ConfigWords =>
  text.split(',').reduce<ConfigWords>((config, option) => readConfig(option, config), { options: {} });

/** None of an empty text: a side without, beside one with. */
const readReservations = (text: string): BootReserved =>
  text === '' ? {} : text.split(',').reduce<BootReserved>((all, one) => readReserve(one, all), {});

function readCounted(text: string): readonly Counted[] {
  const words = text.split(',');
  const unknown = words.find((word) => !COUNTED.some((known) => known === word));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`Expected ${COUNTED.join(', ')}, joined by commas.`);
  return COUNTED.filter((known) => words.includes(known));
}

/** The options of one side. */
function sideOptions(options: DiffOptions, side: 0 | 1): SideOptions {
  const of = <T>(pair: Pair<T> | undefined): T | undefined => pair?.[Math.min(side, pair.length - 1)];
  const [kernel, arch, cmdline, coherent, preset, config, vendor, reserve] = [
    of(options.kernel),
    of(options.arch),
    of(options.cmdline),
    of(options.coherent),
    of(options.preset),
    of(options.config),
    of(options.vendor),
    of(options.reserve),
  ];
  return {
    ...(kernel !== undefined && { kernel }),
    ...(arch !== undefined && { arch }),
    ...(cmdline !== undefined && { cmdline }),
    ...(coherent !== undefined && { coherent }),
    ...(preset !== undefined && { preset }),
    ...(config !== undefined && { config }),
    ...(vendor !== undefined && { vendor }),
    ...(reserve !== undefined && { reserve }),
  };
}

/** What is the same of both boots: two that differ in nothing are a mistake. */
function refuseSame(b: string | undefined, given: DiffOptions): void {
  const { kernel, arch, cmdline, coherent, preset, config, vendor, reserve } = given;
  if (
    b !== undefined ||
    [kernel, arch, cmdline, coherent, preset, config, vendor, reserve].some((pair) => pair?.length === 2)
  )
    return;
  throw new UsageError(
    'there is nothing to compare',
    'Name two boards, or give --kernel, --arch, --cmdline, --preset, --config, --coherent, --vendor or --reserve twice: the first is for A, the second for B',
  );
}

async function historyOf(
  file: string | undefined,
  inputs: SourceInputs,
  warn: (found: readonly Diagnostic[]) => void,
): Promise<History | undefined> {
  if (file === undefined) return undefined;
  const scenarios: Scenarios = await import('../../scenario/index.ts');
  return { scenarios, source: await sourceOf(scenarios, file, inputs, warn) };
}

/** The first step of the history that is answered otherwise. A Ctrl-C ends the command. */
async function firstAnswer(
  sh: Shell,
  before: DiffSide,
  after: DiffSide,
): Promise<AnswerDifference | undefined> {
  if (before.history === undefined || after.history === undefined) return undefined;
  const { StepAnswers } = await import('../../scenario/index.ts');
  const interruption = new Interruption(sh.interrupts);
  const run = async (answers: InstanceType<typeof StepAnswers>) => {
    while (!answers.advance(64)) {
      await interruption.pause();
      if (interruption.happened) throw new Interrupted();
    }
    return answers;
  };
  try {
    const first = await run(new StepAnswers(before.history));
    return (await run(new StepAnswers(after.history, first))).difference;
  } finally {
    interruption.end();
  }
}

async function compare(sh: Shell, before: DiffSide, after: DiffSide): Promise<Compared> {
  const [then, now] = [bootedBy(before), bootedBy(after)];
  const dies = then.panic !== undefined || now.panic !== undefined;
  const answer = dies ? undefined : await firstAnswer(sh, before, after);
  return {
    before: { name: before.name, booted: then },
    after: { name: after.name, booted: now },
    differences: bootDifferences(then, now),
    log: logDifferences(then, now),
    hasHistory: before.history !== undefined,
    ...(answer && { answer }),
  };
}

/** The kinds of differences that there are. */
const kindsOf = ({ differences, log, answer }: Compared): ReadonlySet<Counted> =>
  new Set<Counted>([
    ...differences.map(({ change }) => change),
    ...(log.length > 0 ? ['log' as const] : []),
    ...(answer === undefined ? [] : ['answers' as const]),
  ]);

async function runDiff(
  sh: Shell,
  a: string | undefined,
  b: string | undefined,
  options: DiffOptions,
): Promise<void> {
  refuseSame(b, options);
  if (a === undefined && options.run === undefined) {
    throw new UsageError('no board given', 'Name one, or a scenario that has one: --run FILE');
  }
  const warned = new Map<string, Diagnostic>();
  const warn = (found: readonly Diagnostic[]) => {
    for (const one of found) warned.set(JSON.stringify(one), one);
  };
  const { memory, run, failOn } = options;
  const inputs: DiffInputs = {
    common: bootParams(memory === undefined ? {} : { memory }, undefined),
    source: options,
    environment: sh.environmentKernel,
    history: await historyOf(run, options, warn),
  };
  if (a === '-' && b === '-') throw new UsageError('standard input (-) can be read only once');
  const found = await findBoot(a, inputs);
  const other = b === undefined ? found : await findBoot(b, inputs);
  refuseUnused([found, other], options);
  const before = await sideOf(found, sideOptions(options, 0), inputs);
  const after = await sideOf(other, sideOptions(options, 1), inputs);
  warn([...before.warnings, ...after.warnings]);
  await sh.warn([...warned.values()]);
  const compared = await compare(sh, before, after);
  const kinds = kindsOf(compared);
  const counts = failOn === undefined ? kinds.size > 0 : failOn.some((kind) => kinds.has(kind));
  await sh.answer(
    () => diffJson(compared, counts),
    (ink) => diffText(compared, ink),
  );
  if (counts) throw new AnsweredNo();
}

function addOptions(command: Command): void {
  const twice = (flags: string, text: string) => new Option(flags, `${text}; twice: for A, then for B`);
  command
    .addOption(
      offers(twice('--kernel <release>', 'the Linux that boots').argParser(paired(readKernel)), RELEASES),
    )
    .addOption(archOption('its architecture; twice: for A, then for B', paired(readArch)))
    .addOption(twice('--cmdline <text>', 'its command line').argParser(paired((text) => text)))
    .addOption(twice('--reserve <name=…,…>', 'as boot has it').argParser(paired(readReservations)))
    .addOption(
      offers(twice('--vendor <name|file>', "a vendor's heaps").argParser(paired((text) => text)), VENDORS),
    )
    .addOption(
      offers(twice('--preset <name>', 'whose configuration').argParser(paired(readPreset)), presetNames()),
    )
    .addOption(twice('--config <key=value,…>', 'options, or a .config').argParser(paired(readOptions)))
    .addOption(coherentOption('the coherent heap series; twice: for A, then for B', paired(readCoherent)))
    .addOption(new Option('--memory <base:size>', 'RAM of both boards (repeatable)').argParser(readMemory))
    .option('--run <file>', 'a scenario or bundle, whose answers are compared')
    .addOption(
      new Option('--fail-on <kinds>', `only these make exit 1: ${COUNTED.join(', ')}`).argParser(readCounted),
    );
}

/** `dmaheap diff A B`: what an upgrade will change. */
export function diffCommand({ program, shell }: Registry): void {
  const command = completes(program.command('diff'), 'file', 'file')
    .summary('what differs between two boards, kernels, command lines or configurations')
    .description(
      'Boots A and B in memory and tells what they have not in common: heaps and regions that come, go, are renamed, move, grow, shrink or meet another fate, names for one area, lines of the log; with --run the first call that is answered otherwise. Exit 1 when they differ.',
    )
    .argument('[a]', "a board, or a bundle that export wrote; with --run the scenario's own unless given")
    .argument('[b]', 'another one; A again unless given')
    .addHelpText(
      'after',
      examples(
        'dmaheap diff --kernel 6.1 --kernel 6.12 board.dtb',
        'dmaheap diff old.dtb new.dtb --fail-on removed,renamed,moved,shrunk',
        'dmaheap diff --run gate.yaml --kernel 5.10 --kernel 6.12',
        "dmaheap diff a.dtb b.dtb --json | jq '.differences[]'",
      ),
    )
    .action((a: string | undefined, b: string | undefined, options: DiffOptions) =>
      runDiff(shell(command), a, b, options),
    );
  addOptions(command);
  addSourceInputs(command, 'Device tree source:');
}
