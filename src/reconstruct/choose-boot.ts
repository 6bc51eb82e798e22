/** The boot that leaves the default CMA area where the target had it. */

import { boardFromTree } from '../board/from-tree.ts';
import type { DeviceTree } from '../devicetree/tree.ts';
import { boot } from '../kernel/boot/boot.ts';
import { bootReserved } from '../kernel/boot/boot-loader.ts';
import type { BootParams } from '../kernel/boot/boot-params.ts';
import { Kernel } from '../kernel/kernel.ts';
import { NO_MEMORY } from '../mm/phys-memory.ts';
import { MemoryRecords } from '../records.ts';
import { formatHex, formatSize, MiB, type PhysRange, rangeEnd, rangesOverlap, roundUp } from '../units.ts';
import type { DefaultArea } from './default-area.ts';
import type { Tell } from './finding.ts';
import type { SeenRegion } from './regions-of.ts';
import { SHARED_DMA_POOL } from './regions-of.ts';
import { withRegions } from './tree-of.ts';

/** A tree and what it is booted with. */
export interface Variant {
  readonly tree: DeviceTree;
  readonly params: BootParams;
}

export interface ChosenBoot {
  readonly variant: Variant;
  /** Absent when the boot dies, or cannot be begun. */
  readonly kernel?: Kernel;
}

/** Boots in memory. @returns `undefined` when the kernel dies @throws InvalidInput */
export function tryBoot({ tree, params }: Variant, source: string): Kernel | undefined {
  const records = new MemoryRecords();
  const { panic } = boot(boardFromTree(tree, source), params, records);
  return panic === undefined ? new Kernel(records, NO_MEMORY) : undefined;
}

/** The words of a command line but `cma=`. */
const withoutCma = (cmdline: string): string =>
  cmdline
    .split(/\s+/)
    .filter((word) => !/^cma(?:=|$)/.test(word))
    .join(' ');

/**
 * Where an area without a node lies depends on the size of the whole tree, on the initrd and more. So it is asked for
 * at its place where it does not come to lie there by itself: by cma=SIZE@BASE, and where that fails, by a node.
 *
 * @param cmdline the one that Linux would see
 */
export function chooseBoot(
  start: Variant,
  area: DefaultArea,
  cmdline: string,
  source: string,
  tell: Tell,
): ChosenBoot {
  if (area.is !== 'placed') return { variant: start, ...withKernel(tryBoot(start, source)) };
  const { range } = area;
  const isThere = (kernel: Kernel | undefined): kernel is Kernel =>
    kernel
      ?.regions()
      .some(({ isDefault, base, size }) => isDefault && base === range.base && size === range.size) === true;
  const first = tryBoot(start, source);
  if (isThere(first)) return { variant: start, kernel: first };
  const word = `cma=${formatHex(range.size)}@${formatHex(range.base)}`;
  const fixed = [withoutCma(cmdline), word].filter((text) => text !== '').join(' ');
  const asked: Variant = { ...start, params: { ...start.params, cmdline: fixed } };
  const variants: readonly Variant[] = [
    asked,
    clear(asked, range, source),
    byNode(clear(start, range, source), range, withoutCma(cmdline)),
  ];
  for (const variant of variants) {
    const kernel = tryBoot(variant, source);
    if (!isThere(kernel)) continue;
    tell({
      kind: 'guess',
      code: 'default-area-placed',
      message: `where Linux puts the default CMA area depends on what is not told: the size of its device tree, and what the boot loader put where`,
      taken:
        variant.tree === start.tree
          ? `${word} on the command line, so that it lies where it was seen`
          : `a region "reserved" at ${formatHex(range.base)} (${formatSize(range.size)}), so that it lies where it was seen`,
    });
    return { variant, kernel };
  }
  tell({
    kind: 'contradiction',
    code: 'default-area-elsewhere',
    message: `the default CMA area was seen at ${formatHex(range.base)} (${formatSize(range.size)}), and by what else was read it cannot lie there`,
    taken: 'where this boot puts it',
  });
  return { variant: start, ...withKernel(first) };
}

const withKernel = (kernel: Kernel | undefined) => (kernel === undefined ? {} : { kernel });

/** The same with the kernel's image and the blob where they are not in the area's way. */
function clear(variant: Variant, area: PhysRange, source: string): Variant {
  const { params } = variant;
  if (params.reserve?.kernel !== undefined) return variant;
  const board = boardFromTree(variant.tree, source);
  const memory = params.memory ?? board.memory;
  const placed = bootReserved(board, memory, params.reserve ?? {});
  const inTheWay = Object.values(placed).some((one) => one !== undefined && rangesOverlap(one, area));
  if (!inTheWay) return variant;
  const taken = [area, ...(board.reservedMemory?.nodes ?? []).flatMap(({ reg }) => reg?.slice(0, 1) ?? [])];
  const size = 36n * MiB;
  for (const ram of memory) {
    for (let base = roundUp(ram.base, 2n * MiB); base + size <= rangeEnd(ram); ) {
      const hit = taken.find((one) => rangesOverlap(one, { base, size }));
      if (hit === undefined) {
        const reserve = {
          kernel: { base, size: 32n * MiB },
          dtb: { base: base + 34n * MiB, size: 64n * 1024n },
        };
        return { ...variant, params: { ...params, reserve: { ...params.reserve, ...reserve } } };
      }
      base = roundUp(rangeEnd(hit), 2n * MiB);
    }
  }
  return variant;
}

/** The same with the area as a region of the tree. */
function byNode({ tree, params }: Variant, { base, size }: PhysRange, cmdline: string): Variant {
  const region: SeenRegion = {
    name: 'reserved',
    base,
    size,
    noMap: false,
    reusable: true,
    compatible: SHARED_DMA_POOL,
    at: { file: '', line: 0 },
  };
  return { tree: withRegions(tree, [], [region], region.name), params: { ...params, cmdline } };
}
