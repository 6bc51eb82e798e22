/**
 * What RAM looks like to the rest of the kernel: the resources of /proc/iomem. Models
 * arch/arm64/kernel/setup.c: request_standard_resources() (Linux 7.3).
 */
import type { PhysAddr, PhysRange } from '../../units.ts';
import { rangeEnd, rangesOverlap, roundDown, roundUp } from '../../units.ts';
import type { Memblock } from './memblock.ts';

/** A line of /proc/iomem. */
export interface Resource {
  readonly name: 'System RAM' | 'reserved' | 'Kernel code' | 'Kernel data';
  readonly start: PhysAddr;
  /** Inclusive. */
  readonly end: PhysAddr;
}

/** A top-level line, with those below it. */
export interface RamResource extends Resource {
  readonly name: 'System RAM' | 'reserved';
  readonly children: readonly Resource[];
}

/** How much of an image is code, and where its data begins: as of a recorded one. What a board's has is not known. */
const CODE_SHARE = [0x2d, 0x44] as const;
const DATA_START = [0x33, 0x44] as const;

/** The parts of the image that are resources of their own. */
function kernelParts({ base, size }: PhysRange, page: bigint): Resource[] {
  const part = ([share, whole]: readonly [number, number]) =>
    roundDown((size * BigInt(share)) / BigInt(whole), page);
  return [
    { name: 'Kernel code', start: base, end: base + part(CODE_SHARE) - 1n },
    { name: 'Kernel data', start: base + part(DATA_START), end: base + size - 1n },
  ];
}

export class SystemRam {
  readonly resources: readonly RamResource[];

  /**
   * RAM inward to whole pages, no-map ranges outward; below them the image and what is reserved.
   *
   * @param kernel where the image lies
   * @param noMapOutward whether no-map ranges are rounded outward
   */
  constructor(memblock: Memblock, kernel?: PhysRange, noMapOutward = true) {
    const { page } = memblock.geometry;
    const tops = mergedInPage(
      memblock.memory.map(({ base, size, nomap }) =>
        nomap && noMapOutward
          ? { name: 'reserved', start: roundDown(base, page), end: roundUp(base + size, page) - 1n }
          : {
              name: nomap ? 'reserved' : 'System RAM',
              start: roundUp(base, page),
              end: roundDown(base + size, page) - 1n,
            },
      ),
    );
    const image = kernel === undefined ? [] : kernelParts(kernel, page);
    this.resources = tops.map((top) => {
      const parts = image.filter(({ start, end }) => start >= top.start && end <= top.end);
      const reserved = memblock.reserved.flatMap((range) =>
        outside({ start: roundDown(range.base, page), end: roundUp(rangeEnd(range), page) - 1n }, top, parts),
      );
      return { ...top, children: inOrder(parts, reserved) };
    });
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
  return left.map((piece) => ({ name: 'reserved', ...piece }));
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
