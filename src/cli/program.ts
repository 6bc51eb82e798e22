/** The command line: every command, the options that all take, and how mistakes are told. */
import { Command, type CommanderError, Option } from 'commander';
import { readWait } from './arguments.ts';
import { ageCommand } from './commands/age.ts';
import { allocCommand } from './commands/alloc.ts';
import { bootCommand, rebootCommand } from './commands/boot.ts';
import { buffersCommand } from './commands/buffers.ts';
import { catCommand } from './commands/cat.ts';
import { cmpCommand } from './commands/cmp.ts';
import { completionCommand } from './commands/completion.ts';
import { deviceCommand } from './commands/device.ts';
import { devicesCommand } from './commands/devices.ts';
import { dmesgCommand } from './commands/dmesg.ts';
import { dtCommand } from './commands/dt.ts';
import { dumpCommand } from './commands/dump.ts';
import { dupCommand } from './commands/dup.ts';
import { echoCommand } from './commands/echo.ts';
import { exportCommand } from './commands/export.ts';
import { faultCommand } from './commands/fault.ts';
import { fcntlCommand } from './commands/fcntl.ts';
import { fillCommand } from './commands/fill.ts';
import { freeCommand } from './commands/free.ts';
import { hazardsCommand } from './commands/hazards.ts';
import { ioctlCommand } from './commands/ioctl.ts';
import { leaksCommand } from './commands/leaks.ts';
import { listCommand } from './commands/list.ts';
import { lsCommand } from './commands/ls.ts';
import { lseekCommand } from './commands/lseek.ts';
import { mmapCommand } from './commands/mmap.ts';
import { modprobeCommand } from './commands/modprobe.ts';
import { munmapCommand } from './commands/munmap.ts';
import { nameCommand } from './commands/name.ts';
import { openCommand } from './commands/open.ts';
import { pinCommand, unpinCommand } from './commands/pin.ts';
import { pollCommand } from './commands/poll.ts';
import { readCommand } from './commands/read.ts';
import { regionsCommand } from './commands/regions.ts';
import { replayCommand } from './commands/replay.ts';
import { runCommand } from './commands/run.ts';
import { sessionCommand } from './commands/session.ts';
import { showCommand } from './commands/show.ts';
import { sleepCommand } from './commands/sleep.ts';
import { statCommand } from './commands/stat.ts';
import { sumCommand } from './commands/sum.ts';
import { syncCommand } from './commands/sync.ts';
import { taskCommand } from './commands/task.ts';
import { tasksCommand } from './commands/tasks.ts';
import { writeCommand } from './commands/write.ts';
import { UsageError } from './failures.ts';
import { Ledger } from './ledger.ts';
import { refuseNul } from './refuse-nul.ts';
import { examples, type Registry } from './registry.ts';
import { type GlobalOptions, Shell, type Surroundings } from './shell.ts';
import { VERSION } from './version.ts';

const GLOBAL = 'Global options:';

/** Builds the program over a process's surroundings. @param ledger where its commands write down what they did */
export function createProgram(surroundings: Surroundings, ledger = new Ledger()): Command {
  const { streams } = surroundings;
  const program = new Command('dmaheap');
  program
    .description(
      'Emulates the dma-buf heaps of Linux: which heaps a board gets, where they lie, what an allocation answers.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => streams.out(text),
      writeErr: (text) => streams.err(text),
      getOutHelpWidth: () => (streams.outIsTerminal ? (process.stdout.columns ?? 80) : 80),
      getErrHelpWidth: () => 80,
      // Mistakes are told where all failures are, in main.ts.
      outputError: () => {},
    })
    .exitOverride()
    .hook('preAction', (_, command) => refuseNul(command))
    .addOption(
      new Option(
        '--session <dir>',
        "the session's directory, else $DMAHEAP_SESSION, else ./.dmaheap",
      ).helpGroup(GLOBAL),
    )
    .addOption(
      new Option('--wait <seconds>', "how long to wait for another process's transaction: 30 unless given")
        .argParser(readWait)
        .helpGroup(GLOBAL),
    )
    .addOption(
      new Option(
        '--board <file>',
        'run in memory on a fresh boot of this board (list, regions, alloc, age, dmesg, cat, ls, dt show)',
      ).helpGroup(GLOBAL),
    )
    .addOption(
      new Option(
        '--task <name>',
        'the task that makes the calls: shell unless given; started when there is none',
      ).helpGroup(GLOBAL),
    )
    .addOption(new Option('--json', 'print one JSON object, errors too').helpGroup(GLOBAL))
    .addOption(new Option('--no-color', 'no colour on a terminal (as NO_COLOR)').helpGroup(GLOBAL))
    .addHelpText(
      'after',
      `${examples(
        'dmaheap boot board.dtb',
        'a=$(dmaheap alloc vpu-pool@50000000 300K)',
        'dmaheap show $a',
        'dmaheap list',
        'dmaheap free $a',
      )}\n\nExit codes: 0 done, 1 the emulated kernel said no, 2 wrong usage, 3 unusable input, 4 no usable session or unwritable output, 70 a bug, 130 interrupted.`,
    );

  const help = new Command('help').argument('[command]').description('print help for a command');
  program.addHelpCommand(help.helpOption(false).helpGroup('Other:'));

  const shell = (command: Command) =>
    new Shell(surroundings, command.optsWithGlobals<GlobalOptions>(), ledger);
  const registry: Registry = { program, shell };
  const groups: readonly (readonly [
    heading: string,
    ...register: readonly ((registry: Registry) => void)[],
  ])[] = [
    ['Boot:', bootCommand, rebootCommand, sessionCommand, dtCommand],
    [
      'Look:',
      listCommand,
      regionsCommand,
      buffersCommand,
      showCommand,
      dmesgCommand,
      hazardsCommand,
      leaksCommand,
    ],
    ['Allocate:', allocCommand, freeCommand, sleepCommand, ageCommand],
    ['Bytes:', readCommand, writeCommand, fillCommand, dumpCommand, sumCommand, cmpCommand],
    ['Share:', syncCommand, mmapCommand, munmapCommand],
    ['Tasks and devices:', tasksCommand, taskCommand, devicesCommand, deviceCommand],
    ['Scenarios:', runCommand, exportCommand, replayCommand],
    ['Fail on purpose:', faultCommand, pinCommand, unpinCommand, modprobeCommand],
    ['Files of /proc, /sys and /dev:', catCommand, lsCommand, echoCommand],
    [
      'Calls:',
      openCommand,
      dupCommand,
      nameCommand,
      ioctlCommand,
      fcntlCommand,
      lseekCommand,
      pollCommand,
      statCommand,
    ],
    ['Other:', completionCommand],
  ];
  for (const [heading, ...commands] of groups) {
    program.commandsGroup(heading);
    for (const register of commands) register(registry);
  }
  return program;
}

/** Turns commander's own errors into ours. @returns `undefined` when it only printed help or a version */
export function usageError(error: CommanderError): UsageError | undefined {
  if (error.exitCode === 0) return undefined;
  if (error.code === 'commander.help') return new UsageError('no command given');
  const [message = '', ...hints] = error.message.replace(/^error: /, '').split('\n');
  const hint = hints.join(' ').replace(/^\((.*)\)$/, '$1');
  return new UsageError(message, hint === '' ? undefined : hint);
}
