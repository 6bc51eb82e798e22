/**
 * What early boot takes from memblock before the default CMA area is placed, and after. Models
 * arch/arm64/mm/mmu.c: paging_init(), drivers/of/fdt.c: unflatten_device_tree() and mm/sparse.c:
 * sparse_init() (Linux 7.3) by their sizes.
 */
import type { LinuxVersion } from '../../profile/linux-version.ts';
import type { Profile } from '../../profile/profile.ts';
import type { PhysAddr, PhysRange } from '../../units.ts';
import { formatPa, formatSize, GiB, rangeEnd, roundDown, roundUp, U64_MASK } from '../../units.ts';
import { KernelPanic, type Memblock } from './memblock.ts';
import { lowmemEnd } from './zones.ts';

/**
 * The number of page tables that map all RAM: of each level one for each unit that RAM touches, counted from where
 * the linear map begins. With 4 KiB pages these are 2 MiB, 1 GiB and 512 GiB from the start of RAM rounded down to
 * 1 GiB; those of larger pages are read from the source, not recorded.
 */
export function pageTableCount(memblock: Memblock, vaBits: number): number {
  const { memstartAlign } = memblock.geometry;
  // The top level is in the image: a table of one level less maps it all where addresses are short.
  const tableSpans = memblock.geometry.tableSpans.filter((span) => span < 1n << BigInt(vaBits));
  const origin = roundDown(memblock.startOfDram, memstartAlign);
  return tableSpans.reduce<number>((sum, unit) => sum + unitsTouched(memblock, origin, unit), 0);
}

function unitsTouched(memblock: Memblock, origin: PhysAddr, unit: bigint): number {
  const { page } = memblock.geometry;
  let count = 0n;
  // The first unit that no range before has touched.
  let next = 0n;
  for (const region of memblock.memory) {
    if (region.nomap) continue;
    const base = roundUp(region.base, page);
    const end = roundDown(rangeEnd(region), page);
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

/** What memblock aligns to unless it is told. */
export const SMP_CACHE_BYTES = 64n;

/** The same where RAM is mapped by blocks: a table for each unit that no single range fills. The image is a range. */
export function blockTableCount(memblock: Memblock, vaBits: number, image: PhysRange | undefined): number {
  const { memstartAlign } = memblock.geometry;
  const tableSpans = memblock.geometry.tableSpans.filter((span) => span < 1n << BigInt(vaBits));
  const origin = roundDown(memblock.startOfDram, memstartAlign);
  const ranges = splitAround(
    memblock.memory.filter(({ nomap }) => !nomap),
    image,
  );
  const whole = tableSpans.at(-1) ?? 0n;
  return tableSpans.reduce((sum, unit, level) => {
    const units = new Set<bigint>();
    for (const { base, size } of ranges) {
      const last = (base + size - 1n - origin) / unit;
      const first = (base - origin) / unit;
      // Only the ends of a range can be part of a unit; the highest tables hold no blocks, nor do those of memory
      // that lies otherwise than its linear addresses.
      const all = (unit === whole && level > 1) || origin % unit !== 0n;
      for (let n = first; n <= last; n = all || n === last ? n + 1n : last) {
        const start = origin + n * unit;
        if (all || base > start || base + size < start + unit) units.add(n);
      }
    }
    return sum + units.size;
  }, 0);
}

/** RAM cut at the borders of the image. */
function splitAround(memory: readonly PhysRange[], image: PhysRange | undefined): PhysRange[] {
  if (image === undefined) return [...memory];
  const cuts = [image.base, image.base + image.size];
  return memory.flatMap(({ base, size }) => {
    const inside = cuts.filter((cut) => cut > base && cut < base + size);
    const edges = [base, ...inside, base + size];
    return edges.slice(1).map((edge, i) => ({ base: edges[i] ?? edge, size: edge - (edges[i] ?? edge) }));
  });
}

/** The levels that a table of its own maps the image by, where the linear map leaves it out: PUD and PMD. */
const IMAGE_TABLES = 2;

function tableCount(
  memblock: Memblock,
  { arch, config, linux }: Profile,
  image: PhysRange | undefined,
  rodata: string | undefined,
): number {
  switch (arch.early.linearMap) {
    case 'none':
      return 0;
    case 'largest-fit': {
      // Four levels, and text and read-only data apart from the rest: create_linear_mapping_page_table().
      const apart = config.CONFIG_STRICT_KERNEL_RWX ? image : undefined;
      return blockTableCount(memblock, 48, apart) + IMAGE_TABLES;
    }
    case 'by-rodata': {
      const vaBits = config.CONFIG_ARM64_VA_BITS;
      return linux.pageMapped(config, rodata)
        ? pageTableCount(memblock, vaBits)
        : blockTableCount(memblock, vaBits, image);
    }
  }
}

/**
 * Takes the page tables, one page each.
 *
 * @param rodata the word of `rodata=`
 * @throws KernelPanic when there is no room
 */
export function takePageTables(
  memblock: Memblock,
  profile: Profile,
  image: PhysRange | undefined,
  rodata: string | undefined,
): void {
  const count = tableCount(memblock, profile, image, rodata);
  const { takenAtEnd } = profile.arch.early;
  if (takenAtEnd > 0n) memblock.alloc(takenAtEnd, memblock.geometry.page, { start: 0n });
  const missing = memblock.allocEachTopDown(count, memblock.geometry.page);
  if (missing === 0) return;
  throw new KernelPanic(
    'Failed to allocate page table page',
    `the page tables that map RAM need ${count} pages and ${missing} of them find no room: ${freeText(memblock)}`,
  );
}

/** How much memory nothing has reserved, as far as it is mapped. */
const freeText = (memblock: Memblock): string => {
  const free = memblock.freeRanges().reduce((sum, range) => sum + range.size, 0n);
  return free === 0n
    ? 'all of RAM is reserved or no-map'
    : `only ${formatSize(free)} of RAM are neither reserved nor no-map`;
};

/** Takes the array of /reserved-memory's regions: alloc_reserved_mem_array(). @param slots how many it has */
export function takeRegionArray(memblock: Memblock, slots: number, { regionSlot }: LinuxVersion): void {
  const size = BigInt(slots) * regionSlot;
  if (size > 0n) memblock.alloc(size, SMP_CACHE_BYTES, { start: 0n });
}

/**
 * Takes the unflattened tree, then what it takes for each alias: unflatten_device_tree().
 *
 * @throws KernelPanic when there is no room (source only)
 */
export function takeUnflattenedTree(memblock: Memblock, tree: bigint, aliases: readonly bigint[]): void {
  for (const size of [tree, ...aliases]) {
    if (memblock.alloc(size, 8n, { start: 0n }) === undefined) {
      throw new KernelPanic(
        `early_init_dt_alloc_memory_arch: Failed to allocate ${formatPa(size)} bytes`,
        `the unflattened device tree needs ${formatSize(size)} in one piece: ${freeText(memblock)}`,
      );
    }
  }
}

/** The numbers of the sections that hold RAM, no-map or not. */
export function ramSections(memblock: Memblock): ReadonlySet<number> {
  const { sectionSize } = memblock.geometry;
  const sections = new Set<number>();
  for (const region of memblock.memory) {
    const last = Number((rangeEnd(region) - 1n) / sectionSize);
    for (let s = Number(region.base / sectionSize); s <= last; s++) sections.add(s);
  }
  return sections;
}

/**
 * Takes each section's part of the map in pieces. Where no block is left for a piece, it is made of single pages and
 * a table that maps them: vmemmap_populate_hugepages() (source only).
 *
 * @throws KernelPanic of the first section that gets none
 */
function takeMapBySection(memblock: Memblock, map: bigint): void {
  const { memmapBlock, page } = memblock.geometry;
  const pieces = Number(map / memmapBlock);
  const sections = [...ramSections(memblock)].sort((a, b) => a - b);
  let missing = memblock.allocEachTopDown(sections.length * pieces, memmapBlock);
  if (memmapBlock > page) {
    const pages = Number(memmapBlock / page) + 1;
    missing = Math.ceil(memblock.allocEachTopDown(missing * pages, page) / pages);
  }
  const first = sections[sections.length - Math.ceil(missing / pieces)];
  if (missing === 0) return;
  throw new KernelPanic(
    `Failed to allocate memmap for section ${first}`,
    `the memory map needs ${formatSize(BigInt(sections.length) * map)} for ${sections.length} ${sections.length === 1 ? 'section' : 'sections'} of RAM: ${freeText(memblock)}`,
  );
}

/** Takes what sparse_init() does, with the memory map between. @param pageblock bytes */
export function takeSparse(memblock: Memblock, profile: Profile, pageblock: bigint, levels: number): void {
  const { arch, config, linux } = profile;
  const takers = linux.sparseTakers;
  const { page, sectionSize } = memblock.geometry;
  const take = (size: bigint, align: bigint) => memblock.alloc(size, align, { start: 0n });
  const sections = ramSections(memblock);
  /** Units of so many bytes that hold RAM. */
  const units = (bytes: bigint) => new Set([...sections].map((n) => (BigInt(n) * sectionSize) / bytes)).size;
  if (!config.CONFIG_SPARSEMEM) {
    takeFlatMap(memblock, profile);
    return;
  }
  const roots = arch.early.sectionRoots || (takers?.roots ?? 0n);
  if (roots > 0n) take(roots, SMP_CACHE_BYTES);
  if (takers !== undefined) {
    for (let n = units(takers.perPage); n > 0; n--) take(page, SMP_CACHE_BYTES);
    take(BigInt(sections.size) * takers.usage(pageblock), SMP_CACHE_BYTES);
  }
  takeMemoryMap(memblock, profile);
  if (takers?.tables !== true) return;
  for (let n = units(64n * GiB) + (levels > 3 ? 1 : 0); n > 0; n--) take(page, page);
}

/** What a struct page lacks with CONFIG_SLOB, which keeps no counters of slabs in it. */
const SLOB_LACKS = 8n;

const structPageOf = ({ arch, linux, config }: Profile): bigint =>
  arch.structPage ?? linux.structPage - (config.CONFIG_SLOB ? SLOB_LACKS : 0n);

/**
 * Takes the memory map of all that lies between the ends of RAM, in lowmem: alloc_node_mem_map().
 *
 * @throws KernelPanic when there is no room
 */
function takeFlatMap(memblock: Memblock, profile: Profile): void {
  const { page, pfnDown } = memblock.geometry;
  const pages = pfnDown(memblock.endOfDram) - pfnDown(memblock.startOfDram);
  const size = roundUp(BigInt(pages) * structPageOf(profile), page);
  const place = { start: 0n, end: lowmemEnd(memblock, profile) };
  if (memblock.alloc(size, SMP_CACHE_BYTES, place) !== undefined) return;
  throw new KernelPanic(
    `Failed to allocate ${size} bytes for node 0 memory map`,
    `no ${formatSize(size)} of lowmem are free in one piece for the memory map of ${pages} pages`,
  );
}

/**
 * Takes the memory map in one block, or in pieces where no block is large enough: sparse_init_nid(). A section's
 * part of the block is as long as a PMD maps, however little of that it needs; the rest goes back.
 */
export function takeMemoryMap(memblock: Memblock, profile: Profile): void {
  const structPage = structPageOf(profile);
  const { pagesPerSection, tableSpans } = memblock.geometry;
  const sections = BigInt(ramSections(memblock).size);
  const map = BigInt(pagesPerSection) * structPage;
  const part = roundUp(map, tableSpans[0]);
  const [needed, whole] = [sections * map, sections * part];
  const block = memblock.alloc(whole, part, { start: 0n });
  if (block === undefined) takeMapBySection(memblock, map);
  else if (whole > needed) memblock.free({ base: block + needed, size: whole - needed });
  else if ((part & (part - 1n)) !== 0n)
    replaceLastPart(memblock, profile, { base: block, size: whole }, part);
}

/**
 * Parts that are no power of two: memblock aligns by a mask, the parts are cut at multiples of their size in linear
 * addresses. Where these differ the last part finds no room in the block, gets one of its own, and what is left of
 * the block goes back: sparse_buffer_alloc(), sparse_mem_map_populate(), sparse_buffer_fini() (Linux 5.10).
 */
function replaceLastPart(memblock: Memblock, { config }: Profile, block: PhysRange, part: bigint): void {
  const origin = roundDown(memblock.startOfDram, memblock.geometry.memstartAlign);
  const linear = block.base - origin + U64_MASK + 1n - (1n << BigInt(config.CONFIG_ARM64_VA_BITS));
  const skipped = (part - (linear % part)) % part;
  if (skipped === 0n) return;
  // What is skipped goes back when the first part is cut; where the only part does not fit none is.
  const cutsAny = block.size > part;
  if (cutsAny) memblock.free({ base: block.base, size: skipped });
  memblock.alloc(part, part, { start: 0n });
  if (!cutsAny) memblock.free({ base: block.base, size: skipped });
  const rest = part - skipped;
  memblock.free({ base: rangeEnd(block) - rest, size: rest });
}
