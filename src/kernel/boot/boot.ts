/**
 * Boot: a board and what the boot loader gave become a running kernel's records, in Linux's own order.
 * Models start_kernel() on arm64 as far as memory and heaps go (Linux 7.3).
 */
import type { Board } from '../../board/board.ts';
import { type MemoryCmdline, parseCmdline } from '../../board/cmdline.ts';
import { encodeDtb } from '../../devicetree/dtb.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { planModules } from '../../dma-buf/plan-modules.ts';
import { emptyCma, putUnmapped } from '../../mm/alloc/cma.ts';
import { createZones, PageAllocator } from '../../mm/alloc/page-alloc.ts';
import { activateCmaPages, createPerCpuPages } from '../../mm/alloc/per-cpu-pages.ts';
import { createSwiotlb } from '../../mm/dma/swiotlb.ts';
import { takeSwiotlb } from '../../mm/dma/swiotlb-pool.ts';
import { createAtomicPools, createSinglePool } from '../../mm/early/atomic-pool.ts';
import { reserveDefaultCma } from '../../mm/early/contiguous.ts';
import type { EarlyBoot, EarlyCma } from '../../mm/early/early-boot.ts';
import {
  ramSections,
  takePageTables,
  takeRegionArray,
  takeSparse,
  takeUnflattenedTree,
} from '../../mm/early/early-takers.ts';
import { KernelPanic, Memblock } from '../../mm/early/memblock.ts';
import { ReservedMemory } from '../../mm/early/reserved-mem.ts';
import { SystemRam } from '../../mm/early/system-ram.ts';
import { aliasBytes, unflattenedTreeBytes } from '../../mm/early/unflattened-tree.ts';
import type { ZoneSpan } from '../../mm/early/zones.ts';
import { defaultCmaLimit, swiotlbLimit, zoneSpans } from '../../mm/early/zones.ts';
import { Printk } from '../../printk.ts';
import type { Architecture } from '../../profile/architecture.ts';
import type { Geometry } from '../../profile/geometry.ts';
import type { ZoneName } from '../../profile/linux-version.ts';
import { type BannerArea, banner, type Profile, pageblockBytes } from '../../profile/profile.ts';
import { putProfile } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import type { PfnRange, PhysAddr, PhysRange } from '../../units.ts';
import {
  formatHex,
  formatPa,
  formatRange,
  formatSize,
  KiB,
  MiB,
  rangeEnd,
  rangesOverlap,
  roundUp,
  sharedRange,
} from '../../units.ts';
import { createDevices } from '../device-table.ts';
import { createVirtualDrmDevices } from '../drm-devices.ts';
import { createTask, DEFAULT_NOFILE, SHELL_TASK } from '../task.ts';
import type { RegionView } from '../views/views.ts';
import { startAccounting } from './accounting.ts';
import { addBootFaults } from './boot-faults.ts';
import { bootReserved } from './boot-loader.ts';
import type { BootParams, BootReserved } from './boot-params.ts';
import { addRam, adjustLowmem, firmwareRam, limitRam, reserveBlob, reserveLoaded } from './boot-ram.ts';
import { BOOT_RECORD, type BootRecord, bootRecord, DEVICE_TREE_RECORD } from './boot-record.ts';
import { bootWarnings } from './boot-warnings.ts';
import { checkInputs } from './checked-inputs.ts';
import { planDeclared } from './declared-heaps.ts';
import { keepDriverMemory } from './driver-memory.ts';
import { printMemoryLine } from './memory-line.ts';
import { loadModules } from './modules.ts';
import { NOTHING_REGISTERED, type Registered, regionViews } from './regions.ts';
import { unverifiedShapes } from './unverified-shapes.ts';

export interface BootOutcome {
  /** What follows `Kernel panic - not syncing: `, when the kernel died. */
  readonly panic?: string;
  /** What the kernel died of, with the node that it is about. */
  readonly cause?: Diagnostic;
  /** What had become of the regions when it died. */
  readonly regions?: readonly RegionView[];
  /** Where Linux dies later or has several answers; what is odd about the board itself stands there. */
  readonly warnings: readonly Diagnostic[];
}

/**
 * Boots a board into empty records. Touches no memory.
 *
 * @returns the panic, if the kernel would die; its log is in the records all the same
 * @throws InvalidInput when the board has no memory, or a parameter is out of range
 */
export function boot(board: Board, params: BootParams, records: Records): BootOutcome {
  const { profile, memory } = checkInputs(board, params);
  const cmdline = params.cmdline ?? board.bootargs;
  putProfile(records, profile);
  const printk = new Printk(records);
  const early: EarlyBoot = {
    profile,
    memblock: new Memblock(
      profile.geometry,
      profile.arch.early.efiRanges && profile.config.CONFIG_EFI,
      profile.linux.reservedMem.fullArray,
      profile.arch.physMax,
    ),
    printk,
    records,
    cmaAreas: [],
    coherentPools: [],
    claims: [],
  };
  const words = followedWords(cmdline, profile);
  const reservedMemory = new ReservedMemory(early, board, words.cma !== undefined);
  const warningsOf = (registered: Registered) => [
    ...unverifiedShapes(board, memory, profile),
    ...bootWarnings(board, early, reservedMemory, registered, words),
  ];
  try {
    const registered = bootKernel(board, params, early, memory, cmdline, words, reservedMemory);
    const warnings = [...warningsOf(registered), ...registered.undeclared];
    const record = bootRecord(records);
    records.put<BootRecord>(BOOT_RECORD, { ...record, warnings: [...board.diagnostics, ...warnings] });
    return { warnings };
  } catch (error) {
    if (!(error instanceof KernelPanic)) throw error;
    printk.print(0, `Kernel panic - not syncing: ${error.message}`);
    return {
      panic: error.message,
      cause: causeOf(error, board),
      regions: regionViews(early, reservedMemory.regions, NOTHING_REGISTERED, words),
      warnings: warningsOf(NOTHING_REGISTERED),
    };
  }
}

/** The words that the kernel follows: without DMA_CMA nothing in it reads `cma=`. */
function followedWords(cmdline: string, { config }: Profile): MemoryCmdline {
  const words = parseCmdline(cmdline);
  if (config.CONFIG_DMA_CMA) return words;
  const { cma, ...others } = words;
  const malformed = words.malformed.filter((word) => word !== 'cma');
  const halfRead = words.halfRead.filter(({ name }) => name !== 'cma');
  return { ...others, malformed, halfRead, ...(cma !== undefined && { cmaUnread: true }) };
}

function causeOf({ because, node }: KernelPanic, board: Board): Diagnostic {
  const position = board.reservedMemory?.nodes.find(({ name }) => name === node)?.position;
  return {
    code: 'boot-panic',
    severity: 'error',
    message: `the kernel dies while it boots: ${because}`,
    position: position ?? { file: board.source },
    ...(node !== undefined && { path: `/reserved-memory/${node}` }),
  };
}

function bootKernel(
  board: Board,
  params: BootParams,
  early: EarlyBoot,
  memory: readonly PhysRange[],
  cmdline: string,
  words: MemoryCmdline,
  reservedMemory: ReservedMemory,
): Registered {
  const { memblock, printk, records, profile } = early;
  for (const word of words.malformed) {
    if (word === 'cma') printk.print(3, 'cma: Config string not provided');
    printk.print(4, `Malformed early option '${word}'`);
  }

  // 1-3: RAM, what the boot loader put there, and the static and dynamic regions.
  const { arch } = profile;
  const firmware = firmwareRam(early, memory, words);
  const reserve = bootReserved(board, memory, params.reserve ?? {});
  addRam(early, firmware, words);
  adjustLowmem(early);
  if (arch.early.noEfi !== undefined && profile.config.CONFIG_EFI) printk.print(...arch.early.noEfi);
  limitRam(early, words, reserve);
  reserveLoaded(early, reserve);
  reservedMemory.scan();
  if (arch.early.blob === 'after-regions') reserveBlob(early, reserve);
  const defaultCma = () =>
    reserveDefaultCma(
      early,
      cmaWord(words, arch),
      defaultCmaLimit(memblock, profile, board.dmaMaxCpuAddress),
    );
  const cmaEarly = arch.early.defaultCmaEarly(profile.linux);
  if (cmaEarly) defaultCma();

  // 4-6: page tables, the regions' handlers, the default CMA area.
  takePageTables(memblock, profile, reserve.kernel, words.rodata);
  memblock.allowResize();
  if (arch.deviceTree) {
    takeRegionArray(memblock, reservedMemory.slots, profile.linux);
    reservedMemory.scanLate();
    takeUnflattenedTree(memblock, ...treeBytes(board, params, cmdline, reserve, profile));
  }
  const spans = zoneSpans(memblock, profile, board.dmaMaxCpuAddress);
  if (!cmaEarly && profile.linux.defaultCmaFirst) defaultCma();
  printZones(early, spans);
  takeSparse(memblock, profile, pageblockBytes(profile), profile.config.CONFIG_ARM64_VA_BITS > 39 ? 4 : 3);
  if (!cmaEarly && !profile.linux.defaultCmaFirst) defaultCma();
  const bounceLimit = swiotlbLimit(memblock, profile, board.dmaMaxCpuAddress);
  const swiotlb =
    bounceLimit === undefined
      ? undefined
      : takeSwiotlb(memblock, bounceLimit, 1, profile.linux.dma.swiotlb === 'full');

  printMemoryLine(early, spans, reserve.kernel);

  // 7-8: the page allocator, CMA activation, DMA pools.
  const active = activateCma(early, spans);
  createZones(records, spans, memblock.freeRanges());
  if (freePages(records) < profile.geometry.pfnDown(LEAST_FREE)) {
    const free = profile.geometry.pagesToBytes(freePages(records));
    const cma = early.cmaAreas.reduce((sum, area) => sum + area.size, 0n);
    throw new KernelPanic(
      'System is deadlocked on memory',
      `${formatSize(free)} of RAM are left for the rest of boot, which needs about ${formatSize(LEAST_FREE)} outside of CMA areas (they have ${formatSize(cma)})`,
    );
  }
  activatePages(early, active);
  startAtomicPools(early, active, spans, words);

  // 9: heaps.
  const ram = new SystemRam(memblock, profile, { kernel: reserve.kernel, firmware });
  const declared = planDeclared(early, board, params, reservedMemory.regions);
  const problems = loadModules(early, planModules(early, ram), params, declared);
  const poolPlaces = keepDriverMemory(early, board, reservedMemory.regions, ram, active);
  if (swiotlb !== undefined) createSwiotlb(records, swiotlb.base, swiotlb.size);
  createDevices(records, board, profile.linux.dma.readsNonCoherent, profile.config.CONFIG_IOMMU_SUPPORT);
  createVirtualDrmDevices(records, profile.config);
  startAccounting(early, active);
  if (board.tree !== undefined && arch.deviceTree) records.put(DEVICE_TREE_RECORD, encodeDtb(board.tree));

  records.put<BootRecord>(BOOT_RECORD, {
    banner: [banner(profile, bannerArea(early, reservedMemory, words)), ...declared.told].join('; '),
    cmdline,
    reserve,
    layout: arenaLayout(early, [...poolPlaces, ...declared.pools]),
    ...(swiotlb && { swiotlb }),
    ...(params.evict !== undefined && { evict: params.evict }),
    iomem: ram.resources,
    cmaAreas: early.cmaAreas.length,
    regions: regionViews(early, reservedMemory.regions, problems, words),
  });
  createTask(records, SHELL_TASK, params.nofile ?? DEFAULT_NOFILE);
  addBootFaults(records, board.source, params.faults);
  return problems;
}

/** The default area as the banner tells it. */
function bannerArea(
  { defaultCma }: EarlyBoot,
  { regions }: ReservedMemory,
  words: MemoryCmdline,
): BannerArea | undefined {
  if (defaultCma === undefined) return undefined;
  const { size, index } = defaultCma;
  if (regions.some((region) => region.cma === index)) return { size, from: 'tree' };
  return { size, from: words.cma === undefined ? 'config' : 'cmdline' };
}

/** The unflattened tree of a board without one: the sizes of real boards are about this. */
const TYPICAL_TREE = 40n * KiB;

/** Bytes of the unflattened tree, and of its aliases. */
function treeBytes(
  { tree }: Board,
  { unflattenedTree }: BootParams,
  cmdline: string,
  { initrd }: BootReserved,
  { linux }: Profile,
): [tree: bigint, aliases: readonly bigint[]] {
  if (unflattenedTree !== undefined) return [unflattenedTree, []];
  if (tree === undefined) return [TYPICAL_TREE, []];
  const added = { bootargs: cmdline !== '', initrd: initrd !== undefined };
  return [unflattenedTreeBytes(tree, added, linux.treeSizes), aliasBytes(tree, linux.treeSizes)];
}

/** `cma=` as the architecture's addresses have it. */
function cmaWord({ cma }: MemoryCmdline, { physMax }: Architecture): MemoryCmdline['cma'] {
  if (cma === undefined || (cma.size & physMax) === physMax) return undefined;
  return { size: cma.size & physMax, base: cma.base & physMax, limit: cma.limit & physMax };
}

/** The lines of free_area_init(). */
function printZones({ printk }: EarlyBoot, spans: readonly ZoneSpan[]): void {
  printk.print(6, 'Zone ranges:');
  for (const { name, start, end } of spans) {
    const range = end > start ? `[mem ${formatPa(start)}-${formatPa(end - 1n)}]` : 'empty';
    printk.print(6, `  ${name.padEnd(8)} ${range}`);
  }
}

/** What an oops in an initcall ends in. */
const KILLED_INIT = 'Attempted to kill init! exitcode=0x0000000b';

/** Where RAM is instead: its end for what lies behind it, its begin for what lies before, and both sides of a hole. */
function nearestRam(memblock: EarlyBoot['memblock'], area: PhysRange): string {
  const before = memblock.memory.filter(({ base }) => base < rangeEnd(area));
  const after = memblock.memory.find(({ base }) => base >= rangeEnd(area));
  const last = before.at(-1);
  if (after === undefined) return `RAM ends at ${formatHex(memblock.endOfDram - 1n)}`;
  if (last === undefined) return `RAM begins at ${formatHex(after.base)}`;
  return `RAM has a hole at ${formatRange({ base: rangeEnd(last), size: after.base - rangeEnd(last) })}`;
}

/** Says of an area that it is not RAM. */
function outsideRam({ memblock }: EarlyBoot, area: EarlyCma): string {
  const inside = memblock.memory.some((range) => rangesOverlap(range, area));
  const ram = nearestRam(memblock, area);
  return `${area.name} lies ${inside ? 'partly ' : ''}outside RAM (${formatRange(area)}, ${ram}): cma_activate_area() touches a struct page that is not there`;
}

/** The pages of an area that a range has some of. */
function pagesIn({ pfnDown, page }: Geometry, range: PhysRange, area: PhysRange): PfnRange {
  const { base, size } = sharedRange(range, area);
  const pfn = pfnDown(base);
  return { pfn, pages: pfnDown(roundUp(base + size, page)) - pfn };
}

/**
 * An area with pages where there is no memory map kills the kernel, where the map is not flat; one that crosses a zone's border is
 * left empty and its pages go to the page allocator: cma_init_reserved_areas().
 *
 * @returns the areas that can be allocated from
 */
function activateCma(early: EarlyBoot, spans: readonly ZoneSpan[]): readonly EarlyCma[] {
  const sections = ramSections(early.memblock);
  const hasSections = early.profile.config.CONFIG_SPARSEMEM;
  const sectionOf = (address: PhysAddr) => Number(address / early.profile.geometry.sectionSize);
  return early.cmaAreas.filter((area) => {
    const last = sectionOf(rangeEnd(area) - 1n);
    for (let section = sectionOf(area.base); hasSections && section <= last; section++) {
      if (!sections.has(section)) throw new KernelPanic(KILLED_INIT, outsideRam(early, area), area.name);
    }
    const unmapped = early.memblock.memory
      .filter((range) => range.nomap && rangesOverlap(range, area))
      .map((range) => pagesIn(early.profile.geometry, range, area));
    if (unmapped.length > 0) putUnmapped(early.records, area.index, unmapped);
    const zones = spans.filter(({ start, end }) => start < end && area.base < end && rangeEnd(area) > start);
    if (zones.length <= 1) return true;
    emptyCma(early.records, area.index);
    early.memblock.free(area);
    early.printk.print(...early.profile.linux.log.cmaNotActivated(area.name));
    return false;
  });
}

/**
 * What the rest of boot needs outside of CMA areas. A recorded kernel had used 5.5 MiB when it had booted, of which
 * 1.2 could lie in an area.
 */
const LEAST_FREE = 4n * MiB;

const freePages = (records: Records): number => new PageAllocator(records).freePages();

/** Gives the areas' pages to the page allocator: cma_activate_area(). */
function activatePages({ records, profile }: EarlyBoot, active: readonly EarlyCma[]): void {
  const pages = new PageAllocator(records);
  const { pfnDown } = profile.geometry;
  const zones = pages.zones();
  createPerCpuPages(
    records,
    zones.map((name) => ({ span: pages.zoneSpan(name), managed: pages.managedPages(name) })),
  );
  const order = Math.log2(pfnDown(pageblockBytes(profile)));
  for (const { base, size } of active) activateCmaPages(records, pfnDown(base), pfnDown(size), order);
}

function startAtomicPools(
  early: EarlyBoot,
  active: readonly EarlyCma[],
  spans: readonly ZoneSpan[],
  words: MemoryCmdline,
): void {
  const { records, printk, profile } = early;
  const sort = profile.arch.early.atomicPools(profile.config);
  if (sort === 'none') return;
  const { physMax } = profile.arch;
  const coherentPool = words.coherentPool === undefined ? undefined : words.coherentPool & physMax;
  const cmaAlignment = profile.config.CONFIG_CMA_ALIGNMENT;
  if (sort === 'single') {
    createSinglePool(records, printk, {
      ...(coherentPool !== undefined && { coherentPool }),
      ...(early.defaultCma && { defaultCma: early.defaultCma }),
      cmaAlignment,
    });
    return;
  }
  const defaultCma = active.find((area) => area === early.defaultCma);
  const pages = new PageAllocator(records);
  const cmaPagesIn = (span: ZoneSpan) =>
    active
      .filter((area) => area.base >= span.start && area.base < span.end)
      .reduce((sum, area) => sum + profile.geometry.pfnDown(area.size), 0);
  const managed = new Map<ZoneName, number>(
    spans.map((span) => [span.name, pages.managedPages(span.name) + cmaPagesIn(span)]),
  );
  createAtomicPools(records, printk, {
    totalRamPages: [...managed.values()].reduce((sum, count) => sum + count, 0),
    cmaAlignment,
    zones: new Set(
      [...managed].filter(([name, count]) => profile.linux.atomicPool(name, count > 0)).map(([name]) => name),
    ),
    ...(coherentPool !== undefined && { coherentPool }),
    ...(defaultCma && { defaultCma }),
  });
}

/** Where there is memory: RAM with its no-map holes, and pools that can be mapped and lie outside it. */
function arenaLayout({ memblock }: EarlyBoot, pools: readonly PhysRange[]): readonly PhysRange[] {
  const ranges = [...memblock.memory, ...pools]
    .map(memblock.geometry.wholePages)
    .sort((a, b) => (a.base < b.base ? -1 : 1));
  const layout: PhysRange[] = [];
  for (const range of ranges) {
    const last = layout.at(-1);
    if (last !== undefined && range.base <= rangeEnd(last)) {
      const size = rangeEnd(range) - last.base;
      if (size > last.size) layout[layout.length - 1] = { base: last.base, size };
    } else {
      layout.push(range);
    }
  }
  return layout;
}
