import type { Board } from '../../board/board.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { InvalidInput } from '../../diagnostic.ts';
import { kernelWarnings } from '../../kernel/boot/asked-profile.ts';
import type { PreparedScenario, RunReport } from '../../scenario/index.ts';
import { AnsweredNo, Interrupted, UsageError } from '../failures.ts';
import { refuseTreeOptions } from '../read/boot-inputs.ts';
import { loadTreeAsGiven, type SourceInputs } from '../read/load-tree.ts';
import { loadedBoard } from '../read/loaded-board.ts';
import { inputName, readInput } from '../read/read-input.ts';
import { scenarioFiles } from '../read/scenario-files.ts';
import { withKernel } from '../read/scenario-kernel.ts';
import { addSourceInputs, OUTSIDE_OF_SCENARIO } from '../read/source-inputs.ts';
import { refuseWrongInput } from '../read/wrong-input.ts';
import { examples, type Registry } from '../registry.ts';
import { runJson } from '../render/run-json.ts';
import { runJunit } from '../render/run-junit.ts';
import { runTap } from '../render/run-tap.ts';
import { runSummary, runText } from '../render/run-text.ts';
import { runScenarioSliced, type Scenarios } from '../run-scenario.ts';
import type { Shell } from '../shell.ts';
import { Interruption } from '../terminal/interruption.ts';
import { writeOutput } from '../terminal/output-file.ts';
import { type ConfigWords, configOption, presetOption } from '../words/config-option.ts';
import { kernelOption } from '../words/kernel-option.ts';
import { once } from '../words/once.ts';

/** What of a kernel is given instead of what the scenarios say. */
interface GivenKernel {
  readonly kernel?: string;
  readonly preset?: string;
  readonly config?: ConfigWords;
}

interface RunCommandOptions extends SourceInputs, GivenKernel {
  readonly tap?: boolean;
  readonly junit?: string;
  readonly keepGoing?: boolean;
}

/** The board that takes the place of those that the scenarios name. */
async function otherBoard(
  file: string | undefined,
  inputs: SourceInputs,
  warn: (found: readonly Diagnostic[]) => void,
): Promise<Board | undefined> {
  if (file === undefined) return undefined;
  const loaded = await loadTreeAsGiven(file, inputs);
  const board = loadedBoard(loaded, inputName(file));
  warn([...loaded.warnings, ...board.diagnostics]);
  return board;
}

/** Says which scenarios keep a board that stands in them. @throws UsageError when all do: --board is for nothing */
function tellStayed(sh: Shell, stayed: readonly string[], all: number): void {
  if (stayed.length === 0) return;
  const message = `the board of ${stayed.join(', ')} stands in the scenario and stays`;
  if (stayed.length === all) {
    throw new UsageError(
      `--board would be ignored: ${message}`,
      'Leave it out, or let the scenario name a file',
    );
  }
  sh.streams.err(`note: ${message}\n`);
}

/** Reads every file before the first one runs. @throws InvalidInput with what is wrong with all of them */
async function prepareAll(
  sh: Shell,
  scenarios: Scenarios,
  files: readonly string[],
  { kernel, preset, config, ...inputs }: SourceInputs & GivenKernel,
): Promise<readonly PreparedScenario[]> {
  const problems: Diagnostic[] = [];
  const warned = new Set<string>();
  const warnings: Diagnostic[] = [];
  const warn = (found: readonly Diagnostic[]) => {
    for (const one of found) {
      // Several scenarios may share a board.
      const key = JSON.stringify(one);
      if (!warned.has(key)) warnings.push(one);
      warned.add(key);
    }
  };
  const other = await otherBoard(sh.options.board, inputs, warn);
  const prepared: PreparedScenario[] = [];
  const stayed: string[] = [];
  for (const file of files) {
    const bytes = readInput(file);
    await refuseWrongInput(bytes, file, 'scenario');
    const text = new TextDecoder().decode(bytes);
    try {
      const source = scenarios.readScenario(text, inputName(file));
      if (other !== undefined && source.inlineBoard !== undefined) stayed.push(inputName(file));
      const files = scenarioFiles(file, { allowOutside: inputs.allowOutside, repair: inputs.repair, warn });
      const own =
        other === undefined || source.inlineBoard !== undefined
          ? await scenarios.prepareScenario(source, files)
          : scenarios.compileScenario(source, other, files, await scenarios.vendorOf(source, files));
      const one = withKernel(own, { option: kernel, environment: sh.environmentKernel, preset, config });
      warn(kernelWarnings(one.board, one.params));
      prepared.push(one);
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      problems.push(...error.diagnostics);
    }
  }
  if (problems.length > 0) throw new InvalidInput(problems);
  tellStayed(sh, stayed, files.length);
  await sh.warn(warnings);
  return prepared;
}

/** Runs the scenarios, each told as it ends. @returns those that ended, and the one that was interrupted */
async function runAll(
  sh: Shell,
  scenarios: Scenarios,
  all: readonly PreparedScenario[],
  keepGoing: boolean,
  tell: (report: RunReport, number: number) => void,
): Promise<{ readonly reports: readonly RunReport[]; readonly interrupted: boolean }> {
  const interruption = new Interruption(sh.interrupts);
  const reports: RunReport[] = [];
  try {
    for (const prepared of all) {
      const report = await runScenarioSliced(sh, scenarios, prepared, keepGoing, interruption);
      reports.push(report);
      // A run that was short lets a Ctrl-C in as well.
      await interruption.atMercy(() => tell(report, reports.length));
      await interruption.pause();
      if (interruption.happened) break;
    }
  } finally {
    interruption.end();
  }
  return { reports, interrupted: interruption.happened };
}

async function runFiles(sh: Shell, files: readonly string[], options: RunCommandOptions): Promise<void> {
  const { tap = false, junit, keepGoing = false, ...inputs } = options;
  const json = sh.options.json === true;
  if (tap && json) throw new UsageError('--tap and --json exclude each other');
  if (files.filter((file) => file === '-').length > 1) {
    throw new UsageError('standard input (-) can be read only once');
  }
  if (sh.options.board === undefined)
    refuseTreeOptions({ ...inputs, repair: undefined }, 'the board that a scenario names');
  const scenarios: Scenarios = await import('../../scenario/index.ts');
  const all = await prepareAll(sh, scenarios, files, inputs);
  const ink = await sh.ink('out');
  const { streams } = sh;
  if (tap) streams.out(`TAP version 14\n1..${all.length}\n`);
  const { reports, interrupted } = await runAll(sh, scenarios, all, keepGoing, (report, number) => {
    if (tap) streams.out(runTap(report, number));
    else if (!json) streams.out(runText(report, ink));
  });
  if (tap && interrupted) streams.out('Bail out! interrupted\n');
  await sh.warn(reports.flatMap((report) => report.warnings));
  if (junit !== undefined) await writeOutput(sh, junit, runJunit(reports));
  if (json)
    await sh.answer(
      () => runJson(reports, all.length),
      () => '',
    );
  else if (!tap && (all.length > 1 || interrupted)) streams.out(runSummary(reports, all.length, ink));
  if (interrupted) throw new Interrupted();
  if (reports.some(({ verdict }) => verdict !== 'passed')) throw new AnsweredNo();
}

/** `dmaheap run FILE…`: scenarios. */
export function runCommand({ program, shell }: Registry): void {
  const command = program
    .command('run')
    .summary('run scenarios: exit 0 when all that they expect holds')
    .description(
      'Runs scenario files: each boots its board in memory, makes its steps and checks what they and the machine came to. The same file does the same on every machine. docs/scenarios.md describes the form.',
    )
    .argument('<file...>', 'scenarios; - reads standard input')
    .option('--tap', 'print TAP 14 for test harnesses')
    .option('--junit <file>', 'write JUnit XML for CI as well')
    .addOption(once(kernelOption()))
    .addOption(once(presetOption()))
    .addOption(configOption())
    .option('--keep-going', 'go on after a step that failed')
    .addHelpText(
      'after',
      `\nThe files that a scenario names lie below its own directory, unless\n--allow-outside is given.\nWith --board the scenarios run on that board instead of the one that they name.\n${examples(
        'dmaheap run gate.yaml',
        'dmaheap run tests/*.yaml --junit report.xml',
        'dmaheap run gate.yaml --board build/board.dtb',
        'dmaheap run gate.yaml --kernel 6.12',
        'dmaheap run leak.yaml --json | jq .files[0].results',
      )}`,
    )
    .action((files: string[], options: RunCommandOptions) => runFiles(shell(command), files, options));
  addSourceInputs(command, 'Source of --board:', OUTSIDE_OF_SCENARIO);
}
