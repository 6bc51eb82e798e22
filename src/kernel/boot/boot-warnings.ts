/**
 * What a boot that goes well has to tell all the same: where Linux dies later or has several answers, what it does not
 * get, and which words of the command line are not followed.
 */
import type { Board } from '../../board/board.ts';
import { CMDLINE_OF_SOME, type HalfRead, type MemoryCmdline } from '../../board/cmdline.ts';
import { unitAddressOf } from '../../board/reserved-memory-doubts.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { Claim } from '../../mm/early/claims.ts';
import type { EarlyBoot } from '../../mm/early/early-boot.ts';
import type { DefaultAreaDetail } from '../../mm/early/region-detail.ts';
import type { ReservedMemory } from '../../mm/early/reserved-mem.ts';
import type { ReservedMem } from '../../mm/early/reserved-region.ts';
import { asPosted, seriesRules } from '../../profile/coherent-series.ts';
import { linuxName, type Profile, pageblockBytes } from '../../profile/profile.ts';
import type { PhysRange } from '../../units.ts';
import {
  formatHex,
  formatRange,
  formatSize,
  MiB,
  rangeEnd,
  rangesOverlap,
  roundDown,
  sharedRange,
} from '../../units.ts';
import { NOTHING_REGISTERED, type Registered } from './regions.ts';

/** Overlaps that are told one by one; a board with more has another problem. */
const MAX_OVERLAPS = 16;

/** A warning, and the region that it is about. */
interface Warning {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly node?: string;
}

/** Everything that boot has to tell beside the log, in the order in which it comes about. */
export function bootWarnings(
  board: Board,
  early: EarlyBoot,
  reservedMemory: ReservedMemory,
  registered: Registered,
  words: MemoryCmdline,
): readonly Diagnostic[] {
  const nodes = new Map((board.reservedMemory?.nodes ?? []).map((node) => [node.name, node]));
  const found: readonly Warning[] = [
    ...cmdlineWarnings(early, words),
    ...elsewhereWarnings(reservedMemory.regions),
    ...severalRegWarnings(board, early, reservedMemory.regions),
    ...overlapWarnings(early, reservedMemory.regions),
    // Those that have no page structs killed the kernel, which is told of the panic.
    ...(registered === NOTHING_REGISTERED ? [] : pastRamWarnings(early)),
    ...defaultAreaWarnings(early, words),
    ...seriesWarnings(early, reservedMemory, registered),
  ];
  return found.map(({ code, message, hint, node }) => {
    const position = (node === undefined ? undefined : nodes.get(node)?.position) ?? { file: board.source };
    const path = node === undefined ? {} : { path: `/reserved-memory/${node}` };
    return { code, severity: 'warning', message, position, ...path, ...(hint !== undefined && { hint }) };
  });
}

/** Words that are not followed, or that mean something else than they look like. */
function cmdlineWarnings({ profile }: EarlyBoot, words: MemoryCmdline): readonly Warning[] {
  const isKnown = (word: string): boolean => {
    const name = word.replace(/=.*$/s, '');
    return !CMDLINE_OF_SOME.has(name) || profile.arch.early.memoryWords.includes(name);
  };
  const ignored: Warning[] = words.ignored.filter(isKnown).map((word) => ({
    code: 'cmdline-ignored',
    message: `${word} on the command line can change memory under ${linuxName(profile)}, and is ignored here`,
    hint: 'answers are those of a kernel without it',
  }));
  if (words.cmaUnread === true) {
    ignored.push({
      code: 'cmdline-cma-unread',
      message: `cma= on the command line means nothing to a kernel without CONFIG_DMA_CMA`,
      hint: 'set CONFIG_DMA_CMA=y, or leave the word out',
    });
  }
  ignored.push(...words.halfRead.flatMap((half) => halfReadWarning(profile, half)));
  for (const { word, meant } of words.misspelt) {
    ignored.push({
      code: 'cmdline-misspelt',
      message: `Linux knows no ${word.replace(/=.*$/s, '=')} of the command line and passes it on to init: no memory changes by ${word}`,
      hint: `did you mean ${meant}=?`,
    });
  }
  const { page } = profile.geometry;
  for (const { name, size } of words.withoutUnit) {
    if (name === 'cma' || size === 0n || size >= (name === 'mem' ? MiB : page)) continue;
    const rounded = name === 'mem' ? `down to ${formatSize(roundDown(size, page))}` : 'up to a page';
    ignored.push({
      code: 'cmdline-half-read',
      message: `${name}=${size} asks for ${formatSize(size)}, which Linux rounds ${rounded}`,
      hint: name === 'mem' ? `for MiB: mem=${size}M` : `for KiB: coherent_pool=${size}K`,
    });
  }
  const unread = accountingUnread(profile, words);
  if (unread !== undefined) {
    ignored.push({
      code: 'cmdline-accounting',
      message: `${words.memAccountingWord} on the command line charges nobody: ${unread}`,
      hint: 'dmaheap list --cgroup shows what is charged',
    });
  }
  const { cma } = words;
  const isBytes = words.withoutUnit.some(({ name, size }) => name === 'cma' && size === cma?.size);
  if (!isBytes || cma === undefined || cma.size === 0n || cma.size >= MiB) return ignored;
  const message = `cma=${cma.size} asks for ${formatSize(cma.size)}, which Linux rounds up to a pageblock (${formatSize(pageblockBytes(profile))})`;
  return [...ignored, { code: 'cmdline-cma-bytes', message, hint: `for MiB: cma=${cma.size}M` }];
}

/** What Linux makes of a size that it cannot read, or not to its end. */
function halfReadWarning(profile: Profile, { word, name, size, rest }: HalfRead): readonly Warning[] {
  const { mem } = profile.arch.early;
  const code = 'cmdline-half-read';
  const hint = `a size is a number and K, M or G: ${name}=64M`;
  if (size > 0n) {
    const read = `Linux reads ${word} as ${formatSize(size)}, and passes over "${rest}"`;
    return [{ code, message: read, hint }];
  }
  const effect =
    name === 'cma'
      ? 'no default CMA area'
      : name === 'coherent_pool'
        ? 'as large a pool as without the word'
        : mem === 'replaces'
          ? 'no memory'
          : 'no limit';
  return [{ code, message: `Linux reads ${word} as 0: ${effect}`, hint }];
}

/** Why dma_heap.mem_accounting= does not do what it asks for. */
function accountingUnread(profile: Profile, words: MemoryCmdline): string | undefined {
  const { linux, config } = profile;
  const { memAccountingWord, memAccounting, uncharged } = words;
  if (memAccountingWord === undefined || memAccounting === false) return undefined;
  // A switch that was given turns it on all the same.
  if (profile.accounting.includes('memcg')) return undefined;
  if (!linux.memAccounting) return `${linuxName(profile)} has no such parameter, 7.2 and later do`;
  if (memAccounting === undefined) return 'Linux takes y, n, 1, 0, on or off, and refuses everything else';
  if (!config.CONFIG_MEMCG) return 'the kernel is without CONFIG_MEMCG';
  return uncharged === undefined ? undefined : `${uncharged} turns it off`;
}

/** Regions without `reg` whose names say another place than the one that Linux has found. */
function elsewhereWarnings(regions: readonly ReservedMem[]): readonly Warning[] {
  return regions.flatMap(({ name, dynamic, base }) => {
    const said = unitAddressOf(name);
    if (!dynamic || base === undefined || said === undefined || said === base) return [];
    return {
      code: 'region-elsewhere',
      node: name,
      message: `the name of ${name} says ${formatHex(said)}, but a region without reg lies where Linux finds a place: at ${formatHex(base)} here`,
      hint: 'leave the unit address out, or give the place by reg',
    };
  });
}

/** Regions of which Linux takes one pair of several, or none. */
function severalRegWarnings(
  { reservedMemory }: Board,
  { profile }: EarlyBoot,
  regions: readonly ReservedMem[],
): readonly Warning[] {
  const { severalPairs } = profile.linux.reservedMem;
  return (reservedMemory?.nodes ?? []).flatMap(({ name, reg = [] }) => {
    const [first, ...others] = reg;
    if (first === undefined || others.length === 0) return [];
    const region = regions.find((one) => one.name === name);
    if (region === undefined || region.problem !== undefined) return [];
    const rest = others.map(formatRange).join(', ');
    const fate =
      severalPairs === 'first'
        ? `${formatRange(first)} is the region, and nothing is reserved for ${rest}`
        : severalPairs === 'all'
          ? `all are reserved, and ${formatRange(first)} alone is the region`
          : 'all are reserved, and none is a region';
    return {
      code: 'region-several-reg',
      node: name,
      message: `reg of ${name} has ${reg.length} pairs of base and size: under ${linuxName(profile)} ${fate}`,
      hint: 'write a node for each pair',
    };
  });
}

/** A region, or what the boot loader put into memory. */
interface Taken extends PhysRange {
  readonly text: string;
  readonly region?: ReservedMem;
}

const LOADED: Readonly<Record<Exclude<Claim['by'], 'firmware'>, string>> = {
  kernel: 'the kernel image',
  initrd: 'the initrd',
  dtb: 'the device tree',
  memreserve: '/memreserve/',
  region: 'the region',
};

/** Who has some memory, and where: `the initrd at 0x9c400000..0x9c7fffff`. */
export function claimText(claim: Claim): string {
  if (claim.by === 'firmware') return `${claim.name} at ${formatRange(claim)}, which --reserve gave`;
  return `${LOADED[claim.by]}${claim.name === undefined ? '' : ` ${claim.name}`} at ${formatRange(claim)}`;
}

/** Memory that two have. */
function overlapWarnings(early: EarlyBoot, regions: readonly ReservedMem[]): readonly Warning[] {
  const taken: Taken[] = [];
  for (const region of regions) {
    const { name, base, size, kind } = region;
    if (base === undefined || size === undefined || size === 0n || kind === 'none') continue;
    taken.push({ base, size, region, text: `${name} (${formatRange({ base, size })})` });
  }
  for (const claim of early.claims) {
    // What /memreserve/ names may well be free by now: a loader's page tables, a spin table.
    if (claim.by === 'region' || claim.by === 'memreserve' || claim.size === 0n) continue;
    taken.push({ ...claim, text: claimText(claim) });
  }
  taken.sort((a, b) => (a.base < b.base ? -1 : a.base > b.base ? 1 : 0));
  const warnings: Warning[] = [];
  let more = 0;
  for (const [i, one] of taken.entries()) {
    for (const other of taken.slice(i + 1)) {
      if (other.base >= rangeEnd(one)) break;
      const warning = overlapWarning(early, one, other);
      if (warning === undefined) continue;
      if (warnings.length < MAX_OVERLAPS) warnings.push(warning);
      else more++;
    }
  }
  if (more > 0) warnings.push({ code: 'region-overlap', message: `${more} more pairs of regions overlap` });
  return warnings;
}

/** What comes of memory that two have; nothing that matters where no heap gives it out. */
function overlapWarning({ memblock, profile }: EarlyBoot, one: Taken, other: Taken): Warning | undefined {
  const shared = sharedRange(one, other);
  const areas = [one, other].filter(({ region }) => region?.kind === 'cma');
  const [area] = areas;
  if (areas.length === 2) {
    return {
      code: 'cma-overlap',
      node: one.region?.name ?? '',
      message: `the CMA areas ${one.text} and ${other.text} share ${formatRange(shared)}: Linux frees their common pageblocks twice while it boots, and by its layout such a kernel panics, hangs, or lives and hands out a page twice. That it lives, as here, is one of several answers`,
      hint: 'move one of them',
    };
  }
  if (area === undefined) {
    const pool = [one, other].find(({ region }) => region?.kind === 'coherent');
    if (pool === undefined) return undefined;
    return {
      code: 'region-overlap',
      node: pool.region?.name ?? '',
      message: `the coherent pool ${pool.text} shares ${formatRange(shared)} with ${pool === one ? other.text : one.text}: both use the same bytes`,
      hint: 'move one of them',
    };
  }
  const inside = area === one ? other : one;
  const unmapped = memblock.memory.some((ram) => ram.nomap && rangesOverlap(ram, shared));
  const node = area.region?.name ?? '';
  if (unmapped) {
    return {
      code: 'cma-over-nomap',
      node: inside.region?.name ?? node,
      message: `the no-map region ${inside.text} lies in the CMA area ${area.text}: OVERLAP is all that Linux says at boot, but it does not map ${formatRange(shared)}, so that a buffer across it ends in an oops in clear_page(), which kills the caller`,
      hint: 'move one of them',
    };
  }
  // A no-map mark that was refused: the area had the memory first, and works.
  if (inside.region?.noMap === true) return undefined;
  return {
    code: 'cma-over-reserved',
    node,
    message: `the CMA area ${area.text} lies over ${inside.text}: Linux gives ${formatRange(shared)} to its page allocator and hands it out, in use as it is, and what comes of that is not modelled (${linuxName(profile)} itself may die)`,
    hint: 'move one of them',
  };
}

/** Areas that reach out of RAM within a section that has some: their pages have no memory. */
function pastRamWarnings({ cmaAreas, memblock }: EarlyBoot): readonly Warning[] {
  return cmaAreas.flatMap((area) => {
    const ram = memblock.memory.filter((range) => rangesOverlap(range, area));
    const inRam = ram.reduce((sum, range) => sum + sharedRange(range, area).size, 0n);
    if (inRam === area.size) return [];
    return {
      code: 'cma-past-ram',
      node: area.name,
      message: `the CMA area ${area.name} (${formatRange(area)}) reaches out of RAM: ${formatSize(area.size - inRam)} of it are no memory, and Linux hands them out all the same`,
      hint: 'make it smaller, or move it',
    };
  });
}

/** Why the default area is not there, in one sentence. */
export function defaultAreaText(detail: DefaultAreaDetail): string {
  const { cause, asked, size, base, limit, largest, pageblock, reservedBy = [] } = detail;
  const where = base === 0n ? '' : ` at ${formatHex(base)}`;
  const head = `the default CMA area of ${formatSize(asked)}${where} could not be had`;
  const room =
    largest === undefined
      ? `nothing is free below the limit ${formatHex(limit)}`
      : `the largest free run below the limit ${formatHex(limit)} is ${formatSize(largest.size)} at ${formatHex(largest.base)}`;
  switch (cause) {
    case 'no-slot':
      return `${head}: all CMA areas (CONFIG_CMA_AREAS) are in use`;
    case 'misaligned':
      return `${head}: a fixed base must be a multiple of a pageblock (${formatSize(pageblock)})`;
    case 'exceeds-limit':
      return `${head}: its end ${formatHex(base + size)} lies above the limit; ${room}`;
    case 'across-lowmem':
      return `${head}: it would lie across the end of lowmem; ${room}`;
    case 'reserved': {
      const by = reservedBy.map(claimText).join(', ') || 'early allocations of the kernel';
      return `${head}: ${formatRange({ base, size })} is reserved already, by ${by}; ${room}`;
    }
    case 'no-room':
      return `${head}: ${room}`;
  }
}

function defaultAreaWarnings({ defaultCmaFailed }: EarlyBoot, words: MemoryCmdline): readonly Warning[] {
  if (defaultCmaFailed === undefined) return [];
  const from = words.cma === undefined ? 'CONFIG_CMA_SIZE_MBYTES' : 'cma= on the command line';
  return [{ code: 'default-cma-failed', message: `${defaultAreaText(defaultCmaFailed)} (${from})` }];
}

/** Where the coherent series as it was posted dies, and the mended one that is modelled does not. */
function seriesWarnings(
  early: EarlyBoot,
  { regions, moved: movedNames }: ReservedMemory,
  { pools, areas }: Registered,
): readonly Warning[] {
  const { coherent_series: series } = early.profile;
  const rules = seriesRules(series);
  if (rules === undefined) return [];
  const mixed = early.profile.accounting.includes('dmem-cma-v2') && !rules.charges;
  const mixture = {
    code: 'accounting-mixture',
    message: `dmem-cma-v2 beside ${series} of the coherent series is a mixture that nobody posted: ${series} charges nothing, and v1 charges alike`,
    hint: 'ask one question at a time: --coherent v1 or off',
  };
  const mended = `dmaheap answers as a port that mends ${series} does`;
  const lost = [
    ...[...pools].map(([index, problem]) => ({ problem, name: early.coherentPools[index]?.name })),
    ...[...areas].map(([index, problem]) => ({ problem, name: early.cmaAreas[index]?.name })),
  ];
  const names = lost.flatMap(({ problem, name }) => (problem === 'name-taken' ? (name ?? []) : []));
  // The second name of the default area comes first, and takes the others along.
  if (lost.some(({ problem }) => problem === 'no-cma-heaps')) names.push(early.profile.linux.defaultCmaHeap);
  // Where dma_heap_add() is mainline's, a name that is taken hurts nobody else.
  const taken = (rules.twoSteps ? names : []).map((name) => ({
    code: 'series-name-taken',
    message: `the heap name ${name} is taken: the coherent series ${asPosted(series)} panics here, for dma_heap_register() frees a name twice when it fails; ${mended}`,
    hint: 'give the node another name or unit address',
    ...(regions.some((region) => region.name === name) && { node: name }),
  }));
  const moved = new Set(movedNames);
  const dynamic = new Set(regions.filter((region) => region.dynamic).map(({ name }) => name));
  const swapped = early.coherentPools
    .filter(({ name }) => moved.has(name) && dynamic.has(name))
    .map(({ name }) => ({
      code: 'series-pool-moved',
      node: name,
      message: `the coherent series ${asPosted(series)} panics here: it remembers the pool ${name} by its place in the array of regions, which the overlap check then sorts; ${mended}`,
      hint: 'give the region a fixed place (reg)',
    }));
  return [...(mixed ? [mixture] : []), ...taken, ...swapped];
}
