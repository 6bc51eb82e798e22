/**
 * Which of the options that stand before any command a command takes: what it would ignore is refused by name, and is
 * not in its help. `--json` and `--no-color` say how answers are told, and go with every command.
 */
import type { Command, Option } from 'commander';
import { UsageError } from '../failures.ts';
import type { GlobalOptions } from '../shell.ts';

type Global = 'session' | 'wait' | 'board' | 'task' | 'verbose';

/** A session's commands act as a task. */
const ACTS: readonly Global[] = ['session', 'wait', 'task', 'verbose'];
/** These only look, or are about the whole machine. */
const LOOKS: readonly Global[] = ['session', 'wait'];
/** These work on a boot in memory as well. */
const LOOKS_ANYWHERE: readonly Global[] = ['session', 'wait', 'board'];
const ACTS_ANYWHERE: readonly Global[] = [...ACTS, 'board'];

/** By the words that call it; a command that is not here acts. */
const TAKES: ReadonlyMap<string, readonly Global[]> = new Map(
  Object.entries({
    boot: LOOKS,
    reboot: LOOKS,
    reconstruct: LOOKS,
    capture: [],
    playground: [],
    'session info': LOOKS,
    'session check': LOOKS,
    'session compact': LOOKS,
    'session rm': LOOKS,
    'session path': ['session'],
    dt: [],
    'dt show': LOOKS_ANYWHERE,
    list: LOOKS_ANYWHERE,
    regions: LOOKS_ANYWHERE,
    memmap: LOOKS_ANYWHERE,
    dmesg: LOOKS_ANYWHERE,
    hazards: LOOKS,
    alloc: ACTS_ANYWHERE,
    why: ['session', 'wait', 'task', 'board'],
    age: ACTS_ANYWHERE,
    cat: ACTS_ANYWHERE,
    ls: ACTS_ANYWHERE,
    tasks: LOOKS,
    'task add': LOOKS,
    devices: LOOKS,
    exec: ['session', 'wait', 'task', 'board'],
    run: ['board'],
    replay: ['board'],
    report: LOOKS,
    diff: [],
    boards: [],
    config: LOOKS_ANYWHERE,
    check: [],
    fit: [],
    kernels: [],
    export: LOOKS,
    'fault list': LOOKS,
    completion: [],
    help: [],
  }),
);

/** Options that a command has from the one above it and has no use for. */
const NOT_ITS_OWN: ReadonlyMap<string, readonly string[]> = new Map([
  ['dt show', ['out', 'output', 'force']],
]);

/** The words that call a command: `task add`. */
export function pathOf(command: Command): string {
  const words: string[] = [];
  for (let at = command; at.parent !== null; at = at.parent) words.unshift(at.name());
  return words.join(' ');
}

const takenBy = (path: string): readonly Global[] => TAKES.get(path) ?? ACTS;

/** Why a command has no use for the option, and what to do instead. */
function refusal(path: string, option: Global, { board = '' }: GlobalOptions): UsageError {
  switch (option) {
    case 'board':
      return ['dt', 'boot', 'diff', 'boards', 'check', 'fit'].includes(path)
        ? new UsageError(
            `${path} names its ${['diff', 'boards', 'check'].includes(path) ? 'boards' : 'board'} itself: --board would be ignored`,
          )
        : takenBy(path).includes('session')
          ? new UsageError(
              `${path} works on a session, not on a boot in memory`,
              `Make a session first: dmaheap boot ${board}`,
            )
          : new UsageError(`${path} needs no board: --board would be ignored`);
    case 'task':
      return path === 'run' || path === 'replay'
        ? new UsageError(
            'the steps of a scenario say which task makes them',
            'Write task: NAME beside the step',
          )
        : new UsageError(
            `${path} makes no calls of a task: --task would be ignored`,
            'It matters to commands that make calls, such as alloc, and to those that show what is a task’s own',
          );
    case 'wait':
      if (takenBy(path).includes('session'))
        return new UsageError(`${path} waits for nobody: --wait would be ignored`);
      return new UsageError(`${path} uses no session: --wait would be ignored`);
    case 'verbose':
      return new UsageError(`${path} has no failed call to tell of: --verbose would be ignored`);
    case 'session':
      return new UsageError(`${path} uses no session: --session would be ignored`);
  }
}

/** Looks at the options before a command runs. @throws UsageError that names the first that it would ignore */
export function refuseIgnored(command: Command): void {
  const path = pathOf(command);
  const given = command.optsWithGlobals<GlobalOptions>();
  for (const option of ['board', 'session', 'wait', 'task', 'verbose'] as const) {
    if (given[option] !== undefined && !takenBy(path).includes(option)) throw refusal(path, option, given);
  }
  for (const name of NOT_ITS_OWN.get(path) ?? []) {
    if (command.getOptionValueSourceWithGlobals(name) !== 'cli') continue;
    throw new UsageError(`${path} prints one node: --${name} would be ignored`);
  }
}

/** Those of the options for all that the help of a command shows. */
export function globalOptionsOf(command: Command): readonly Option[] {
  const owners: Command[] = [];
  for (let at = command.parent; at !== null; at = at.parent) owners.push(at);
  const path = pathOf(command);
  // A group of commands has them all: its commands differ.
  const shown = command.registeredArguments.length > 0 || command.commands.length === 0;
  const takes = (option: Option): boolean => {
    const name = option.attributeName();
    const isOfSome = ['session', 'wait', 'board', 'task', 'verbose'].includes(name);
    if (NOT_ITS_OWN.get(path)?.includes(name) === true) return false;
    return !shown || !isOfSome || takenBy(path).includes(name as Global);
  };
  return owners.flatMap(({ options }) => options.filter((option) => !option.hidden && takes(option)));
}
