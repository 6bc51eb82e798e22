/**
 * What RAM looks like to the rest of the kernel: the resources of /proc/iomem. Models
 * arch/arm64/kernel/setup.c: request_standard_resources() (Linux 7.3) and its like of other architectures.
 */
import type { ImagePart, IomemRules } from '../../profile/architecture.ts';
import type { Profile } from '../../profile/profile.ts';
import type { PhysAddr, PhysRange } from '../../units.ts';
import { rangesOverlap, roundDown, roundUp } from '../../units.ts';
import type { Memblock, MemblockRegion } from './memblock.ts';

/** A line of /proc/iomem, with those below it. */
export interface Resource {
  readonly name: 'System RAM' | IomemRules['reserved'] | ImagePart['name'];
  readonly start: PhysAddr;
  /** Inclusive. */
  readonly end: PhysAddr;
  readonly children?: readonly Resource[];
}

/** A top-level line. */
export interface RamResource extends Resource {
  readonly name: 'System RAM' | IomemRules['reserved'];
  readonly children: readonly Resource[];
}

/** The parts of the image that are resources of their own. */
function imageParts(parts: readonly ImagePart[], { base, size }: PhysRange, page: bigint): Resource[] {
  const at = (share: number) => BigInt(Math.round(Number(size) * share));
  return parts.map(({ name, from, to, parts: inner }) => ({
    name,
    start: base + roundDown(at(from), page),
    end: base + (to === 1 ? size : roundDown(at(to), page)) - 1n,
    ...(inner && { children: imageParts(inner, { base, size }, page) }),
  }));
}

/** What is known of memory beside memblock. */
export interface KnownMemory {
  /** Where the image lies. */
  readonly kernel?: PhysRange | undefined;
  /** RAM as firmware gave it. */
  readonly firmware: readonly PhysRange[];
}

export class SystemRam {
  readonly resources: readonly RamResource[];

  /** The architecture's view of memory: below its ranges lie the image and what is reserved. */
  constructor(memblock: Memblock, profile: Profile, { kernel, firmware }: KnownMemory) {
    const { page } = memblock.geometry;
    const rules = profile.arch.iomem;
    const tops = mergedInPage(topLines(memblock, profile, firmware));
    const image = kernel === undefined ? [] : imageParts(rules.image, kernel, page);
    const reserved = memblock.reserved.map(({ base, size }) => ({
      start: roundDown(base, page),
      end: roundUp(base + size, page) - 1n,
    }));
    const nested = rules.nested ? reserved : [];
    const inRam = tops.map((top) => {
      const parts = image.filter(({ start, end }) => start >= top.start && end <= top.end);
      const below = nested.flatMap((range) => outside(range, top, parts, rules.reserved));
      return { ...top, children: inOrder(parts, below) };
    });
    const alone = reserved
      .filter(({ start }) => rules.outside && !memblock.overlapsMemory({ base: start, size: 1n }))
      .map((range) => ({ name: rules.reserved, ...range, children: [] }));
    this.resources = [...inRam, ...alone].sort((a, b) => (a.start < b.start ? -1 : 1));
  }

  /**
   * Whether a range meets System RAM, and another resource besides: region_intersects(). A hole is no
   * resource, so a range that reaches out of RAM into nothing is not mixed.
   */
  intersects(range: PhysRange): 'none' | 'ram' | 'mixed' {
    const met = this.resources.filter((r) =>
      rangesOverlap({ base: r.start, size: r.end - r.start + 1n }, range),
    );
    if (!met.some((r) => r.name === 'System RAM')) return 'none';
    return met.every((r) => r.name === 'System RAM') ? 'ram' : 'mixed';
  }
}

type TopLine = Omit<RamResource, 'children'>;

/** RAM and no-map ranges, rounded as they are shown; empty ones too. */
function topLines(memblock: Memblock, profile: Profile, firmware: readonly PhysRange[]): TopLine[] {
  const { page } = memblock.geometry;
  const { ram, noMap, reserved } = profile.arch.iomem;
  const outward = noMap === 'by-version' && profile.linux.noMapOutward;
  const line = (name: TopLine['name'], { base, size }: PhysRange, edge: 'out' | 'in' | 'exact'): TopLine => {
    if (edge === 'exact') return { name, start: base, end: base + size - 1n };
    const [start, end] =
      edge === 'out'
        ? [roundDown(base, page), roundUp(base + size, page)]
        : [roundUp(base, page), roundDown(base + size, page)];
    return { name, start, end: end - 1n };
  };
  const ofRegion = (region: MemblockRegion): TopLine[] => {
    if (!region.nomap) return [line('System RAM', region, ram === 'bytes' ? 'exact' : 'in')];
    return noMap === 'hidden' ? [] : [line(reserved, region, outward ? 'out' : 'in')];
  };
  return ram === 'firmware'
    ? firmware.map((range) => line('System RAM', range, 'exact'))
    : memblock.memory.flatMap(ofRegion);
}

/** Lines in order; no-map pieces that share a page are one: the second finds its page taken. */
function mergedInPage(lines: readonly TopLine[]): TopLine[] {
  const merged: TopLine[] = [];
  for (const line of lines) {
    if (line.end <= line.start) continue;
    const last = merged.at(-1);
    if (last !== undefined && last.name === line.name && line.start <= last.end) {
      if (line.end > last.end) merged[merged.length - 1] = { ...last, end: line.end };
    } else {
      merged.push(line);
    }
  }
  return merged;
}

const later = (a: PhysAddr, b: PhysAddr): PhysAddr => (a < b ? b : a);
const earlier = (a: PhysAddr, b: PhysAddr): PhysAddr => (a > b ? b : a);

/** What of a reserved range lies in a line and in no part of the image: reserve_region_with_split(). */
function outside(
  range: Pick<Resource, 'start' | 'end'>,
  top: TopLine,
  parts: readonly Resource[],
  name: IomemRules['reserved'],
): Resource[] {
  const [start, end] = [later(range.start, top.start), earlier(range.end, top.end)];
  let left = start <= end ? [{ start, end }] : [];
  for (const part of parts) {
    left = left.flatMap(({ start, end }) => {
      if (part.end < start || part.start > end) return [{ start, end }];
      return [
        { start, end: part.start - 1n },
        { start: part.end + 1n, end },
      ].filter((piece) => piece.start <= piece.end);
    });
  }
  return left.map((piece) => ({ name, ...piece }));
}

/** Lines by address; a reserved range that begins in the page where the one before ends begins behind it. */
function inOrder(parts: readonly Resource[], reserved: readonly Resource[]): Resource[] {
  const lines: Resource[] = [];
  for (const line of [...parts, ...reserved].sort((a, b) => (a.start < b.start ? -1 : 1))) {
    const last = lines.at(-1);
    const start = last !== undefined && line.start <= last.end ? last.end + 1n : line.start;
    if (start <= line.end) lines.push({ ...line, start });
  }
  return lines;
}
