/**
 * Boards that an architecture cannot answer for: what it does not read, and shapes of which nothing is known but that
 * the recorded kernel never came up. They are refused by name, not guessed.
 */
import type { Board, ReservedMemNode } from '../../board/board.ts';
import { isAvailable } from '../../mm/early/reserved-region.ts';
import { isCmaPool } from '../../mm/early/shared-dma-pool.ts';
import { type Profile, pageblockBytes } from '../../profile/profile.ts';
import type { PhysAddr, PhysRange } from '../../units.ts';
import { formatPa, MiB, rangeEnd, rangesOverlap, roundDown } from '../../units.ts';

/** What is refused, and what to do. */
export interface RefusedBoard {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/**
 * @param memory RAM, sorted
 * @param cmaOnCmdline `cma=` is on the command line
 */
export function refusedBoard(
  board: Board,
  memory: readonly PhysRange[],
  profile: Profile,
  cmaOnCmdline: boolean,
): readonly RefusedBoard[] {
  const { arch } = profile;
  const nodes = board.reservedMemory?.nodes ?? [];
  if (!arch.deviceTree) {
    const unread = unreadNode(board);
    if (unread === undefined) return [];
    return [
      {
        code: 'arch-no-device-tree',
        message: `this architecture reads no device tree, and the board has ${unread}, which would be ignored`,
        hint: 'boot without a board, with --memory BASE:SIZE for each usable range of its e820 table',
      },
    ];
  }
  return arch.early.remapsCma && profile.config.CONFIG_DMA_CMA
    ? refusedAreas(nodes, memory, profile, cmaOnCmdline)
    : [];
}

/** What a machine without a device tree can be told of: RAM and the command line. */
const READ_ALWAYS = /^(memory(@.*)?|chosen)$/;

/** The first thing of a board that only a device tree tells. */
function unreadNode({ reservedMemory, memReserves, tree }: Board): string | undefined {
  const node = tree?.root.children.find(({ name }) => !READ_ALWAYS.test(name));
  if (node !== undefined) return `/${node.name}`;
  if ((reservedMemory?.nodes.length ?? 0) > 0) return '/reserved-memory';
  return memReserves.length > 0 ? '/memreserve/' : undefined;
}

interface StaticArea extends PhysRange {
  readonly name: string;
}

/** Static CMA regions that hang the boot of 32-bit arm, or lie where it has no memory map. */
function refusedAreas(
  nodes: readonly ReservedMemNode[],
  memory: readonly PhysRange[],
  profile: Profile,
  cmaOnCmdline: boolean,
): readonly RefusedBoard[] {
  const { physMax, lowmem } = profile.arch;
  const start = memory[0]?.base ?? 0n;
  const lowEnd: PhysAddr = lowmem === undefined ? physMax : roundDown(start, 2n * MiB) + lowmem;
  const areas = nodes.flatMap((node): StaticArea[] => {
    const first = node.regMalformed === true ? undefined : node.reg?.[0];
    if (first === undefined || !isAvailable(node) || !isCmaPool(node)) return [];
    if (node.linuxCmaDefault && cmaOnCmdline) return [];
    const range = { base: first.base & physMax, size: first.size & physMax };
    return range.size === 0n ? [] : [{ name: node.name, ...range }];
  });
  const refused: RefusedBoard[] = [];
  const refuse = (code: string, what: string, hint: string) =>
    refused.push({ code, message: `${what}, and the recorded kernel hangs there or was not recorded`, hint });
  for (const { name, base } of areas) {
    if (base >= lowEnd || base % (2n * MiB) !== MiB) continue;
    const what = `${name}: a reusable region at ${formatPa(base)}, which is no multiple of 2 MiB`;
    refuse('arm-cma-odd', what, 'move it to a multiple of 4 MiB');
  }
  const block = pageblockBytes(profile);
  const made = areas.filter(({ base, size }) => base % block === 0n && size % block === 0n);
  for (const [i, area] of made.entries()) {
    const other = made.slice(0, i).find((one) => one.base < lowEnd && rangesOverlap(one, area));
    if (other !== undefined) {
      const what = `${area.name} and ${other.name}: reusable regions that overlap`;
      refuse('arm-cma-overlap', what, 'move one of them');
    }
    if (!isInRam(area, memory)) {
      const what = `${area.name}: a reusable region that is not all in RAM`;
      refuse('arm-cma-outside-ram', what, 'move it into RAM');
    }
  }
  return refused;
}

/** Whether RAM covers a range without a hole. @param memory sorted */
function isInRam(range: PhysRange, memory: readonly PhysRange[]): boolean {
  let covered = range.base;
  for (const ram of memory) if (ram.base <= covered && rangeEnd(ram) > covered) covered = rangeEnd(ram);
  return covered >= rangeEnd(range);
}
