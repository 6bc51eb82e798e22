/**
 * What may come next on a command line: asked by the scripts of `dmaheap completion` with
 * `dmaheap __complete WORD…`.
 */
import type { Command, Option } from 'commander';
import { TOPIC_NAMES } from '../help-topic-names.ts';
import { argumentKind } from './argument-kinds.ts';
import { valuesOf } from './option-values.ts';

/** A word, and a few words about it. */
export type Candidate = readonly [word: string, about?: string];

/** What only a session knows; each is asked only when it is needed. */
export interface Dynamic {
  readonly heaps: () => readonly Candidate[];
  readonly descriptors: () => readonly Candidate[];
  readonly devices?: () => readonly Candidate[];
  readonly tasks?: () => readonly Candidate[];
  /** Paths of /proc, /sys and /dev that continue one that was begun; directories end in a slash. */
  readonly paths?: (begun: string) => readonly Candidate[];
}

/** The candidates, or that file names belong here. */
export type Completion = readonly Candidate[] | 'files';

/** Whether an option's value is a file or a directory. */
const takesFile = ({ flags }: Option): boolean => /<(file|dir)>/.test(flags);

const visibleCommands = (command: Command): Candidate[] => {
  const help = command.createHelp();
  return help.visibleCommands(command).map((sub) => [sub.name(), help.subcommandDescription(sub)] as const);
};

const optionOf = (chain: readonly Command[], word: string): Option | undefined =>
  chain.flatMap((command) => command.options).find(({ short, long }) => word === long || word === short);

interface Position {
  /** The program and the commands below it, up to the one that the words lead to. */
  readonly chain: readonly Command[];
  /** The arguments of the last one that are there already. */
  readonly args: readonly string[];
  /** The option that waits for its value. */
  readonly pending: Option | undefined;
}

function walk(program: Command, words: readonly string[]): Position {
  const chain = [program];
  const args: string[] = [];
  let command = program;
  let pending: Option | undefined;
  for (const word of words) {
    if (pending !== undefined) {
      pending = undefined;
    } else if (word.startsWith('-') && word !== '-') {
      const option = optionOf(chain, word);
      if (option?.required === true) pending = option;
    } else {
      const sub = command.commands.find((candidate) => candidate.name() === word);
      if (sub === undefined) args.push(word);
      else {
        command = sub;
        chain.push(sub);
      }
    }
  }
  return { chain, args, pending };
}

function positional(
  { chain, args }: Position,
  program: Command,
  dynamic: Dynamic,
  current: string,
): Completion {
  const command = chain.at(-1) ?? program;
  if (command === program && args[0] === 'help' && args.length === 1) {
    return [...visibleCommands(program), ...TOPIC_NAMES.map((topic): Candidate => [topic])];
  }
  const kind = argumentKind(command, args.length);
  if (kind === undefined && command.commands.length > 0) {
    return args.length === 0 ? visibleCommands(command) : [];
  }
  switch (kind) {
    case 'file':
      return 'files';
    case 'heap':
      return dynamic.heaps();
    case 'fd':
      return dynamic.descriptors().filter(([fd]) => !args.includes(fd));
    case 'device':
      return dynamic.devices?.() ?? [];
    case 'task':
      return dynamic.tasks?.() ?? [];
    case 'path':
      return dynamic.paths?.(current) ?? [];
    case 'path-or-heap':
      return current.startsWith('/') ? (dynamic.paths?.(current) ?? []) : dynamic.heaps();
    case 'fd-or-heap':
      return [
        ...dynamic.descriptors(),
        ...dynamic.heaps().map(([name, about]): Candidate => [`heap:${name}`, about ?? '']),
      ];
    default: {
      const choices = command.registeredArguments[args.length]?.argChoices ?? [];
      return choices.map((choice): Candidate => [choice]);
    }
  }
}

/**
 * Completes the last of `words`, which may be empty.
 *
 * @param words what follows `dmaheap` on the line, up to the cursor
 */
export function complete(program: Command, words: readonly string[], dynamic: Dynamic): Completion {
  const current = words.at(-1) ?? '';
  const position = walk(program, words.slice(0, -1));
  const { chain, pending } = position;
  const starting = (completion: Completion): Completion =>
    completion === 'files' ? completion : completion.filter(([word]) => word.startsWith(current));
  if (pending !== undefined) {
    if (takesFile(pending)) return 'files';
    if (pending.long === '--as') return starting(dynamic.devices?.() ?? []);
    if (pending.long === '--task') return starting(dynamic.tasks?.() ?? []);
    return starting((pending.argChoices ?? valuesOf(pending)).map((choice): Candidate => [choice]));
  }
  if (current.startsWith('-')) {
    // Those of a boot too, which the help of others than boot leaves to it.
    const options = chain.flatMap((one) => [
      ...one.createHelp().visibleOptions(one),
      ...one.options.filter(({ hidden }) => hidden),
    ]);
    return starting(options.map((option): Candidate => [option.long ?? option.flags, option.description]));
  }
  return starting(positional(position, program, dynamic, current));
}
