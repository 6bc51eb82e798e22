/**
 * What RAM looks like to the rest of the kernel: the resources of /proc/iomem. Models
 * arch/arm64/kernel/setup.c: request_standard_resources() (Linux 7.3).
 */
import type { PhysAddr, PhysRange } from '../../units.ts';
import { rangeEnd, rangesOverlap, roundDown, roundUp } from '../../units.ts';
import type { Memblock } from './memblock.ts';

/** A top-level line of /proc/iomem. */
export interface RamResource {
  readonly name: 'System RAM' | 'reserved';
  readonly start: PhysAddr;
  /** Inclusive. */
  readonly end: PhysAddr;
}

export class SystemRam {
  readonly resources: readonly RamResource[];

  /** RAM inward to whole pages, no-map ranges outward. */
  constructor(memblock: Memblock) {
    const { page } = memblock.geometry;
    this.resources = memblock.memory
      .map((region): RamResource => {
        const { base } = region;
        const end = rangeEnd(region);
        return region.nomap
          ? { name: 'reserved', start: roundDown(base, page), end: roundUp(end, page) - 1n }
          : { name: 'System RAM', start: roundUp(base, page), end: roundDown(end, page) - 1n };
      })
      .filter((resource) => resource.end > resource.start);
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
