import type { Board } from '../../board/board.ts';
import { type Diagnostic, InvalidInput } from '../../diagnostic.ts';
import { kernelWarnings } from '../../kernel/boot/asked-profile.ts';
import type { BootParams } from '../../kernel/boot/boot-params.ts';
import type { PreparedScenario, RunReport } from '../../scenario/index.ts';
import { AnsweredNo, Interrupted } from '../failures.ts';
import { addBootInputs, type BoardOptions, bootParams, refuseTreeOptions } from '../read/boot-inputs.ts';
import { loadTreeAsGiven } from '../read/load-tree.ts';
import { loadedBoard } from '../read/loaded-board.ts';
import { inputName } from '../read/read-input.ts';
import { withKernel } from '../read/scenario-kernel.ts';
import { type Source, sourceOf } from '../read/scenario-source.ts';
import { addSourceInputs, OUTSIDE_OF_SCENARIO } from '../read/source-inputs.ts';
import { givenVendor } from '../read/vendor-file.ts';
import { examples, type Registry } from '../registry.ts';
import { type Replayed, replayJson, replayText } from '../render/replay.ts';
import { runScenarioSliced, type Scenarios } from '../run-scenario.ts';
import type { Shell } from '../shell.ts';
import { Interruption } from '../terminal/interruption.ts';
import { refuseUnknownSubjects } from '../words/fault-option.ts';

/** Replaces the board and the boot inputs that were given. */
async function changed(
  scenarios: Scenarios,
  { read, files }: Source,
  before: PreparedScenario | undefined,
  board: Board | undefined,
  params: BootParams,
): Promise<PreparedScenario> {
  const other =
    board === undefined && before !== undefined
      ? before
      : scenarios.compileScenario(read, board as Board, files, await scenarios.vendorOf(read, files));
  return { ...other, params: { ...other.params, ...params }, isOther: true };
}

/** The scenario as it is; `undefined` when its own board cannot be read and another one takes its place. */
async function asItIs(scenarios: Scenarios, { read, files }: Source, needed: boolean) {
  try {
    return await scenarios.prepareScenario(read, files);
  } catch (error) {
    if (needed || !(error instanceof InvalidInput)) throw error;
    return undefined;
  }
}

/** Runs it; a Ctrl-C ends the command. */
async function run(
  sh: Shell,
  scenarios: Scenarios,
  prepared: PreparedScenario,
  keepGoing: boolean,
): Promise<RunReport> {
  const interruption = new Interruption(sh.interrupts);
  try {
    const report = await runScenarioSliced(sh, scenarios, prepared, keepGoing, interruption);
    if (interruption.happened) throw new Interrupted();
    return report;
  } finally {
    interruption.end();
  }
}

async function runReplay(sh: Shell, file: string, options: BoardOptions): Promise<void> {
  const { board } = sh.options;
  if (board === undefined) {
    const { include, define, overlay } = options;
    refuseTreeOptions({ include, define, overlay }, 'the board that was recorded');
  }
  const params = bootParams(options, await givenVendor(options.vendor));
  const isOther = board !== undefined || Object.keys(params).length > 0;
  const warnings: Diagnostic[] = [];
  const scenarios: Scenarios = await import('../../scenario/index.ts');
  const source = await sourceOf(scenarios, file, options, (found) => warnings.push(...found));
  const environment = sh.environmentKernel;
  const own = await asItIs(scenarios, source, board === undefined);
  const before = own && withKernel(own, { environment });
  const loaded = board === undefined ? undefined : await loadTreeAsGiven(board, options);
  const other = loaded && loadedBoard(loaded, inputName(board ?? ''));
  const prepared = isOther
    ? withKernel(await changed(scenarios, source, own, other, params), { environment })
    : before;
  if (prepared === undefined) throw new Error('the scenario was not read');
  const after = isOther ? scenarios.bootedBy(prepared) : undefined;
  if (after !== undefined && after.panic === undefined) refuseUnknownSubjects(params.faults ?? [], after);
  await sh.warn([
    ...warnings,
    ...(loaded?.warnings ?? []),
    ...kernelWarnings(prepared.board, prepared.params),
  ]);
  const report = await run(sh, scenarios, prepared, isOther);
  await sh.warn(report.warnings);
  const replayed: Replayed = {
    report,
    ...(after && { boots: { before: before && scenarios.bootedBy(before), after } }),
  };
  const differences =
    replayed.boots?.before === undefined || report.panic !== undefined
      ? []
      : scenarios.bootDifferences(replayed.boots.before, replayed.boots.after);
  await sh.answer(
    () => replayJson(file, replayed, differences),
    (ink) => replayText(file, replayed, differences, ink),
  );
  if (report.verdict !== 'passed' || differences.length > 0) throw new AnsweredNo();
}

/** `dmaheap replay FILE`: a recorded history again, and what is different. */
export function replayCommand({ program, shell }: Registry): void {
  const command = program
    .command('replay')
    .summary('do a recorded history again, and tell where the answers first differ')
    .description(
      'Runs a scenario or a bundle that export wrote, in memory, and says at which step the answers first differ from those that were recorded, and how. With another board or other boot inputs: what boots differently, and every step whose answer changes. Exit 1 when anything differs.',
    )
    .argument('<file>', 'a scenario, or a bundle (.tar.gz); - reads a scenario from standard input')
    .addHelpText(
      'after',
      `\nWith --board FILE it runs on that board.\n${examples(
        'dmaheap replay bug.tar.gz',
        'dmaheap replay bug.yaml --cmdline cma=64M',
        'dmaheap replay bug.yaml --board new-board.dtb --json | jq .differences',
      )}`,
    )
    .action((file: string, options: BoardOptions) => runReplay(shell(command), file, options));
  addBootInputs(command, 'Instead of what was recorded:');
  addSourceInputs(command, 'Source of --board:', OUTSIDE_OF_SCENARIO);
}
