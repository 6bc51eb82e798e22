/**
 * /reserved-memory: static regions are reserved, dynamic ones placed, and each is offered to its handler.
 * Models drivers/of/of_reserved_mem.c (Linux 7.3).
 */
import type { Board, ReservedMemNode } from '../../board/board.ts';
import { regionPurpose } from '../../board/region-purpose.ts';
import type { LinuxVersion, LogText, ReservedMemRules } from '../../profile/linux-version.ts';
import { linuxName, pageblockBytes } from '../../profile/profile.ts';
import type { PhysAddr, PhysRange } from '../../units.ts';
import { rangeEnd, sharedRange, U64_MASK } from '../../units.ts';
import { claimants, largestFreeRun } from './claims.ts';
import type { EarlyBoot } from './early-boot.ts';
import { SMP_CACHE_BYTES } from './early-takers.ts';
import { KernelPanic } from './memblock.ts';
import type { RegionDetail } from './region-detail.ts';
import {
  cutNode,
  type Entry,
  hasReg,
  isAvailable,
  type ReservedMem,
  type TrackedNode,
} from './reserved-region.ts';
import { isCmaPool, RESTRICTED_POOL, type SharedDmaPool, setupSharedDmaPool } from './shared-dma-pool.ts';
import { sortAsKernel, sortAsOldKernel } from './sort.ts';

export class ReservedMemory {
  readonly #early: EarlyBoot;
  readonly #board: Board;
  /** `cma=` is on the command line: linux,cma-default nodes are passed over. */
  readonly #cmaOnCmdline: boolean;
  readonly #entries: Entry[] = [];
  /** Static regions that a range may touch. */
  readonly #touchable: PhysRange[] = [];
  /** Nodes that were told to be skipped. */
  readonly #told = new Set<ReservedMemNode>();
  #slots = 0;
  #moved: readonly string[] = [];
  readonly #regions: TrackedNode[];

  constructor(early: EarlyBoot, board: Board, cmaOnCmdline: boolean) {
    this.#early = early;
    this.#board = board;
    this.#cmaOnCmdline = cmaOnCmdline;
    this.#regions = (board.reservedMemory?.nodes ?? []).map((node) => ({
      node: cutNode(node, early.profile.arch.physMax),
      region: {
        name: node.name,
        dynamic: !hasReg(node) && node.size !== undefined,
        noMap: node.noMap,
        reusable: node.reusable,
        kind: 'none',
      },
    }));
  }

  /** What became of every child, in tree order. */
  get regions(): readonly ReservedMem[] {
    return this.#regions.map(({ region }) => region);
  }

  /** How many slots the array of regions gets: valid static ones, whatever became of them, and placed dynamic ones. */
  get slots(): number {
    return this.#slots;
  }

  /**
   * Regions whose entry the overlap check has moved, when it sorted the array: what was remembered as a pointer
   * into it is another's now.
   */
  get moved(): readonly string[] {
    return this.#moved;
  }

  /** Reserves static regions, then places and sets up dynamic ones: fdt_scan_reserved_mem(). */
  scan(): void {
    const { memreserve, order } = this.#rules;
    if (memreserve === 'first') this.#reserveListed();
    const supported = this.#board.reservedMemory !== undefined && this.#formatSupported();
    if (!supported) {
      const detail = this.#formatDetail();
      for (const { region } of this.#regions)
        Object.assign(region, { problem: 'unsupported-format', ...(detail && { detail }) });
    }
    const listed: TrackedNode[] = [];
    for (const entry of supported ? this.#regions : []) {
      const { node, region } = entry;
      if (!isAvailable(node)) region.problem = 'disabled';
      else if (hasReg(node)) {
        blamed(node, () => this.#reserveStatic(node, region));
        if (order !== 'tree') this.#list(entry, listed);
      } else if (node.regMalformed === true && this.#log.badReg !== undefined) {
        region.problem = 'malformed-reg';
        this.#print(this.#log.badReg(node.name));
      } else if (node.size === undefined)
        region.problem = node.regMalformed ? 'malformed-reg' : 'no-reg-no-size';
      else this.#list(entry, listed);
    }
    if (memreserve === 'before-dynamic') this.#reserveListed();
    if (order === 'tree') {
      for (const { node, region } of listed) blamed(node, () => this.#allocDynamic(node, region));
    } else this.#setUpSorted(listed);
    if (memreserve === 'last') this.#reserveListed();
  }

  /** Puts a region into the table, if there is room: fdt_reserved_mem_save_node(). */
  #list(entry: TrackedNode, listed: TrackedNode[]): void {
    const { maxRegions, maxDynamic, order } = this.#rules;
    if (listed.length < (order === 'tree' ? maxDynamic : maxRegions)) {
      listed.push(entry);
      return;
    }
    entry.region.problem = 'too-many-dynamic';
    this.#print(this.#log.tooManyDynamic(entry.node.name));
  }

  /** Places and sets up all regions by address, those without one first: fdt_init_reserved_mem() (Linux 6.6). */
  #setUpSorted(listed: TrackedNode[]): void {
    const baseOf = ({ region }: TrackedNode) => (region.dynamic ? 0n : (region.base ?? 0n));
    const sizeOf = ({ region }: TrackedNode) => (region.dynamic ? 0n : (region.size ?? 0n));
    const place = new Map(listed.map((entry, i) => [entry, i]));
    const byNode = this.#rules.order === 'sorted-by-node';
    sortAsOldKernel(
      listed,
      (a, b) =>
        compare(baseOf(a), baseOf(b)) ||
        compare(sizeOf(a), sizeOf(b)) ||
        (byNode ? (place.get(a) ?? 0) - (place.get(b) ?? 0) : 0),
    );
    this.#tellOverlaps(
      listed.map((entry) => ({ name: entry.node.name, base: baseOf(entry), size: sizeOf(entry) })),
    );
    if (this.#rules.bottomUp === 'static-too') {
      for (const entry of listed) {
        if (!entry.region.dynamic) this.#touchable.push({ base: baseOf(entry), size: sizeOf(entry) });
      }
    }
    for (const entry of listed) {
      const { node, region } = entry;
      const { base, size } = region;
      if (region.dynamic) blamed(node, () => this.#allocDynamic(node, region));
      else if (base !== undefined && size !== undefined && size !== 0n)
        this.#initNode(node, region, { base, size });
    }
  }

  /** /memreserve/ entries, up to one of size 0: early_init_fdt_scan_reserved_mem(). */
  #reserveListed(): void {
    for (const range of this.#board.memReserves) {
      if (range.size === 0n) break;
      this.#early.memblock.reserve(range);
      this.#early.claims.push({ by: 'memreserve', ...range });
    }
  }

  /** Sets up static regions and looks for overlaps: fdt_scan_reserved_mem_late(). */
  scanLate(): void {
    if (this.#board.reservedMemory === undefined) {
      if (this.#log.noReservedMemory !== undefined) this.#print(this.#log.noReservedMemory);
      return;
    }
    if (this.#rules.order !== 'tree' || !this.#formatSupported()) return;
    for (const { node, region } of this.#regions) {
      const first = hasReg(node) ? node.reg?.[0] : undefined;
      if (isAvailable(node) && node.regMalformed === true && this.#log.badReg !== undefined) {
        this.#print(this.#log.badReg(node.name));
      }
      if (!isAvailable(node) || first === undefined || this.#isNoRegion(node)) continue;
      if (this.#skippedForCmdline(node) || first.size === 0n) continue;
      if (this.#rules.severalPairs === 'all') this.#tellSeveralPairs(node);
      this.#initNode(node, region, first);
    }
    const sorted = sortedByPlace(this.#entries);
    this.#moved = this.#entries.filter((entry, i) => sorted[i] !== entry).map(({ name }) => name);
    this.#tellOverlaps(sorted);
  }

  /** Whether several pairs in `reg` keep the node from being a region. */
  #isNoRegion(node: ReservedMemNode): boolean {
    return this.#rules.severalPairs === 'all-no-region' && (node.reg?.length ?? 0) > 1;
  }

  #tellSeveralPairs(node: ReservedMemNode): void {
    const pairs = node.reg?.length ?? 0;
    if (pairs > 1 && this.#log.severalRegPairs !== undefined) {
      this.#print(this.#log.severalRegPairs(node.name, pairs));
    }
  }

  get #rules(): ReservedMemRules {
    return this.#early.profile.linux.reservedMem;
  }

  get #log(): LinuxVersion['log'] {
    return this.#early.profile.linux.log;
  }

  #print(line: LogText): void {
    this.#early.printk.print(...line);
  }

  /** __reserved_mem_check_root(), with its line in the log. */
  #formatSupported(): boolean {
    const { reservedMemory, addressCells, sizeCells } = this.#board;
    if (reservedMemory === undefined) return false;
    const supported =
      reservedMemory.addressCells === addressCells &&
      reservedMemory.sizeCells === sizeCells &&
      reservedMemory.ranges;
    if (!supported) this.#print(this.#log.badCells);
    return supported;
  }

  #formatDetail(): RegionDetail | undefined {
    const { reservedMemory, addressCells, sizeCells } = this.#board;
    if (reservedMemory === undefined) return undefined;
    const { ranges, ...cells } = reservedMemory;
    return {
      is: 'format',
      cells: { addressCells: cells.addressCells, sizeCells: cells.sizeCells },
      root: { addressCells, sizeCells },
      ranges,
    };
  }

  /** Whether `cma=` displaces this node before it is reserved; logs it: __rmem_cma_verify_node(). */
  #skippedForCmdline(node: ReservedMemNode): boolean {
    const { cmaOnCmdline } = this.#rules;
    const isDefault = cmaOnCmdline === 'skipped-once' || isCmaPool(node);
    const skipped = cmaOnCmdline !== 'bypassed' && isDefault && node.linuxCmaDefault && this.#cmaOnCmdline;
    if (skipped && !(cmaOnCmdline === 'skipped-once' && this.#told.has(node))) {
      this.#told.add(node);
      this.#print(this.#log.defaultCmaSkipped(node.name));
    }
    return skipped;
  }

  /** __reserved_mem_reserve_reg(). */
  #reserveStatic(node: ReservedMemNode, region: ReservedMem): void {
    const entries = node.reg ?? [];
    const first = entries[0];
    if (first === undefined) return;
    if (this.#rules.severalPairs === 'first') this.#tellSeveralPairs(node);
    if (this.#skippedForCmdline(node)) {
      region.problem = 'skipped-for-cmdline';
      return;
    }
    this.#slots++;
    region.base = first.base;
    region.size = first.size;
    for (const pair of this.#rules.severalPairs === 'first' ? [first] : entries) {
      if (pair.size !== 0n && this.#reserve(node, pair)) continue;
      if (region.problem === undefined) {
        region.problem = pair.size === 0n ? 'size-zero' : 'reserve-failed';
        if (pair.size !== 0n) region.detail = this.#reservedBy(pair);
      }
      this.#print(this.#log.regionNotReserved({ name: node.name, ...pair }));
    }
  }

  /** early_init_dt_reserve_memory(). */
  #reserve({ name, noMap }: ReservedMemNode, range: PhysRange): boolean {
    const { memblock, claims } = this.#early;
    if (!noMap) {
      claims.push({ by: 'region', name, ...range });
      return memblock.reserve(range);
    }
    const meetsRam = this.#rules.noMapRefusedOutside || memblock.overlapsMemory(range);
    if (meetsRam && memblock.isRegionReserved(range)) return false;
    return memblock.markNomap(range, true);
  }

  #reservedBy(range: PhysRange): RegionDetail {
    return { is: 'reserved-by', reservedBy: claimants(this.#early.claims, range) };
  }

  /** __reserved_mem_alloc_size(). */
  #allocDynamic(node: ReservedMemNode, region: ReservedMem): void {
    const { size, alignment } = node;
    if (size === undefined || size === 'invalid') {
      region.problem = 'invalid-size';
      this.#print([3, `OF: reserved mem: invalid size property in '${node.name}' node.`]);
      return;
    }
    if (alignment === 'invalid') {
      region.problem = 'invalid-alignment';
      this.#print([3, `OF: reserved mem: invalid alignment property in '${node.name}' node.`]);
      return;
    }
    if (this.#skippedForCmdline(node)) {
      region.problem = 'skipped-for-cmdline';
      return;
    }
    if (node.allocRangesMalformed === true && this.#rules.badAllocRanges === 'skip-node') {
      region.problem = 'no-room';
      this.#print([3, `OF: reserved mem: invalid alloc-ranges property in '${node.name}', skipping node.`]);
      return;
    }
    const align = this.#alignmentOf(node, alignment ?? 0n);
    const base = this.#place(node, size, align);
    if (base === undefined) {
      region.problem = 'no-room';
      region.detail = this.#room(node, size, align);
      this.#print(this.#log.regionNotPlaced(node.name, size));
      return;
    }
    this.#slots++;
    if (!node.noMap) this.#early.claims.push({ by: 'region', name: node.name, base, size });
    this.#initNode(node, region, { base, size });
  }

  /** How a dynamic region is aligned, of what it asks for. */
  #alignmentOf(node: ReservedMemNode, asked: bigint): bigint {
    const pageblock = pageblockBytes(this.#early.profile);
    const align = asked === 0n ? SMP_CACHE_BYTES : asked;
    return isCmaPool(node) && align < pageblock ? pageblock : align;
  }

  /** How much room there is for a region that found too little. */
  #room({ allocRanges }: ReservedMemNode, asked: bigint, alignment: bigint): RegionDetail {
    const { memblock } = this.#early;
    const where = allocRanges?.map(({ base, size }) => {
      const end = (base + size) & U64_MASK;
      return { base, end: end <= 1n ? U64_MASK : end };
    }) ?? [{ base: 0n, end: U64_MASK }];
    const ram = memblock.memory.filter((region) => !region.nomap);
    const shared = where.flatMap(({ base, end }) =>
      ram.map((region) => sharedRange(region, { base, size: end - base }).size),
    );
    // The kernel's own rounding masks; an alignment that is no power of two has no largest run of ours.
    const runs = where.flatMap(({ base, end }) => largestFreeRun(memblock, base, end, alignment) ?? []);
    const [largest] = runs.sort((a, b) => compare(b.size, a.size));
    return {
      is: 'room',
      asked,
      alignment,
      ...(allocRanges && { allocRanges }),
      ram: merged(memblock.memory),
      ramInRanges: shared.reduce((sum, bytes) => sum + bytes, 0n),
      ...(largest && { largest }),
    };
  }

  /** Finds and takes the place of a dynamic region. */
  #place(node: ReservedMemNode, size: bigint, align: bigint): PhysAddr | undefined {
    const ranges = node.allocRanges;
    const base =
      ranges === undefined
        ? this.#early.memblock.alloc(size, align, { start: 0n })
        : this.#placeInRanges(ranges, size, align);
    if (base !== undefined && node.noMap) this.#hide({ base, size });
    return base;
  }

  /** Takes a placed no-map region out of what is mapped: early_init_dt_alloc_reserved_memory_arch(). */
  #hide(range: PhysRange): void {
    const { memblock } = this.#early;
    if (this.#rules.dynamicNoMap === 'marked') {
      memblock.markNomap(range, true);
      return;
    }
    memblock.free(range);
    memblock.removeMemory(range);
  }

  /**
   * __reserved_mem_alloc_in_range(), range by range. A range that starts at an earlier region and ends
   * at none is filled from the bottom, to keep regions together:
   *
   * ```
   *   earlier  |RRRR|                    |RRRR|        earlier
   *   range        |----------|      |--------|
   *   placed       |PPP|                  (from the top)
   * ```
   */
  #placeInRanges(ranges: readonly PhysRange[], size: bigint, align: bigint): PhysAddr | undefined {
    for (const range of ranges) {
      const start = range.base;
      const end = rangeEnd(range) & this.#early.profile.arch.physMax;
      const touches = (address: PhysAddr) =>
        [...this.#entries, ...this.#touchable].some(
          (e) => e.size > 0n && address >= e.base && address <= rangeEnd(e),
        );
      const bottomUp = this.#rules.bottomUp !== 'never' && touches(start) && !touches(end);
      const base = this.#early.memblock.alloc(size, align, { start, end, bottomUp });
      if (base !== undefined) return base;
    }
    return undefined;
  }

  /** What the handlers answer, where `cma=` has a say only then: rmem_cma_setup(). */
  #handle(node: ReservedMemNode, range: PhysRange): SharedDmaPool {
    const { cmaOnCmdline } = this.#rules;
    if (cmaOnCmdline !== 'bypassed' || !isCmaPool(node) || !node.linuxCmaDefault || !this.#cmaOnCmdline) {
      return setupSharedDmaPool(this.#early, node, range);
    }
    this.#print(this.#log.defaultCmaSkipped(node.name));
    return { answer: 'failed', problem: 'skipped-for-cmdline' };
  }

  /** The memory of a region that its handler refused. */
  #giveBack(node: ReservedMemNode, range: PhysRange): void {
    const { memblock, claims } = this.#early;
    const at = claims.findIndex((claim) => claim.name === node.name && claim.base === range.base);
    if (at >= 0) claims.splice(at, 1);
    if (this.#rules.dynamicNoMap === 'removed') {
      // A mark stays.
      memblock.free(range);
      if (node.noMap) memblock.addMemory(range);
    } else if (node.noMap) memblock.markNomap(range, false);
    else memblock.free(range);
  }

  /** Calls the handler and logs what it answered: fdt_init_reserved_mem_node(). */
  #initNode(node: ReservedMemNode, region: ReservedMem, range: PhysRange): void {
    region.base = range.base;
    region.size = range.size;
    const pool = this.#handle(node, range);
    if (pool.answer === 'failed') {
      region.problem = pool.problem;
      if (pool.problem === 'cma-misaligned') {
        region.detail = { is: 'alignment', pageblock: pageblockBytes(this.#early.profile) };
      }
      if (pool.problem === 'reserve-failed') region.detail = { is: 'reserved-by', reservedBy: [] };
      this.#print([6, `OF: reserved mem: node ${node.name} compatible matching fail`]);
      this.#giveBack(node, range);
      if (this.#rules.refusedOverlaps) this.#entries.push({ ...range, name: node.name });
      return;
    }
    if (pool.answer === 'not-mine') {
      region.kind = 'reserved';
      if (region.problem === undefined && pool.problem === 'not-shared-dma-pool') {
        const linux = linuxName(this.#early.profile);
        region.detail = { is: 'purpose', purpose: regionPurpose(node), linux };
      }
      region.problem ??= pool.problem;
    } else {
      region.kind = pool.kind === 'restricted' ? 'reserved' : pool.kind;
      if (pool.kind === 'restricted') region.problem ??= 'restricted-pool';
      else if (pool.kind === 'cma') region.cma = pool.area;
      else if (pool.problem !== undefined) region.problem = pool.problem;
      this.#print([
        6,
        `OF: reserved mem: initialized node ${node.name}, compatible id ${pool.kind === 'restricted' ? RESTRICTED_POOL : 'shared-dma-pool'}`,
      ]);
    }
    if (this.#rules.rangeLine) {
      this.#print(
        this.#log.regionRange({ ...range, name: node.name, noMap: node.noMap, reusable: node.reusable }),
      );
    }
    this.#entries.push({ ...range, name: node.name });
  }

  /** Warns of neighbours that share memory; pairs further apart go unseen: __rmem_check_for_overlap(). */
  #tellOverlaps(sorted: readonly Entry[]): void {
    const old = this.#rules.order !== 'tree';
    for (const [i, next] of sorted.entries()) {
      const before = sorted[i - 1];
      // Regions that have no place yet were at 0.
      if (before === undefined || (old && (before.base === 0n || next.base === 0n))) continue;
      if (rangeEnd(before) <= next.base) continue;
      this.#print([3, 'OF: reserved mem: OVERLAP DETECTED!']);
      const { formatPa, physMax } = this.#early.profile.arch;
      const text = (e: Entry) => `${e.name} (${formatPa(e.base)}--${formatPa(rangeEnd(e) & physMax)})`;
      this.#early.printk.print(3, `${text(before)} overlaps with ${text(next)}`);
    }
  }
}

function sortedByPlace(entries: readonly Entry[]): Entry[] {
  const sorted = [...entries];
  sortAsKernel(sorted, (a, b) => compare(a.base, b.base) || compare(a.size, b.size));
  return sorted;
}

/** Says of a panic which node it came at. */
function blamed(node: ReservedMemNode, step: () => void): void {
  try {
    step();
  } catch (error) {
    if (error instanceof KernelPanic) error.node ??= node.name;
    throw error;
  }
}

/** Sorted ranges, those that touch made one. */
function merged(ranges: readonly PhysRange[]): readonly PhysRange[] {
  const all: PhysRange[] = [];
  for (const { base, size } of ranges) {
    const last = all.at(-1);
    if (last !== undefined && rangeEnd(last) === base)
      all[all.length - 1] = { base: last.base, size: last.size + size };
    else all.push({ base, size });
  }
  return all;
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
