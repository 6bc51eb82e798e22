/** What a user can get wrong about a boot, found before it begins. */
import type { Board } from '../../board/board.ts';
import { parseCmdline } from '../../board/cmdline.ts';
import { likelyMemory } from '../../board/memory-hint.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { InvalidInput } from '../../diagnostic.ts';
import { linuxName, type Profile } from '../../profile/profile.ts';
import type { PhysRange } from '../../units.ts';
import { formatHex, formatPa, GiB, rangeEnd, roundDown, roundUp, TiB } from '../../units.ts';
import { DEFAULT_NOFILE } from '../task.ts';
import { accountingOf } from './accounting.ts';
import { askedProfile } from './asked-profile.ts';
import type { BootParams } from './boot-params.ts';
import { reservationProblems } from './early-reservations.ts';
import { refusedBoard } from './refused-boards.ts';

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
  const { profile: plain, diagnostics: aboutKernel, layers } = askedProfile(board, params);
  diagnostics.push(...aboutKernel.filter(({ severity }) => severity === 'error'));
  if (plain === undefined) throw new InvalidInput(diagnostics);
  const hasNoDmem =
    !plain.config.CONFIG_CGROUP_DMEM &&
    layers.some(({ options }) => options.CONFIG_CGROUP_DMEM !== undefined || options.CONFIG_CGROUPS === 'n');
  const { accounting, problems } = accountingOf(plain, params, board.bootargs, hasNoDmem);
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
    const { base, size } = likelyMemory(board);
    error(
      'board-no-memory',
      given === board.memory
        ? 'the board has no memory: its boot loader fills it in'
        : 'the memory that was given has no whole page that this architecture reaches',
      `give it with --memory BASE:SIZE, for example --memory ${formatHex(base)}:${size / GiB}G`,
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
  checkDeclared(board, params, profile, error);
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

/** What no boot has, whatever is declared. */
function checkDeclared(board: Board, params: BootParams, profile: Profile, error: Complain): void {
  const declarations = [board.heaps, params.vendor].filter((one) => one !== undefined);
  const replaced = new Set<string>(declarations.flatMap(({ replaces = [] }) => replaces));
  for (const { by, heaps } of declarations) {
    const tee = heaps.find(({ backend }) => backend === 'tee');
    if (tee === undefined || profile.linux.teeHeaps) continue;
    error(
      'tee-heap-kernel',
      `${linuxName(profile)} has no heaps of a TEE, and ${by} declares ${tee.name}`,
      'drivers/tee/tee_heap.c came with Linux 6.18: name that or a later one with --kernel',
    );
  }
  const waiting = [
    ...(params.modules ?? []),
    ...(params.faults ?? []).flatMap((rule) => (rule.does === 'module' ? [rule.module] : [])),
  ];
  for (const module of waiting.filter((one) => replaced.has(one))) {
    error(
      'module-replaced',
      `there is no module ${module} to wait for: the declared heaps stand in its place`,
      'leave it out',
    );
  }
}
