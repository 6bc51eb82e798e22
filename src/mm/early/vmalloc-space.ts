/**
 * Room for mappings of pools, where there is little: 240 MiB on 32-bit arm with as much RAM as lowmem takes. Models
 * arch/arm/mm/ioremap.c: __arm_ioremap_pfn_caller() and mm/vmalloc.c: alloc_vmap_area() (Linux 7.3), source only: what
 * else is mapped is small and lies at the begin.
 */
import type { Profile } from '../../profile/profile.ts';
import { MiB, roundDown, roundUp } from '../../units.ts';
import type { Memblock } from './memblock.ts';
import { lowmemEnd } from './zones.ts';

/** VMALLOC_OFFSET: at least so much lies between the linear map and what is mapped. */
const GAP = 8n * MiB;

export class VmallocSpace {
  readonly #page: bigint;
  readonly #limits: Profile['arch']['vmalloc'];
  readonly #start: bigint;
  /** Taken, ascending. */
  #taken: readonly { readonly base: bigint; readonly end: bigint }[] = [];

  constructor(memblock: Memblock, profile: Profile) {
    const { page, tableSpans } = memblock.geometry;
    this.#page = page;
    this.#limits = profile.arch.vmalloc;
    const mapped = lowmemEnd(memblock, profile) - roundDown(memblock.startOfDram, tableSpans[0]);
    this.#start = roundDown((this.#limits?.linear ?? 0n) + mapped + GAP, GAP);
  }

  /** Takes the lowest room for a mapping and the page that guards it. @returns whether there was any */
  map(bytes: bigint): boolean {
    if (this.#limits === undefined) return true;
    const { end, maxAlign } = this.#limits;
    const size = roundUp(bytes, this.#page);
    let align = this.#page;
    while (align < size && align < maxAlign) align <<= 1n;
    let base = roundUp(this.#start, align);
    for (const one of this.#taken) {
      if (base + size + this.#page <= one.base) break;
      if (base < one.end) base = roundUp(one.end, align);
    }
    if (base + size + this.#page > end) return false;
    const taken = [...this.#taken, { base, end: base + size + this.#page }];
    this.#taken = taken.sort((a, b) => (a.base < b.base ? -1 : 1));
    return true;
  }
}
