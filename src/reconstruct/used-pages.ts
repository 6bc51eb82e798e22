/** Which pages of each CMA area were free on the target. */
import type { Kernel } from '../kernel/kernel.ts';
import { counted, formatHex, type PfnRange } from '../units.ts';
import type { CmaFolder, Facts, FreeList, Told } from './facts.ts';
import type { Tell } from './finding.ts';
import type { At } from './line.ts';

/** A CMA area of the booted kernel, and what is known of its pages. */
export interface AreaState {
  readonly name: string;
  /** How `occupy` names it. */
  readonly word: string;
  readonly span: PfnRange;
  readonly isDefault: boolean;
  readonly heaps: readonly string[];
  /** Free when boot was over, here. */
  readonly booted: readonly PfnRange[];
  /** Free on the target. */
  readonly free: readonly PfnRange[];
  /** `exact`: the bitmap or a list was told. `counted`: only how many pages. `booted`: nothing was. */
  readonly known: 'exact' | 'counted' | 'booted';
}

const totalOf = (runs: readonly PfnRange[]): number => runs.reduce((sum, { pages }) => sum + pages, 0);

export function areaStates(kernel: Kernel, facts: Facts, tell: Tell): AreaState[] {
  const { geometry } = kernel.profile;
  const views = kernel.regions();
  const areas = kernel.cmaAreas().filter(({ pages }) => pages > 0);
  return areas.map(({ name, pfn, pages, free: booted }): AreaState => {
    const base = geometry.pfnPhys(pfn);
    const view = views.find((one) => one.kind === 'cma' && one.base === base);
    const sameName = areas.filter((one) => one.name === name).length > 1;
    const area = {
      name,
      word: sameName ? `@${formatHex(base)}` : name,
      span: { pfn, pages },
      isDefault: view?.isDefault === true,
      heaps: view?.heaps ?? [],
      booted,
    };
    const seen =
      pages > MOST_PAGES ? tooLarge(name, tell) : seenFree(area, kernel, facts, areas.length, tell);
    return { ...area, ...(seen ?? { free: booted, known: 'booted' as const }) };
  });
}

/** Pages of the largest area whose bitmap is followed: 64 GiB of pages of 4 KiB. */
const MOST_PAGES = 1 << 24;

function tooLarge(name: string, tell: Tell): undefined {
  tell({
    kind: 'missing',
    code: 'area-too-large',
    message: `${name} is larger than any area whose bitmap is followed`,
    taken: 'its pages as boot leaves them',
  });
  return undefined;
}

type Area = Pick<AreaState, 'name' | 'span' | 'isDefault' | 'booted'>;

function seenFree(
  area: Area,
  kernel: Kernel,
  facts: Facts,
  areas: number,
  tell: Tell,
): Pick<AreaState, 'free' | 'known'> | undefined {
  const isNamed = ({ name }: CmaFolder) => name === area.name || name === `cma-${area.name}`.slice(0, 15);
  const there = [...facts.folders.values()].filter(
    ({ basePfn }) => basePfn === undefined || basePfn === area.span.pfn,
  );
  // Two areas may begin at one place.
  const folder = there.find(isNamed) ?? there.find(({ basePfn }) => basePfn !== undefined);
  if (folder?.bitmap !== undefined)
    return { free: freeOfBitmap(area, folder, folder.bitmap, tell), known: 'exact' };
  const list = listOf(area, kernel, facts, areas);
  if (list !== undefined) {
    const free = freeOfList(area, list, tell);
    if (free !== undefined) return { free, known: 'exact' };
  }
  const inUse = countOf(area, folder, kernel, facts, areas);
  const failed = facts.failures.findLast(
    ({ area: name }) => name === area.name || (name === undefined && area.isDefault),
  );
  const bound =
    folder?.maxchunk ??
    (failed !== undefined && failed.pages <= area.span.pages ? failed.pages - 1 : undefined);
  if (inUse !== undefined) return freeOfCount(area, inUse, bound, tell);
  if (failed !== undefined) {
    tell({
      kind: 'missing',
      code: 'failed-without-list',
      message: `${area.name} could not give ${counted(failed.pages, 'page')}, and nothing tells which pages were free`,
      taken: 'the pages as boot leaves them: here such a request may well be answered',
      at: failed.at,
    });
  }
  return undefined;
}

function freeOfBitmap(
  area: Area,
  { at, used, name }: CmaFolder,
  words: Uint32Array,
  tell: Tell,
): readonly PfnRange[] {
  const { pfn, pages } = area.span;
  const told = Math.min(pages, words.length * 32);
  const free: PfnRange[] = [];
  let start = -1;
  for (let bit = 0; bit <= told; bit++) {
    const word = words[bit >>> 5] ?? 0;
    // Whole words at once: an area may have millions of pages.
    if ((bit & 31) === 0 && bit + 32 <= told) {
      if (word === 0) {
        if (start < 0) start = bit;
        bit += 31;
        continue;
      }
      if (word === 0xffffffff) {
        if (start >= 0) free.push({ pfn: pfn + start, pages: bit - start });
        start = -1;
        bit += 31;
        continue;
      }
    }
    const isFree = bit < told && ((word >>> (bit & 31)) & 1) === 0;
    if (isFree && start < 0) start = bit;
    if (!isFree && start >= 0) {
      free.push({ pfn: pfn + start, pages: bit - start });
      start = -1;
    }
  }
  if (told < pages) {
    tell({
      kind: 'missing',
      code: 'bitmap-cut',
      message: `the bitmap of ${name} ends after ${told} of ${counted(pages, 'page')}`,
      taken: 'the rest as boot leaves it',
      at,
    });
    const rest = area.booted.flatMap((run) => {
      const from = Math.max(run.pfn, pfn + told);
      const left = run.pfn + run.pages - from;
      return left > 0 ? [{ pfn: from, pages: left }] : [];
    });
    return joinedRuns([...free, ...rest]);
  }
  const weight = pages - totalOf(free);
  if (used !== undefined && used !== weight) {
    tell({
      kind: 'contradiction',
      code: 'used-not-as-bitmap',
      message: `${name} has ${counted(used, 'page')} in use by its file "used", and ${weight} by its bitmap: they were read at two moments`,
      taken: 'the bitmap',
      at,
    });
  }
  return free;
}

function joinedRuns(runs: readonly PfnRange[]): PfnRange[] {
  const out: PfnRange[] = [];
  for (const run of runs) {
    const last = out.at(-1);
    if (last !== undefined && last.pfn + last.pages === run.pfn)
      out[out.length - 1] = { pfn: last.pfn, pages: last.pages + run.pages };
    else out.push(run);
  }
  return out;
}

/** The newest list that is this area's. */
function listOf(area: Area, kernel: Kernel, facts: Facts, areas: number): Told<FreeList> | undefined {
  return facts.freeLists.findLast(({ area: name, total: pages }) => {
    if (name !== undefined) return name === area.name;
    // Linux 5.10 does not say which: the only one, or the default one of a heap.
    if (pages !== undefined && pages !== area.span.pages) return false;
    return areas === 1 || area.isDefault || kernel.heaps().length === 0;
  });
}

function freeOfList(area: Area, list: Told<FreeList>, tell: Tell): readonly PfnRange[] | undefined {
  const { pfn, pages } = area.span;
  const runs = list.runs.filter(({ start, length }) => length > 0 && start + length <= pages);
  const sum = runs.reduce((all, { length }) => all + length, 0);
  const isOther = runs.length < list.runs.length || (list.total !== undefined && list.total !== pages);
  if (isOther) {
    tell({
      kind: 'contradiction',
      code: 'list-of-another-area',
      message: `a list of free pages goes beyond ${area.name}, which has ${pages}${list.total === undefined ? '' : ` (the list speaks of ${list.total})`}: it is of another area or boot`,
      taken: 'nothing of it',
      at: list.at,
    });
    return undefined;
  }
  let before = 0;
  for (const { start, length } of runs) {
    if (start < before) return undefined;
    before = start + length;
  }
  if (list.free !== undefined && list.free !== sum) {
    tell({
      kind: 'missing',
      code: 'list-cut',
      message: `the list of what is free in ${area.name} has ${counted(sum, 'page')}, and says that ${list.free} are free: it is cut off`,
      taken: 'the pages that it names; the rest is taken',
      at: list.at,
    });
  }
  return runs.map(({ start, length }) => ({ pfn: pfn + start, pages: length }));
}

interface Counted {
  /** Pages in use. */
  readonly used: number;
  readonly what: string;
  readonly at: At;
}

/** How many pages were in use: by debugfs, or, of the only area, by CmaFree. */
function countOf(
  area: Area,
  folder: CmaFolder | undefined,
  { profile }: Kernel,
  { meminfo }: Facts,
  areas: number,
): Counted | undefined {
  if (folder?.used !== undefined)
    return {
      used: folder.used,
      what: `${folder.name} had ${counted(folder.used, 'page')} in use`,
      at: folder.at,
    };
  const [total, free] = [meminfo.get('CmaTotal'), meminfo.get('CmaFree')];
  const pageKiB = profile.geometry.pageSize / 1024;
  if (areas !== 1 || total === undefined || free === undefined || total.kib / pageKiB !== area.span.pages)
    return undefined;
  const used = area.span.pages - Math.floor(free.kib / pageKiB);
  // Pages on the CPUs' lists are missing from CmaFree.
  if (used <= area.span.pages - totalOf(area.booted) + LISTED) return undefined;
  return {
    used,
    what: `CmaFree says that about ${counted(used, 'page')} of ${area.name} were in use`,
    at: free.at,
  };
}

/** Pages that may lie on lists of CPUs. */
const LISTED = 1024;

/**
 * Only how many pages were in use, and perhaps how long the longest free run was: the free pages in runs of that length,
 * as far from one another as they can be; else the lowest are taken, as first fit takes them.
 */
function freeOfCount(
  area: Area,
  { used, what, at }: Counted,
  longest: number | undefined,
  tell: Tell,
): Pick<AreaState, 'free' | 'known'> | undefined {
  let more = used - (area.span.pages - totalOf(area.booted));
  if (more <= 0) return undefined;
  const apart = longest === undefined ? undefined : runsApart(area, area.span.pages - used, longest);
  tell({
    kind: 'guess',
    code: 'used-only',
    message: `${what}, and no bitmap tells which`,
    taken:
      apart === undefined
        ? 'the lowest ones'
        : `free runs of ${counted(longest ?? 0, 'page')} at most, which was the longest`,
    at,
  });
  if (apart !== undefined) return { free: apart, known: 'counted' };
  const free = area.booted.flatMap((run) => {
    const taken = Math.min(run.pages, more);
    more -= taken;
    return taken < run.pages ? [{ pfn: run.pfn + taken, pages: run.pages - taken }] : [];
  });
  return { free, known: 'counted' };
}

/** So many free pages in runs of a length, in the longest run that boot leaves; `undefined` where they find no room. */
function runsApart({ booted }: Area, free: number, longest: number): readonly PfnRange[] | undefined {
  const room = booted.reduce<PfnRange | undefined>(
    (best, run) => (run.pages > (best?.pages ?? 0) ? run : best),
    undefined,
  );
  if (longest <= 0 || free <= 0 || room === undefined) return free <= 0 ? [] : undefined;
  const count = Math.ceil(free / longest);
  const gap = Math.floor((room.pages - free) / count);
  if (gap < 1) return undefined;
  return Array.from({ length: count }, (_, i) => ({
    pfn: room.pfn + i * (gap + longest) + gap,
    pages: Math.min(longest, free - i * longest),
  }));
}
