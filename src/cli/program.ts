/** The command line: every command, the options that all take, and how mistakes are told. */
import { Command, type CommanderError, Option } from 'commander';
import { didYouMean } from '../devicetree/did-you-mean.ts';
import { shellWord } from '../shell-word.ts';
import { commandsFor } from './command-table.ts';
import { UsageError } from './failures.ts';
import { TOPIC_NAMES } from './help-topic-names.ts';
import { examples, type Registry } from './registry.ts';
import { type GlobalOptions, Shell, type Surroundings } from './shell.ts';
import { Ledger } from './terminal/ledger.ts';
import { VERSION } from './version.ts';
import { readWait } from './words/arguments.ts';
import { globalOptionsOf, refuseIgnored } from './words/global-options.ts';
import { refuseNul } from './words/refuse-nul.ts';
import { refuseUnwritable } from './words/refuse-unwritable.ts';

const GLOBAL = 'Global options:';

/**
 * Builds the program over a process's surroundings.
 *
 * @param words its command line, of which only the command that it names is built: all of them, when it names none
 * @param ledger where its commands write down what they did
 */
export async function createProgram(
  surroundings: Surroundings,
  words: readonly string[] = [],
  ledger = new Ledger(),
): Promise<Command> {
  const { streams } = surroundings;
  const program = new Command('dmaheap');
  program
    .description(
      'Emulates the dma-buf heaps of Linux: which heaps a board gets, where they lie, what an allocation answers.',
    )
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .configureHelp({
      showGlobalOptions: true,
      visibleGlobalOptions: (command) => [...globalOptionsOf(command)],
    })
    .configureOutput({
      writeOut: (text) => streams.out(text),
      writeErr: (text) => streams.err(text),
      getOutHelpWidth: () => (streams.outIsTerminal ? (process.stdout.columns ?? 80) : 80),
      getErrHelpWidth: () => 80,
      // Mistakes are told where all failures are, in main.ts.
      outputError: () => {},
    })
    .exitOverride()
    .hook('preAction', (_, command) => {
      refuseNul(command);
      refuseIgnored(command);
      refuseUnwritable(command);
    })
    .addHelpText('beforeAll', ({ command }) => {
      refuseUnknown(command);
      return '';
    })
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
      new Option('--board <file>', 'instead of a session a fresh boot of this board, in memory').helpGroup(
        GLOBAL,
      ),
    )
    .addOption(
      new Option(
        '--task <name>',
        'the task that makes the calls: shell unless given; started when there is none',
      ).helpGroup(GLOBAL),
    )
    .addOption(
      new Option(
        '-v, --verbose',
        'of a call that fails also the rule of Linux, and who holds the memory',
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
      )}\n\nExit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 unusable input,\n4 no usable session or unwritable output (dmaheap help exit-codes).`,
    );

  const help = new Command('help')
    .argument('[command]')
    .description(`print help for a command, or for a topic: ${TOPIC_NAMES.join(', ')}, kernels`);
  program.addHelpCommand(help.helpOption(false).helpGroup('Other:'));

  const shell = (command: Command) =>
    new Shell(surroundings, command.optsWithGlobals<GlobalOptions>(), ledger);
  // What a command takes, its own help says.
  program.configureHelp({ ...program.configureHelp(), subcommandTerm: (command) => command.name() });

  const registry: Registry = { program, shell };
  for (const [heading, commands] of commandsFor(words, program.options)) {
    program.commandsGroup(heading);
    for (const load of Object.values(commands)) (await load())(registry);
  }
  return program;
}

/** Help for a command that there is none of is no help. @throws UsageError */
function refuseUnknown(asked: Command): void {
  let owner = asked;
  let words = asked.args;
  for (; words[0] !== 'help' && owner.parent !== null; owner = owner.parent) words = owner.parent.args;
  if (words[0] !== 'help') [owner, words] = [asked, asked.args];
  for (const name of words[0] === 'help' ? words.slice(1) : words) {
    const { commands, registeredArguments } = owner;
    if (commands.length === 0 || registeredArguments.length > 0 || name.startsWith('-')) return;
    const next = commands.find((command) => [command.name(), ...command.aliases()].includes(name));
    if (next === undefined) {
      const near = didYouMean(name, [
        ...commands.map((command) => command.name()),
        ...(words[0] === 'help' ? TOPIC_NAMES : []),
      ]);
      const hint = near === undefined ? 'dmaheap --help lists the commands' : `Did you mean ${near}?`;
      throw new UsageError(`unknown command '${name}'`, hint);
    }
    owner = next;
  }
}

/** What helps with a line that commander refused, beyond its own suggestions. */
function hintOf({ code }: CommanderError, words: readonly string[]): string | undefined {
  const [name = '', ...rest] = words.filter((word) => !word.startsWith('-'));
  switch (code) {
    case 'commander.unknownCommand':
      return /\/|\.(dts|dtb|ya?ml)$/.test(name)
        ? `a board is booted by dmaheap boot ${shellWord(name)}`
        : undefined;
    case 'commander.unknownOption':
      return name === 'exec' && rest.length > 0 && !words.includes('--')
        ? 'put -- before the program: what follows is its own'
        : undefined;
    case 'commander.missingArgument':
    case 'commander.excessArguments':
      return `dmaheap ${name} --help says what it takes`;
    default:
      return undefined;
  }
}

/**
 * Turns commander's own errors into ours.
 *
 * @param words the command line
 * @returns `undefined` when it only printed help or a version
 */
export function usageError(error: CommanderError, words: readonly string[]): UsageError | undefined {
  if (error.exitCode === 0) return undefined;
  if (error.code === 'commander.help') return new UsageError('no command given');
  const [message = '', ...hints] = error.message.replace(/^error: /, '').split('\n');
  const hint = hintOf(error, words) ?? hints.join(' ').replace(/^\((.*)\)$/, '$1');
  return new UsageError(message, hint === '' ? undefined : hint);
}
