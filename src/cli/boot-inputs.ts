/** What a boot loader and a user give beside the board: the options of `boot`, read into `BootParams`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BootParams, BootReserved } from '../kernel/boot-params.ts';
import { profileOf } from '../profile/profile.ts';
import { type PhysRange, parseSize } from '../units.ts';
import { readCount } from './arguments.ts';
import { didYouMean } from './did-you-mean.ts';
import { UsageError } from './failures.ts';
import type { SourceInputs } from './load-tree.ts';

/** The options as commander leaves them. */
export interface BootInputOptions {
  readonly cmdline?: string;
  /** The same, said as what a boot loader writes into /chosen. */
  readonly bootargs?: string;
  readonly memory?: readonly PhysRange[];
  readonly reserve?: BootReserved;
  readonly config?: Readonly<Record<string, string>>;
  readonly coherent?: 'v3' | 'off';
  readonly nofile?: number;
}

/** What is given beside a board: how its source is read, and what its boot loader fills in. */
export type BoardOptions = BootInputOptions & SourceInputs;

function readRange(text: string): PhysRange {
  const [base, size, ...more] = text.split(':').map(parseSize);
  if (base === undefined || size === undefined || size === 0n || more.length > 0) {
    throw new InvalidArgumentError('Expected BASE:SIZE, such as 0x40000000:2G.');
  }
  return { base, size };
}

export const readMemory = (text: string, before: readonly PhysRange[] = []): PhysRange[] => [
  ...before,
  readRange(text),
];

function readReserve(text: string, before: BootReserved = {}): BootReserved {
  const [name = '', ...rest] = text.split('=');
  if (name !== 'kernel' && name !== 'initrd' && name !== 'dtb') {
    throw new InvalidArgumentError('Expected kernel, initrd or dtb, then =BASE:SIZE.');
  }
  return { ...before, [name]: readRange(rest.join('=')) };
}

function readConfig(text: string, before: Record<string, string> = {}): Record<string, string> {
  const match = /^(?:CONFIG_)?([A-Z0-9_]+)=(.*)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Expected KEY=VALUE, such as CMA_SIZE_MBYTES=64.');
  const config = { ...before, [`CONFIG_${match[1]}`]: match[2] ?? '' };
  const [problem] = profileOf('v3', config).problems;
  if (problem === undefined) return config;
  if (problem.problem !== 'unknown') throw new InvalidArgumentError(`Expected ${problem.expected}.`);
  const near = didYouMean(problem.key, problem.expected.split(', '));
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  throw new InvalidArgumentError(`Not an option that the model reads.${hint} It reads ${problem.expected}.`);
}

/** Adds the options of a boot to a command. */
export function addBootInputs(command: Command, heading: string): Command {
  const group = (option: Option) => command.addOption(option.helpGroup(heading));
  group(new Option('--cmdline <text>', "the kernel command line, instead of the board's bootargs"));
  group(
    new Option('--bootargs <text>', 'the same, as the boot loader writes it into /chosen').conflicts(
      'cmdline',
    ),
  );
  group(
    new Option('--memory <base:size>', "RAM, instead of the board's own (repeatable)").argParser(readMemory),
  );
  group(
    new Option('--reserve <name=base:size>', 'where the kernel, initrd or dtb lies (repeatable)').argParser(
      readReserve,
    ),
  );
  group(
    new Option('--config <key=value>', 'a kernel configuration option (repeatable)').argParser(readConfig),
  );
  group(new Option('--coherent <state>', 'the coherent heap series: v3 unless given').choices(['v3', 'off']));
  group(new Option('--nofile <n>', "the shell task's RLIMIT_NOFILE: 1024 unless given").argParser(readCount));
  return command;
}

const NAMES = ['cmdline', 'memory', 'reserve', 'config', 'coherent', 'nofile'] as const;

/** The parameters of a boot; members that were not given are absent. */
export function bootParams(options: BootInputOptions): BootParams {
  const given = { ...options, cmdline: options.cmdline ?? options.bootargs };
  return Object.fromEntries(
    NAMES.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]),
  );
}

/** Refuses what is given beside a board where nothing is booted. */
export function refuseBoardOptions(options: BoardOptions): void {
  const names = [...NAMES, 'bootargs', 'include', 'define', 'overlay', 'allowOutside'] as const;
  const given = names.find((name) => options[name] !== undefined);
  if (given !== undefined) {
    throw new UsageError(
      `--${given.replace('O', '-o')} changes a boot, and a session has booted already`,
      'Give it to boot, or add --board FILE for a boot in memory',
    );
  }
}
