/**
 * Where a boot loader puts the kernel image, the initrd and the device tree when nobody says.
 *
 * The image goes 2 MiB above the start of RAM, as the arm64 boot protocol likes it, or to the first 2 MiB
 * boundary above that where it and the tree behind it meet no static reserved region:
 *
 * ```
 *   RAM      |--2 MiB--|KERNEL 32 MiB|DTB 64 KiB|----------------
 * ```
 */
import type { Board } from '../../board/board.ts';
import type { PhysAddr, PhysRange } from '../../units.ts';
import { KiB, MiB, rangeEnd, rangesOverlap, roundUp } from '../../units.ts';
import type { BootReserved } from './boot-params.ts';

const KERNEL_SIZE = 32n * MiB;
const DTB_SIZE = 64n * KiB;
const IMAGE_ALIGN = 2n * MiB;

/**
 * Fills in what the user did not place, around what was; there is no initrd unless one is given.
 *
 * @param memory RAM, sorted
 */
export function bootReserved(board: Board, memory: readonly PhysRange[], given: BootReserved): BootReserved {
  const taken = [
    ...(board.reservedMemory?.nodes ?? []).flatMap((node) => node.reg?.slice(0, 1) ?? []),
    ...board.memReserves,
    ...Object.values(given).filter((range) => range !== undefined),
  ].filter((range) => range.size > 0n);
  const kernel = given.kernel ?? place(memory, taken, KERNEL_SIZE, IMAGE_ALIGN);
  const around = kernel === undefined ? taken : [...taken, kernel];
  const dtb = given.dtb ?? place(memory, around, DTB_SIZE, IMAGE_ALIGN, kernel && rangeEnd(kernel));
  return { ...given, ...(kernel && { kernel }), ...(dtb && { dtb }) };
}

/** The lowest aligned place in RAM, from 2 MiB above its start, that meets nothing taken. */
function place(
  memory: readonly PhysRange[],
  taken: readonly PhysRange[],
  size: bigint,
  align: bigint,
  from?: PhysAddr,
): PhysRange | undefined {
  const low = from ?? (memory[0]?.base ?? 0n) + IMAGE_ALIGN;
  for (const range of memory) {
    let base = roundUp(range.base > low ? range.base : low, align);
    while (base + size <= rangeEnd(range)) {
      const here = { base, size };
      const hit = taken.find((r) => rangesOverlap(r, here));
      if (hit === undefined) return here;
      base = roundUp(rangeEnd(hit), align);
    }
  }
  return undefined;
}
