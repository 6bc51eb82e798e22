import { basename, join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { escapeText } from '../../escape-text.ts';
import { refuseHost } from '../../exec/host-fit.ts';
import { nativeParts, SUPERVISOR } from '../../exec/native-build.ts';
import { serverEnd, serverOf } from '../../exec/server-process.ts';
import { supervised } from '../../exec/supervised.ts';
import type { RunGranted, WatchClient } from '../../exec/watch-client.ts';
import { openSession } from '../../session/local-session.ts';
import { checkTaskName } from '../caller.ts';
import { ProgramEnded } from '../exec/program-ended.ts';
import { type RunPlace, runPlace } from '../exec/run-place.ts';
import {
  FAIL_ON,
  type FailOn,
  neverRan,
  type RunOutcome,
  runReportJson,
  runSummaryText,
} from '../exec/run-summary.ts';
import { EXIT_DONE, EXIT_NO } from '../exit-code.ts';
import { exportHistory, tellLosses, writeScenario } from '../export-history.ts';
import { UsageError } from '../failures.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import { packageRoot } from '../read/package-root.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { execJunit } from '../render/exec-junit.ts';
import type { Shell } from '../shell.ts';
import { writeOutput } from '../terminal/output-file.ts';
import { once } from '../words/once.ts';
import { BOARD_HELP, WITH_BOARD } from '../words/with-board.ts';

interface ExecOptions extends BoardOptions {
  readonly carrier?: 'preload' | 'seccomp';
  readonly seccompIo?: boolean;
  readonly keep?: boolean;
  readonly strace?: boolean;
  readonly record?: string;
  readonly junit?: string;
  readonly failOn?: readonly FailOn[];
  readonly checkSync?: boolean;
  readonly with?: string;
  readonly hostPageSize?: boolean;
}

/** Longest part of a program's name that becomes a task's. */
const NAME_LENGTH = 40;

/** The task of a program that is given none: its file's name, as far as a task may have it. */
function taskNamed(command: string): string {
  const name = basename(command)
    .replace(/[^A-Za-z0-9_.-]/g, '_')
    .slice(0, NAME_LENGTH);
  return /^[A-Za-z_]/.test(name) ? name : `_${name}`;
}

function readFailOn(text: string): FailOn[] {
  const names = text.split(',');
  for (const name of names) {
    if (!(FAIL_ON as readonly string[]).includes(name)) {
      throw new InvalidArgumentError(`Expected ${FAIL_ON.join(', ')}, joined by commas.`);
    }
  }
  return names as FailOn[];
}

function refuseOptions({ carrier, seccompIo }: ExecOptions): void {
  if (seccompIo === true && carrier !== 'seccomp') {
    throw new UsageError(
      '--seccomp-io goes with --carrier seccomp',
      'Under preload reads and writes are carried anyway',
    );
  }
}

/** Runs COMMAND on the place's session. @returns its end, and what is left of it */
async function runOn(
  sh: Shell,
  place: RunPlace,
  command: readonly string[],
  options: ExecOptions,
): Promise<Omit<RunOutcome, 'failed' | 'seccompIo'>> {
  const seccomp = options.carrier === 'seccomp';
  const native = await nativeParts(packageRoot(), process.env, () => {
    if (sh.streams.errIsTerminal) sh.streams.err('building the native part, once\n');
  });
  const self = [process.execPath, join(packageRoot(), 'bin/dmaheap.cjs')];
  const { marker, client } = await serverOf(self, place.path);
  try {
    const [file = ''] = command;
    const granted = await client.begin({
      token: marker.token,
      watch: 1,
      task: sh.options.task === undefined ? taskNamed(file) : checkTaskName(sh.options.task),
      command,
      strace: options.strace === true,
      checkSync: options.checkSync === true,
      hostPageSize: options.hostPageSize === true,
      seccomp,
    });
    listen(sh, client);
    if (options.with !== undefined) await client.play(resolve(options.with));
    const code = await supervised(
      [
        join(native, SUPERVISOR),
        ...(seccomp ? ['--seccomp'] : []),
        ...(options.seccompIo === true ? ['--seccomp-io'] : []),
        '--',
        ...command,
      ],
      { ...process.env, ...variables(marker, granted, native, seccomp) },
      sh.options.json === true ? 'err' : 'out',
    );
    const summary = await client.summary(place.isTemporary);
    return { ...granted, command, code, summary };
  } finally {
    client.close();
    // What is removed, or exported, nobody writes to any more.
    if (place.isTemporary) await serverEnd(marker);
  }
}

/** Reads the scenario before anything runs: what is wrong with it is told as `dmaheap run` tells it. */
async function checkScenario(file: string, place: RunPlace): Promise<void> {
  const { loadScenario } = await import('../exec/load-scenario.ts');
  const session = openSession({ path: place.path, from: '--session' });
  const tree = session.view((kernel) => kernel.bootTree());
  session.close();
  await loadScenario(file, tree);
}

/** Tells at once what the server tells. */
function listen(sh: Shell, client: WatchClient): void {
  client.onTold = ({ strace, note }) => {
    if (typeof strace === 'string') sh.streams.err(`${escapeText(strace)}\n`);
    if (typeof note === 'string') sh.streams.err(`note: ${escapeText(note)}\n`);
  };
}

/** What the carriers find in their environment: docs/exec-protocol.md. */
const variables = (
  marker: { readonly socket: string; readonly token: string },
  { task, run }: RunGranted,
  native: string,
  seccomp: boolean,
) => ({
  DMAHEAP_EXEC: marker.socket,
  DMAHEAP_EXEC_TOKEN: marker.token,
  DMAHEAP_EXEC_TASK: task,
  DMAHEAP_EXEC_RUN: String(run),
  DMAHEAP_EXEC_DIR: native,
  DMAHEAP_EXEC_PROGRAM: seccomp ? 'seccomp' : 'preload',
});

async function tell(sh: Shell, outcome: RunOutcome, options: ExecOptions): Promise<void> {
  if (outcome.session !== undefined) {
    sh.streams.err(`session kept: ${outcome.session}\n`);
    if (outcome.code !== 0 && !neverRan(outcome) && sh.options.json !== true)
      sh.streams.err(
        `if a call failed: dmaheap --session ${outcome.session} why ENOMEM, or whatever its errno was\n`,
      );
  }
  if (options.junit !== undefined) await writeOutput(sh, options.junit, execJunit(outcome));
  const ink = await sh.ink('err');
  if (sh.options.json !== true) sh.streams.err(runSummaryText(outcome, options.carrier === undefined, ink));
  else
    await sh.answer(
      () => runReportJson(outcome),
      () => '',
    );
}

async function record(sh: Shell, place: RunPlace, file: string): Promise<void> {
  const session = openSession({ path: place.path, from: '--session' }, sh.storeOptions);
  const done = await exportHistory(session, { output: file });
  session.close();
  await writeScenario(sh, file, done);
  tellLosses(sh, done.exported);
}

async function exec(sh: Shell, command: readonly string[], options: ExecOptions): Promise<void> {
  refuseOptions(options);
  refuseHost();
  const place = await runPlace(sh, options, options.record !== undefined);
  let isKept = options.keep === true;
  try {
    if (options.with !== undefined) await checkScenario(options.with, place);
    const ended = await runOn(sh, place, command, options);
    const { leaks, hazards } = ended.summary;
    const found = { leaks: leaks.length > 0, hazards: hazards.length > 0 };
    const { scenario } = ended.summary;
    const failed = [
      ...(options.failOn ?? []).filter((what) => found[what]),
      ...(scenario === undefined || scenario.verdict === 'passed' ? [] : (['scenario'] as const)),
    ];
    isKept ||= (ended.code !== EXIT_DONE && !neverRan(ended)) || failed.length > 0;
    const isTold = place.isTemporary && isKept;
    if (options.record !== undefined) await record(sh, place, options.record);
    const seccompIo = options.seccompIo === true;
    await tell(sh, { ...ended, failed, seccompIo, ...(isTold && { session: place.path }) }, options);
    if (ended.code !== EXIT_DONE) throw new ProgramEnded(ended.code);
    if (failed.length > 0) throw new ProgramEnded(EXIT_NO);
  } finally {
    if (!isKept) place.remove();
  }
}

/** `dmaheap exec -- COMMAND`: a native program, which sees the emulated heaps. */
export function execCommand({ program, shell }: Registry): void {
  const command: Command = program
    .command('exec')
    .summary('run a native program, which sees the emulated heaps')
    .description(
      'Runs COMMAND with /dev/dma_heap as the board has it, on Linux, without root. On the session, or with --board on one that is booted for the run; it is kept, and told where, with --keep and when the run fails. docs/exec.md has more.',
    )
    .argument('<command...>', 'after --: the program and its arguments')
    .addOption(
      once(
        new Option('--carrier <how>', 'preload unless the program is static').choices(['preload', 'seccomp']),
      ),
    )
    .option('--seccomp-io', 'with it: also reads and writes of descriptors (slow)')
    .option('--keep', 'keep the session that --board makes')
    .option('--strace', 'print each emulated call on standard error')
    .addOption(once(new Option('--record <file>', 'write a scenario that replays the run')))
    .addOption(once(new Option('--junit <file>', 'write JUnit XML for CI as well')))
    .addOption(
      once(
        new Option('--fail-on <what>', 'exit 1 for leaks, hazards (joined by commas)').argParser(readFailOn),
      ),
    )
    .addOption(once(new Option('--with <scenario>', 'play its steps meanwhile: the work of a device')))
    .option('--check-sync', 'look for CPU accesses without SYNC (slow)')
    .option('--host-page-size', "show the host's page size to the program")
    .addHelpText(
      'after',
      `\nThe exit code is COMMAND’s own, 128+n for a signal; 125 exec itself failed, 126\nCOMMAND cannot be run, 127 it is not found. With --json its output goes to\nstandard error, and the answer to standard output.${BOARD_HELP}\n${examples(
        'dmaheap exec --board board.dtb --kernel 6.12 -- ./camera-test',
        'dmaheap exec --strace --fail-on leaks -- python3 capture.py',
        'dmaheap exec --carrier seccomp -- ./static-test',
      )}`,
    )
    .action((words: readonly string[], options: ExecOptions) => exec(shell(command), words, options));
  addBootInputs(command, WITH_BOARD);
  addSourceInputs(command, WITH_BOARD);
}
