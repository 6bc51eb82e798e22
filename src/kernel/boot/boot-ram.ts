/**
 * What memory there is before anything is placed in it: RAM as it is described, `mem=`, and what the boot loader has
 * put there. Models the begin of setup_arch() of each architecture (Linux 7.3) as its `EarlyRules` have it.
 */
import type { MemoryCmdline } from '../../board/cmdline.ts';
import type { Claim } from '../../mm/early/claims.ts';
import type { EarlyBoot } from '../../mm/early/early-boot.ts';
import type { Memblock } from '../../mm/early/memblock.ts';
import { lowmemEnd } from '../../mm/early/zones.ts';
import type { PhysAddr, PhysRange } from '../../units.ts';
import { rangeEnd, roundDown, roundUp } from '../../units.ts';
import type { BootReserved } from './boot-params.ts';
import { earlyReservations } from './early-reservations.ts';

/** The first 4 KiB, which belong to firmware: trim_bios_range(). */
const FIRST_PAGE = 4096n;

/** The ranges of RAM that firmware has left, cut as `mem=` has it where it cuts those. */
export function firmwareRam(
  { profile }: EarlyBoot,
  memory: readonly PhysRange[],
  words: MemoryCmdline,
): readonly PhysRange[] {
  const { mem, firstPageLost } = profile.arch.early;
  const from = firstPageLost ? FIRST_PAGE : 0n;
  const limits = mem === 'address' ? (words.memWords ?? []).map(({ size }) => size) : [];
  const to = limits.filter((size) => size > 0n).reduce((least, size) => lesser(size, least), 1n << 64n);
  return memory
    .map((range) => ({ base: range.base < from ? from : range.base, end: lesser(rangeEnd(range), to) }))
    .filter(({ base, end }) => base < end)
    .map(({ base, end }) => ({ base, size: end - base }));
}

const lesser = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** Registers RAM: what is beyond the architecture's addresses is left out, with a line: early_init_dt_add_memory_arch(). */
export function addRam(early: EarlyBoot, memory: readonly PhysRange[], words: MemoryCmdline): void {
  const { memblock, profile, printk } = early;
  const { arch } = profile;
  const hex = (address: PhysAddr) => `0x${address.toString(16)}`;
  for (const range of memory) {
    const end = rangeEnd(range);
    if (range.base > arch.physMax) {
      printk.print(4, `OF: fdt: Ignoring memory block ${hex(range.base)} - ${hex(end)}`);
      continue;
    }
    if (end - 1n > arch.physMax) {
      printk.print(4, `OF: fdt: Ignoring memory range ${hex(arch.physMax + 1n)} - ${hex(end)}`);
    }
    memblock.addMemory({ base: range.base, size: lesser(range.size, arch.physMax - range.base + 1n) });
  }
  if (arch.early.mem === 'replaces') replaceMemory(early, words);
}

/** arch/arm/kernel/setup.c: early_mem(). */
function replaceMemory({ memblock, profile }: EarlyBoot, { memWords = [] }: MemoryCmdline): void {
  const { physMax } = profile.arch;
  const ram = memblock.startOfDram;
  for (const [i, { size, start = ram }] of memWords.entries()) {
    if (i === 0) memblock.removeMemory({ base: ram, size: memblock.endOfDram - ram });
    const base = start & physMax;
    const below = base < ram ? ram - base : 0n;
    memblock.addMemory({
      base: base + below,
      size: (size & physMax) > below ? (size & physMax) - below : 0n,
    });
  }
}

/**
 * `mem=`: cuts RAM where the running total from the bottom reaches the limit: memblock_mem_limit_remove_map() and
 * arm64_memblock_init(), after which the image is back; or memblock_enforce_memory_limit().
 */
export function limitRam(early: EarlyBoot, words: MemoryCmdline, { kernel }: BootReserved): void {
  const { memblock, profile } = early;
  const { mem: rule } = profile.arch.early;
  if (rule !== 'total-and-image' && rule !== 'total') return;
  const { page, wholePages } = memblock.geometry;
  const sizes = (words.memWords ?? []).map(({ size }) => size);
  const last = rule === 'total' ? sizes.reduce(lesser, sizes[0] ?? 0n) : words.mem;
  let left = roundDown(last ?? 0n, page);
  if (left === 0n) return;
  for (const region of memblock.memory) {
    if (left <= region.size) {
      const end = region.base + left;
      memblock.removeMemory({ base: end, size: memblock.endOfDram - end });
      break;
    }
    left -= region.size;
  }
  if (rule === 'total-and-image' && kernel !== undefined) memblock.addMemory(wholePages(kernel));
}

/**
 * Where the linear map ends: RAM above becomes HighMem, or is not used. The first range of RAM begins at a PMD:
 * adjust_lowmem_bounds().
 */
export function adjustLowmem(early: EarlyBoot): void {
  const { memblock, profile, printk } = early;
  if (profile.arch.lowmem === undefined) return;
  const [pmd] = memblock.geometry.tableSpans;
  const first = memblock.startOfDram;
  if (first % pmd !== 0n) memblock.markNomap({ base: first, size: roundUp(first, pmd) - first }, true);
  const end = lowmemEnd(memblock, profile);
  if (profile.config.CONFIG_HIGHMEM) {
    early.highmem = end;
    return;
  }
  const all = memblock.endOfDram;
  if (all <= end) return;
  const { formatPa } = profile.arch;
  const limit = roundDown(end, pmd);
  printk.print(5, `Ignoring RAM at ${formatPa(limit)}-${formatPa(all)}`);
  printk.print(5, 'Consider using a HIGHMEM enabled kernel.');
  memblock.removeMemory({ base: limit, size: all - limit });
}

/**
 * Reserves what firmware keeps, the image, with the page tables below it, the initrd, and the blob where it comes now.
 * EFI and its like speak first: efi_init() of arm64 comes before arm64_memblock_init().
 */
export function reserveLoaded(early: EarlyBoot, reserve: BootReserved): void {
  const { memblock, profile } = early;
  const { belowImage, blob } = profile.arch.early;
  for (const { name, range } of earlyReservations(reserve)) claim(early, 'firmware', range, name);
  // arm64 looks for the initrd first, which may make RAM of it.
  const initrd =
    profile.arch.early.initrdOutside === 'becomes-ram' ? addInitrd(memblock, reserve) : undefined;
  if (reserve.kernel !== undefined) claim(early, 'kernel', reserve.kernel);
  const found = initrd ?? findInitrd(early, reserve);
  if (found !== undefined) claim(early, 'initrd', found);
  if (reserve.kernel !== undefined && belowImage > 0n) {
    memblock.reserve({ base: reserve.kernel.base - belowImage, size: belowImage });
  }
  if (blob === 'before-regions') reserveBlob(early, reserve);
}

/** Reserves memory, and remembers for whom. */
function claim({ memblock, claims }: EarlyBoot, by: Claim['by'], range: PhysRange, name?: string): void {
  memblock.reserve(range);
  claims.push({ by, ...range, ...(name !== undefined && { name }) });
}

/** The device tree's blob: early_init_fdt_reserve_self(). */
export function reserveBlob(early: EarlyBoot, { dtb }: BootReserved): void {
  if (dtb !== undefined) claim(early, 'dtb', dtb);
}

/**
 * The initrd is RAM wherever it lies, unless below all RAM, where it is lost: arm64_memblock_init().
 *
 * @returns its pages
 */
function addInitrd(memblock: Memblock, { initrd }: BootReserved): PhysRange | undefined {
  if (initrd === undefined || initrd.size === 0n) return undefined;
  const pages = memblock.geometry.wholePages(initrd);
  if (pages.base < memblock.startOfDram) return undefined;
  memblock.addMemory(pages);
  return pages;
}

/** The initrd, or why it is not used: reserve_initrd_mem(). @returns its pages */
function findInitrd(
  { memblock, printk, profile }: EarlyBoot,
  { initrd }: BootReserved,
): PhysRange | undefined {
  if (profile.arch.early.initrdOutside !== 'disabled' || initrd === undefined || initrd.size === 0n)
    return undefined;
  const pages = memblock.geometry.wholePages(initrd);
  const inRam = memblock.memory.some(
    (region) => pages.base >= region.base && rangeEnd(pages) <= rangeEnd(region),
  );
  if (inRam && !memblock.isRegionReserved(pages)) return pages;
  const place = `0x${pages.base.toString(16).padStart(8, '0')}+0x${pages.size.toString(16).padStart(8, '0')}`;
  const why = inRam ? 'overlaps in-use memory region' : 'is not a memory region';
  printk.print(3, `INITRD: ${place} ${why} - disabling initrd`);
  return undefined;
}
