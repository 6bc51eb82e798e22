/** What a boot loader and a user give beside the board: the options of `boot`, read into `BootParams`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { HeapDeclarations } from '../../board/declared-heaps.ts';
import type { BootParams, BootReserved } from '../../kernel/boot/boot-params.ts';
import { reservationNameProblem } from '../../kernel/boot/early-reservations.ts';
import type { FaultRule } from '../../kernel/faults/fault-rule.ts';
import { ACCOUNTING, type Accounting, isAccounting } from '../../profile/accounting.ts';
import type { CoherentSeries } from '../../profile/coherent-series.ts';
import { bootParamsOf, parseMode, parseSeed } from '../../program/boot-inputs.ts';
import { type PhysRange, parseAddress, parseRange } from '../../units.ts';
import { UsageError } from '../failures.ts';
import { readCount, readSize } from '../words/arguments.ts';
import { type ConfigWords, configOption, configParams, presetOption } from '../words/config-option.ts';
import { collectFaults } from '../words/fault-option.ts';
import { readGroup } from '../words/groups.ts';
import { kernelOption } from '../words/kernel-option.ts';
import { once } from '../words/once.ts';
import { archOption, coherentOption, readArch, readCoherent } from '../words/profile-options.ts';
import { vendorOption } from '../words/vendor-option.ts';
import { inHelp } from '../words/with-board.ts';
import type { SourceInputs } from './load-tree.ts';

/** The options as commander leaves them. */
export interface BootInputOptions {
  readonly kernel?: string;
  readonly arch?: string;
  readonly cmdline?: string;
  /** The same, said as what a boot loader writes into /chosen. */
  readonly bootargs?: string;
  readonly memory?: readonly PhysRange[];
  readonly reserve?: BootReserved;
  readonly preset?: string;
  readonly config?: ConfigWords;
  readonly coherent?: CoherentSeries;
  readonly unflattenedTree?: bigint;
  readonly accounting?: readonly Accounting[];
  /** The name of a vendor's file that ships, or a file. */
  readonly vendor?: string;
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

export function readReserve(text: string, before: BootReserved = {}): BootReserved {
  const [name = '', ...rest] = text.split('=');
  const wrong = reservationNameProblem(name);
  if (wrong !== undefined) {
    throw new InvalidArgumentError(`Before =BASE:SIZE: ${wrong}.`);
  }
  if (Object.hasOwn(before, name)) {
    throw new InvalidArgumentError(`${name} is reserved twice: give it once, or another name.`);
  }
  const place = rest.join('=');
  if (parseAddress(place)?.size === 0n)
    throw new InvalidArgumentError(`${name} has no size: 1 byte at least.`);
  return { ...before, [name]: readRange(place) };
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

/** Options that change nothing of where memory and heaps lie. */
export const NOT_OF_BOARDS: readonly string[] = ['accounting', 'nofile', 'mode', 'group', 'evict', 'fault'];

/** Adds the options of a boot to a command. @param without those that it has no use for */
export function addBootInputs(command: Command, heading: string, without: readonly string[] = []): Command {
  const group = (option: Option) =>
    without.includes(option.attributeName()) ? command : command.addOption(inHelp(option, heading));
  const single = (option: Option) => group(once(option));
  single(kernelOption());
  single(archOption("else the board's: arm64, arm, riscv64, x86_64", readArch));
  single(new Option('--cmdline <text>', "the command line, instead of the board's bootargs"));
  single(new Option('--bootargs <text>', 'the same, as a boot loader calls it').conflicts('cmdline'));
  group(
    new Option('--memory <base:size>', "RAM, instead of the board's own (repeatable)").argParser(readMemory),
  );
  group(
    new Option('--reserve <name=base:size>', 'kernel, initrd, dtb, or what firmware keeps').argParser(
      readReserve,
    ),
  );
  single(presetOption());
  group(configOption());
  single(coherentOption('the coherent series: off, v1, v2, v3, wip', readCoherent));
  group(
    new Option(
      '--accounting <switch>',
      `which heaps charge cgroups: ${ACCOUNTING.slice(0, 2).join(', ')} …`,
    ).argParser(readAccounting),
  );
  single(vendorOption());
  single(
    new Option('--unflattened-tree <bytes>', 'what the unfolded tree takes, else computed').argParser(
      readSize,
    ),
  );
  single(
    new Option('--nofile <n>', "the shell task's RLIMIT_NOFILE: 1024 unless given").argParser(readCount),
  );
  single(
    new Option('--mode <octal>', 'udev: MODE of /dev/dma_heap/*; 0600 unless given').argParser(readMode),
  );
  single(
    new Option('--group <name|n>', 'udev: their GROUP; without --mode they get 0660').argParser(readGroup),
  );
  single(new Option('--evict <seed>', 'cache lines go by chance, as in a small cache').argParser(readSeed));
  group(
    new Option('--fault <rule>', 'errno=ENOMEM,nth=3 …: see dmaheap fault --help').argParser(collectFaults),
  );
  return command;
}

const NAMES = [
  'kernel',
  'arch',
  'cmdline',
  'memory',
  'reserve',
  'preset',
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

/**
 * The parameters of a boot; members that were not given are absent.
 *
 * @param vendor what the file of `--vendor` declares (`givenVendor`)
 */
export function bootParams(options: BootInputOptions, vendor: HeapDeclarations | undefined): BootParams {
  const { fault: faults, bootargs, config } = options;
  const given = NAMES.filter((name) => name !== 'fault' && name !== 'config' && options[name] !== undefined);
  const cmdline = options.cmdline ?? bootargs;
  return bootParamsOf({
    ...Object.fromEntries(given.map((name) => [name, options[name]])),
    ...(cmdline !== undefined && { cmdline }),
    ...(config !== undefined && configParams(config)),
    ...(faults !== undefined && { faults }),
    ...(vendor !== undefined && { vendor }),
  });
}

const SOURCE_NAMES = ['include', 'define', 'overlay', 'repair', 'allowOutside'] as const;

const flagOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** Refuses what is given beside a board where nothing is booted. */
export function refuseBoardOptions(options: BoardOptions): void {
  const names = [...NAMES, 'vendor', 'bootargs', ...SOURCE_NAMES] as const;
  const given = names.find((name) => options[name] !== undefined);
  if (given !== undefined) {
    throw new UsageError(
      `${flagOf(given)} changes a boot, and a session is booted once for all`,
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
