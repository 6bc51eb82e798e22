/** The manual pages of section 1, made of the program that prints the help. */
import type { Argument, Command, Option } from 'commander';
import { HELP_TOPICS } from '../../src/cli/help-topics.ts';
import { createProgram } from '../../src/cli/program.ts';
import { globalOptionsOf } from '../../src/cli/words/global-options.ts';
import { display, head, helpText, prose, quoted, seeAlso, words } from './mdoc.ts';

export interface ManPage {
  /** `man1/dmaheap-alloc.1`. */
  readonly file: string;
  readonly text: string;
}

/** `-o, --output <file>` as a list's item. */
function optionItem({ flags, short, long, description, argChoices }: Option): string {
  const value = /[<[].*$/.exec(flags)?.[0] ?? '';
  const bare = words(value.replace(/^[<[]|[>\]]$/g, ''));
  const argument = value === '' ? '' : value.startsWith('[') ? ` Op Ar ${bare}` : ` Ar ${bare}`;
  const forms = [short, long].flatMap((form) => {
    if (form === undefined) return [];
    const name = words(form.replace(/^--?/, ''));
    return [form.startsWith('--') ? `Fl Fl ${name}` : `Fl ${name}`];
  });
  const choices = argChoices === undefined ? '' : `; one of ${argChoices.join(', ')}`;
  return `.It ${forms.join(' , ')}${argument}\n${prose(`${description}${choices}`)}`;
}

const list = (items: readonly string[]): string => `.Bl -tag -width Ds\n${items.join('\n')}\n.El`;

const argumentWords = (argument: Argument): string => {
  const word = `Ar ${words(argument.name())}${argument.variadic ? ' ...' : ''}`;
  return argument.required ? word : `Op ${word}`;
};

function synopsis(command: Command, path: string): string {
  const args = command.registeredArguments.map((argument) => `.${argumentWords(argument)}`);
  const isGroup = command.commands.length > 0;
  return [
    `.Nm ${quoted(path)}`,
    '.Op Ar options',
    ...args,
    ...(isGroup && args.length === 0 ? ['.Ar command', '.Op Ar argument ...'] : []),
  ].join('\n');
}

/** What the help says after the options: examples apart. */
function afterHelp(
  command: Command,
  printed: string[],
): { readonly text: string; readonly examples: string } {
  printed.length = 0;
  command.outputHelp();
  const after = printed.join('').slice(command.helpInformation().length);
  const at = after.indexOf('\nExamples:\n');
  if (at < 0) return { text: after, examples: '' };
  const rest = after.slice(at + '\nExamples:\n'.length).split('\n');
  const end = rest.findIndex((line) => !line.startsWith('  '));
  const examples = rest.slice(0, end < 0 ? undefined : end).map((line) => line.slice(2));
  const behind = end < 0 ? '' : rest.slice(end).join('\n');
  return { text: `${after.slice(0, at)}\n\n${behind}`, examples: examples.join('\n') };
}

/** @param heading what stands above each group */
function optionLists(command: Command, heading?: (title: string) => string): string[] {
  const groups = new Map<string, Option[]>();
  for (const option of command.options) {
    if (option.hidden || option.description === '') continue;
    const group = (option.helpGroupHeading ?? 'Options:').replace(/:$/, '');
    groups.set(group, [...(groups.get(group) ?? []), option]);
  }
  return [...groups].flatMap(([group, options]) => [
    ...(heading === undefined ? [] : [heading(group)]),
    list(options.map(optionItem)),
  ]);
}

const argumentList = (command: Command): string[] => {
  const told = command.registeredArguments.filter(({ description }) => description !== '');
  if (told.length === 0) return [];
  return [list(told.map((argument) => `.It Ar ${words(argument.name())}\n${prose(argument.description)}`))];
};

/** One command of a group, as a part of the group's page. */
function subsection(command: Command, path: string, printed: string[]): string[] {
  const { text, examples } = afterHelp(command, printed);
  const call = `${path} ${command.registeredArguments.map((one) => one.name()).join(' ')}`.trim();
  const more = helpText(text);
  return [
    `.Ss ${quoted(call)}`,
    prose(command.description()),
    ...argumentList(command),
    ...optionLists(command),
    ...(more === '' ? [] : ['.Pp', more]),
    ...(examples === '' ? [] : [display(examples)]),
    ...command.commands.flatMap((inner) => subsection(inner, `${path} ${inner.name()}`, printed)),
  ];
}

function pageOf(command: Command, date: string, printed: string[]): ManPage {
  const name = `dmaheap-${command.name()}`;
  const path = `dmaheap ${command.name()}`;
  const { text, examples } = afterHelp(command, printed);
  const more = helpText(text);
  const parts = [
    head({ name, section: 1, about: command.summary() || command.description(), date }),
    '.Sh SYNOPSIS',
    synopsis(command, path),
    '.Sh DESCRIPTION',
    prose(command.description()),
    ...argumentList(command),
    ...(more === '' ? [] : ['.Pp', more]),
    ...optionLists(command, (title) => `.Sh ${words(title.toUpperCase())}`),
    '.Sh GLOBAL OPTIONS',
    list(globalOptionsOf(command).map(optionItem)),
    ...(command.commands.length === 0 ? [] : ['.Sh COMMANDS']),
    ...command.commands.flatMap((inner) => subsection(inner, `${path} ${inner.name()}`, printed)),
    ...(examples === '' ? [] : ['.Sh EXAMPLES', display(examples)]),
    seeAlso([
      ['dmaheap', 1],
      ...(['run', 'replay', 'export'].includes(command.name()) ? [['dmaheap-scenario', 5] as const] : []),
      ...(['boot', 'check', 'list', 'regions'].includes(command.name())
        ? [['dmaheap-board', 5] as const]
        : []),
    ]),
  ];
  return { file: `man1/${name}.1`, text: `${parts.join('\n')}\n` };
}

function mainPage(program: Command, date: string, printed: string[]): ManPage {
  const groups = program
    .createHelp()
    .groupItems(
      [...program.commands],
      program.createHelp().visibleCommands(program),
      (command) => command.helpGroup() ?? 'Commands:',
    );
  const { examples } = afterHelp(program, printed);
  const commands = [...groups].flatMap(([heading, ofGroup]) => [
    `.Ss ${words(heading.replace(/:$/, ''))}`,
    list(
      ofGroup
        .filter((command) => command.name() !== 'help')
        .map(
          (command) =>
            `.It Xr dmaheap-${command.name()} 1\n${prose(command.summary() || command.description())}`,
        ),
    ),
  ]);
  const topic = (title: string, name: keyof typeof HELP_TOPICS) => [
    `.Sh ${title}`,
    helpText(HELP_TOPICS[name].text),
  ];
  const parts = [
    head({ name: 'dmaheap', section: 1, about: 'an emulator of the dma-buf heaps of Linux', date }),
    '.Sh SYNOPSIS',
    '.Nm\n.Op Ar options\n.Ar command\n.Op Ar argument ...',
    '.Sh DESCRIPTION',
    prose(program.description()),
    '.Pp',
    prose(
      'boot keeps a booted kernel in a session, which is a directory. Every other command works on it. The session is --session DIR, else $DMAHEAP_SESSION, else ./.dmaheap.',
    ),
    '.Pp',
    'The options are:',
    list(program.options.map(optionItem)),
    '.Sh COMMANDS',
    ...commands,
    ...topic('SIZES AND ADDRESSES', 'sizes'),
    ...topic('JSON', 'json'),
    ...topic('EXIT STATUS', 'exit-codes'),
    ...(examples === '' ? [] : ['.Sh EXAMPLES', display(examples)]),
    seeAlso([
      ...program.commands
        .map(({ name }) => name)
        .map((_, at) => [`dmaheap-${program.commands[at]?.name()}`, 1] as const),
      ['dmaheap-board', 5],
      ['dmaheap-scenario', 5],
    ]),
  ];
  return { file: 'man1/dmaheap.1', text: `${parts.join('\n')}\n` };
}

/**
 * The page of dmaheap and one for each command; the commands of a group stand in the page of the group.
 *
 * @param date of the version, `2026-11-29`
 */
export async function commandPages(date: string): Promise<readonly ManPage[]> {
  const printed: string[] = [];
  const streams = {
    out: (text: string | Uint8Array) => void printed.push(String(text)),
    err: () => {},
    outIsTerminal: false,
    errIsTerminal: false,
  };
  const program = await createProgram({ streams, env: {}, cwd: '/' });
  return [
    mainPage(program, date, printed),
    ...program.commands.map((command) => pageOf(command, date, printed)),
  ];
}
