/**
 * What early boot takes from memblock before the default CMA area is placed, and after. Models
 * arch/arm64/mm/mmu.c: paging_init(), drivers/of/fdt.c: unflatten_device_tree() and mm/sparse.c:
 * sparse_init() (Linux 7.3) by their sizes.
 */
import type { PhysAddr } from '../units.ts';
import { GiB, MiB, PAGE, pfnDown, rangeEnd, roundDown, roundUp } from '../units.ts';
import type { Memblock } from './memblock.ts';

/** The unflattened tree and the array of regions; the recorded boots agree with one size for all. */
const UNFLATTENED_TREE = 40n * 1024n;

/** A section of the memory map: 128 MiB of memory, 2 MiB of struct page. */
export const SECTION_BYTES = 128n * MiB;
const SECTION_MEMMAP = 2n * MiB;

/**
 * The number of page tables that map all RAM: one for each unit of 2 MiB, 1 GiB and 512 GiB that RAM
 * touches, counted from the start of RAM rounded down to 1 GiB.
 */
export function pageTableCount(memblock: Memblock): number {
  const origin = roundDown(memblock.startOfDram, GiB);
  return [2n * MiB, GiB, 512n * GiB].reduce((sum, unit) => sum + unitsTouched(memblock, origin, unit), 0);
}

function unitsTouched(memblock: Memblock, origin: PhysAddr, unit: bigint): number {
  let count = 0n;
  // The first unit that no range before has touched.
  let next = 0n;
  for (const region of memblock.memory) {
    if (region.nomap) continue;
    const base = roundUp(region.base, PAGE);
    const end = roundDown(rangeEnd(region), PAGE);
    if (end <= base) continue;
    const first = (base - origin) / unit;
    const last = (end - 1n - origin) / unit;
    const from = first > next ? first : next;
    if (last >= from) {
      count += last - from + 1n;
      next = last + 1n;
    }
  }
  return Number(count);
}

/** Takes the page tables, one page each. */
export function takePageTables(memblock: Memblock): void {
  memblock.allocEachTopDown(pageTableCount(memblock), PAGE);
}

/** Takes the unflattened tree. */
export function takeUnflattenedTree(memblock: Memblock): void {
  memblock.alloc(UNFLATTENED_TREE, PAGE, { start: 0n });
}

/** The numbers of the 128 MiB sections that hold RAM, no-map or not. */
export function ramSections(memblock: Memblock): ReadonlySet<number> {
  const perSection = pfnDown(SECTION_BYTES);
  const sections = new Set<number>();
  for (const region of memblock.memory) {
    const last = Math.floor(pfnDown(rangeEnd(region) - 1n) / perSection);
    for (let s = Math.floor(pfnDown(region.base) / perSection); s <= last; s++) sections.add(s);
  }
  return sections;
}

/** Takes the memory map in one block, or in pieces where no block is large enough. */
export function takeMemoryMap(memblock: Memblock): void {
  const sections = ramSections(memblock).size;
  const whole = BigInt(sections) * SECTION_MEMMAP;
  if (memblock.alloc(whole, SECTION_MEMMAP, { start: 0n }) !== undefined) return;
  memblock.allocEachTopDown(sections, SECTION_MEMMAP);
}
