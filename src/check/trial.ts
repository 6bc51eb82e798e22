/** A boot in memory that is only looked at: what checks, `why` and `fit` try. */
import type { Board } from '../board/board.ts';
import { boardFromTree } from '../board/from-tree.ts';
import type { DeviceTree } from '../devicetree/tree.ts';
import { type Diagnostic, InvalidInput } from '../diagnostic.ts';
import { boot } from '../kernel/boot/boot.ts';
import type { BootParams } from '../kernel/boot/boot-params.ts';
import type { Profile } from '../profile/profile.ts';
import { profileIn } from '../profile/recorded-profile.ts';
import { type Booted, bootedOf } from '../program/boots/booted.ts';
import { MemoryRecords } from '../records.ts';
import type { Repair } from './finding.ts';
import { editTree } from './tree-edit.ts';

/** A board and what is given beside it. */
export interface BootOf {
  readonly board: Board;
  readonly params: BootParams;
}

export interface Trial extends BootOf {
  readonly booted: Booted;
  /** What boot has to tell beside the log; what is odd about the board is the board's. */
  readonly warnings: readonly Diagnostic[];
  /** What the kernel died of. */
  readonly cause?: Diagnostic;
  readonly profile: Profile;
  readonly records: MemoryRecords;
}

/** A board that cannot be booted, and why. */
export interface Refused extends BootOf {
  readonly refused: readonly Diagnostic[];
}

/** Boots in memory. Never throws for what a board or its parameters are. */
export function tryBoot({ board, params }: BootOf): Trial | Refused {
  const records = new MemoryRecords();
  try {
    const outcome = boot(board, params, records);
    const { warnings, cause } = outcome;
    const profile = profileIn(records);
    return {
      board,
      params,
      booted: bootedOf(outcome, records),
      warnings,
      profile,
      records,
      ...(cause && { cause }),
    };
  } catch (error) {
    if (error instanceof InvalidInput) return { board, params, refused: error.diagnostics };
    throw error;
  }
}

/** The command line that boots. */
export const cmdlineOf = ({ board, params }: BootOf): string => params.cmdline ?? board.bootargs;

/** A command line with the word in the place of those that set the same; without it where the word is absent. */
export function withWord(cmdline: string, name: string, word?: string): string {
  const words = cmdline.split(/\s+/).filter((one) => one !== '' && one.split('=', 1)[0] !== name);
  return [...words, ...(word === undefined ? [] : [word])].join(' ');
}

/** The board and parameters with a repair made. @throws InvalidInput when the tree is no board any more */
export function repaired({ board, params }: BootOf, { edits = [], cmdline, config }: Repair): BootOf {
  const tree: DeviceTree | undefined = board.tree && editTree(board.tree, edits);
  const changed = tree === undefined || edits.length === 0 ? board : boardFromTree(tree, board.source);
  return {
    board: { ...changed, ...(board.kernel !== undefined && { kernel: board.kernel }) },
    params: {
      ...params,
      ...(cmdline !== undefined && { cmdline }),
      ...(config !== undefined && { config: { ...params.config, ...config } }),
    },
  };
}

/** Boots with a repair made. */
export function tryRepair(before: BootOf, repair: Repair): Trial | Refused {
  try {
    return tryBoot(repaired(before, repair));
  } catch (error) {
    if (error instanceof InvalidInput) return { ...before, refused: error.diagnostics };
    throw error;
  }
}
