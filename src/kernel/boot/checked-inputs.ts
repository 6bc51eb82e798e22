/** What a user can get wrong about a boot, found before it begins. */
import type { Board } from '../../board/board.ts';
import { parseCmdline } from '../../board/cmdline.ts';
import { likelyMemoryBase } from '../../board/memory-hint.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { InvalidInput } from '../../diagnostic.ts';
import {
  architectureNames,
  DEFAULT_ARCHITECTURE,
  type Profile,
  pageSizesOf,
  profileOf,
} from '../../profile/profile.ts';
import type { PhysRange } from '../../units.ts';
import { formatHex, formatPa, rangeEnd, roundDown, roundUp, TiB } from '../../units.ts';
import { DEFAULT_NOFILE } from '../task.ts';
import { accountingOf } from './accounting.ts';
import type { BootParams } from './boot-params.ts';
import { reservationProblems } from './early-reservations.ts';
import { refusedBoard } from './refused-boards.ts';
import { spokenFor } from './spoken-for.ts';

/** RAM above this is not modelled. */
const MAX_RAM_END = 16n * TiB;

type Complain = (code: string, message: string, hint: string) => void;

/**
 * The kernel that boots, and its RAM, sorted.
 *
 * @throws InvalidInput with everything that is wrong
 */
export function checkInputs(
  board: Board,
  params: BootParams,
): { readonly profile: Profile; readonly memory: readonly PhysRange[] } {
  const diagnostics: Diagnostic[] = [];
  const error: Complain = (code, message, hint) =>
    diagnostics.push({ code, severity: 'error', message, hint, position: { file: board.source } });
  const { release, coherent, diagnostics: aboutKernel } = spokenFor(board, params);
  diagnostics.push(...aboutKernel.filter(({ severity }) => severity === 'error'));
  const arch = checkArchitecture(board, params, error);
  if (diagnostics.length > 0) throw new InvalidInput(diagnostics);
  const plain = checkConfig({ ...params, kernel: release, coherent, arch }, error);
  const { accounting, problems } = accountingOf(plain, params, board.bootargs);
  diagnostics.push(...problems.map((one) => ({ ...one, position: { file: board.source } })));
  const profile = { ...plain, accounting };
  const given = params.memory !== undefined && params.memory.length > 0 ? params.memory : board.memory;
  const memory = [...given].sort((a, b) => (a.base < b.base ? -1 : 1));
  const { page } = profile.geometry;
  const { physMax } = profile.arch;
  const isReached = ({ base }: PhysRange) => base <= physMax;
  if (
    !memory.some((range) => isReached(range) && roundDown(rangeEnd(range), page) > roundUp(range.base, page))
  ) {
    error(
      'board-no-memory',
      'the board has no memory: its boot loader fills it in',
      `give it with --memory BASE:SIZE, for example --memory ${formatHex(likelyMemoryBase(board))}:2G`,
    );
  }
  const beyond = memory.find((range) => rangeEnd(range) > MAX_RAM_END);
  if (beyond !== undefined) {
    error(
      'memory-too-high',
      `memory at ${formatPa(beyond.base)} ends above ${formatPa(MAX_RAM_END)}, which is not modelled`,
      'give memory that lies lower with --memory BASE:SIZE',
    );
  }
  const words = parseCmdline(params.cmdline ?? board.bootargs);
  for (const { code, message, hint } of refusedBoard(board, memory, profile, words.cma !== undefined)) {
    error(code, message, hint);
  }
  for (const [name, range] of Object.entries(params.reserve ?? {})) {
    if (range === undefined || rangeEnd(range) <= MAX_RAM_END) continue;
    error(
      'reserve-too-high',
      `${name} at ${formatPa(range.base)} ends above ${formatPa(MAX_RAM_END)}, where no memory is modelled`,
      'say where the boot loader puts it with --reserve NAME=BASE:SIZE',
    );
  }
  for (const { code, message, hint } of reservationProblems(params.reserve ?? {}, memory)) {
    error(code, message, hint);
  }
  const nofile = params.nofile ?? DEFAULT_NOFILE;
  if (!Number.isInteger(nofile) || nofile < 0 || nofile > 1 << 20) {
    error('nofile-range', `RLIMIT_NOFILE ${nofile} is out of range`, 'expected 0 to 1048576');
  }
  if (diagnostics.length > 0) throw new InvalidInput(diagnostics);
  return { profile, memory };
}

/** The architecture that was asked for, else that of the board's processors. */
function checkArchitecture(board: Board, params: BootParams, error: Complain): string {
  const { arch = board.arch ?? DEFAULT_ARCHITECTURE, pageKiB = 4 } = params;
  if (!architectureNames().includes(arch)) {
    error('arch-unknown', `no architecture ${arch}`, `architectures: ${architectureNames().join(', ')}`);
  } else if (board.arch !== undefined && board.arch !== arch) {
    error(
      'board-architecture',
      `this is a board of ${board.arch}, by its /cpus, and the kernel asked for is of ${arch}`,
      'leave --arch out; without /cpus the board is one of any architecture',
    );
  } else if (!pageSizesOf(arch).includes(pageKiB)) {
    const sizes = pageSizesOf(arch).join(', ');
    error('arch-pages', `${arch} has no pages of ${pageKiB} KiB`, `page sizes: ${sizes} KiB`);
  }
  return arch;
}

function checkConfig(params: BootParams, error: Complain): Profile {
  const { profile, problems } = profileOf(
    params.coherent,
    params.config,
    params.pageKiB,
    params.kernel,
    params.arch,
  );
  for (const { key, problem, expected } of problems) {
    if (problem === 'not-modelled') {
      const what = `${key} in this state is not modelled`;
      error('config-not-modelled', `${what}: no recorded kernel was built so`, `leave it ${expected}`);
    } else if (problem === 'unknown') {
      error('config-unknown', `${key} is no option that is modelled`, `options: ${expected}`);
    } else {
      error('config-value', `${key}: bad value`, `expected ${expected}`);
    }
  }
  return profile;
}
