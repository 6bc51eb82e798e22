/** What a boot loader and a user give beside the board: the options of `boot`, read into `BootParams`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BootParams, BootReserved } from '../../kernel/boot/boot-params.ts';
import type { FaultRule } from '../../kernel/faults/fault-rule.ts';
import { ACCOUNTING, type Accounting, isAccounting } from '../../profile/accounting.ts';
import { profileOf } from '../../profile/profile.ts';
import {
  bootParamsOf,
  configKey,
  configMeant,
  isReserved,
  parseMode,
  parseSeed,
} from '../../program/boot-inputs.ts';
import { type PhysRange, parseRange } from '../../units.ts';
import { UsageError } from '../failures.ts';
import { readCount, readSize } from '../words/arguments.ts';
import { collectFaults } from '../words/fault-option.ts';
import { readGroup } from '../words/groups.ts';
import { kernelOption } from '../words/kernel-option.ts';
import { inHelp } from '../words/with-board.ts';
import type { SourceInputs } from './load-tree.ts';

/** The options as commander leaves them. */
export interface BootInputOptions {
  readonly kernel?: string;
  readonly cmdline?: string;
  /** The same, said as what a boot loader writes into /chosen. */
  readonly bootargs?: string;
  readonly memory?: readonly PhysRange[];
  readonly reserve?: BootReserved;
  readonly config?: Readonly<Record<string, string>>;
  readonly coherent?: 'v3' | 'off';
  readonly unflattenedTree?: bigint;
  readonly accounting?: readonly Accounting[];
  readonly nofile?: number;
  /** What a udev rule makes of the nodes of /dev/dma_heap. */
  readonly mode?: number;
  readonly group?: number;
  readonly evict?: number;
  readonly fault?: readonly FaultRule[];
}

/** What is given beside a board: how its source is read, and what its boot loader fills in. */
export type BoardOptions = BootInputOptions & SourceInputs;

function readRange(text: string): PhysRange {
  const range = parseRange(text);
  if (range !== undefined) return range;
  throw new InvalidArgumentError('Expected BASE:SIZE, such as 0x40000000:2G.');
}

export const readMemory = (text: string, before: readonly PhysRange[] = []): PhysRange[] => [
  ...before,
  readRange(text),
];

function readReserve(text: string, before: BootReserved = {}): BootReserved {
  const [name = '', ...rest] = text.split('=');
  if (!isReserved(name)) {
    throw new InvalidArgumentError('Expected kernel, initrd or dtb, then =BASE:SIZE.');
  }
  return { ...before, [name]: readRange(rest.join('=')) };
}

export function readConfig(text: string, before: Record<string, string> = {}): Record<string, string> {
  const match = /^(?:CONFIG_)?([A-Z0-9_]+)=(.*)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Expected KEY=VALUE, such as CMA_SIZE_MBYTES=64.');
  const config = { ...before, [configKey(match[1] ?? '')]: match[2] ?? '' };
  const [problem] = profileOf('v3', config).problems;
  if (problem === undefined) return config;
  if (problem.problem !== 'unknown') throw new InvalidArgumentError(`Expected ${problem.expected}.`);
  const near = configMeant(problem);
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  throw new InvalidArgumentError(`Not an option that the model reads.${hint} It reads ${problem.expected}.`);
}

/** Permission bits in octal, as a udev rule has them. */
function readMode(text: string): number {
  const mode = parseMode(text);
  if (mode !== undefined) return mode;
  throw new InvalidArgumentError('Expected permission bits in octal: 0660.');
}

function readSeed(text: string): number {
  const seed = parseSeed(text);
  if (seed !== undefined) return seed;
  throw new InvalidArgumentError('Expected a number from 0 to 4294967295.');
}

function readAccounting(text: string, before: readonly Accounting[] = []): Accounting[] {
  if (isAccounting(text)) return [...before, text];
  throw new InvalidArgumentError(`Expected ${ACCOUNTING.join(', ')}.`);
}

/** Adds the options of a boot to a command. */
export function addBootInputs(command: Command, heading: string): Command {
  const group = (option: Option) => command.addOption(inHelp(option, heading));
  group(kernelOption());
  group(new Option('--cmdline <text>', "the command line, instead of the board's bootargs"));
  group(new Option('--bootargs <text>', 'the same, as a boot loader calls it').conflicts('cmdline'));
  group(
    new Option('--memory <base:size>', "RAM, instead of the board's own (repeatable)").argParser(readMemory),
  );
  group(
    new Option('--reserve <name=base:size>', 'where kernel, initrd or dtb lies (repeatable)').argParser(
      readReserve,
    ),
  );
  group(
    new Option('--config <key=value>', 'a kernel configuration option (repeatable)').argParser(readConfig),
  );
  group(
    new Option('--coherent <state>', 'the coherent heap series: v3, but off with --kernel').choices([
      'v3',
      'off',
    ]),
  );
  group(
    new Option('--accounting <switch>', `which heaps charge cgroups: ${ACCOUNTING.join(', ')}`).argParser(
      readAccounting,
    ),
  );
  group(
    new Option('--unflattened-tree <bytes>', 'what the unfolded tree takes, else computed').argParser(
      readSize,
    ),
  );
  group(new Option('--nofile <n>', "the shell task's RLIMIT_NOFILE: 1024 unless given").argParser(readCount));
  group(new Option('--mode <octal>', 'udev: MODE of /dev/dma_heap/*; 0600 unless given').argParser(readMode));
  group(
    new Option('--group <name|n>', 'udev: their GROUP; without --mode they get 0660').argParser(readGroup),
  );
  group(new Option('--evict <seed>', 'cache lines go by chance, as in a small cache').argParser(readSeed));
  group(
    new Option('--fault <rule>', 'errno=ENOMEM,nth=3 …: see dmaheap fault --help').argParser(collectFaults),
  );
  return command;
}

const NAMES = [
  'kernel',
  'cmdline',
  'memory',
  'reserve',
  'config',
  'coherent',
  'accounting',
  'unflattenedTree',
  'nofile',
  'evict',
  'mode',
  'group',
  'fault',
] as const;

/** The parameters of a boot; members that were not given are absent. */
export function bootParams(options: BootInputOptions): BootParams {
  const { fault: faults, bootargs } = options;
  const given = NAMES.filter((name) => name !== 'fault' && options[name] !== undefined);
  const cmdline = options.cmdline ?? bootargs;
  return bootParamsOf({
    ...Object.fromEntries(given.map((name) => [name, options[name]])),
    ...(cmdline !== undefined && { cmdline }),
    ...(faults !== undefined && { faults }),
  });
}

const SOURCE_NAMES = ['include', 'define', 'overlay', 'repair', 'allowOutside'] as const;

const flagOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Refuses what is given beside a board where nothing is booted. */
export function refuseBoardOptions(options: BoardOptions): void {
  const names = [...NAMES, 'bootargs', ...SOURCE_NAMES] as const;
  const given = names.find((name) => options[name] !== undefined);
  if (given !== undefined) {
    throw new UsageError(
      `${flagOf(given)} changes a boot, and a session has booted already`,
      'Give it to boot, or add --board FILE for a boot in memory',
    );
  }
}

/**
 * Refuses what says how a board's tree is made where --board names none.
 *
 * @param instead what the command takes then
 */
export function refuseTreeOptions(options: Readonly<Record<string, unknown>>, instead: string): void {
  const names = ['include', 'define', 'overlay', 'repair', 'symbols', 'memory', 'bootargs'] as const;
  const given = names.find((name) => options[name] !== undefined);
  if (given === undefined) return;
  throw new UsageError(
    `${flagOf(given)} goes with --board FILE: of ${instead} it would be ignored`,
    'Add --board FILE, the board that it is about',
  );
}
