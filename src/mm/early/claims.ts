/** Who takes which memory while Linux boots: memblock itself does not remember. */
import type { PhysAddr, PhysRange } from '../../units.ts';
import { rangeEnd, rangesOverlap, roundUp } from '../../units.ts';
import type { Memblock } from './memblock.ts';

/** Memory that is reserved, and by whom. */
export interface Claim extends PhysRange {
  readonly by: 'kernel' | 'initrd' | 'dtb' | 'memreserve' | 'firmware' | 'region';
  /** Of a region, and of what firmware keeps. */
  readonly name?: string;
}

/** Those who have some of a range. */
export const claimants = (claims: readonly Claim[], range: PhysRange): readonly Claim[] =>
  claims.filter((claim) => rangesOverlap(claim, range));

/** The largest free run of `[start, end)`, from its first multiple of `align` on; `undefined` where nothing is free. */
export function largestFreeRun(
  memblock: Memblock,
  start: PhysAddr,
  end: PhysAddr,
  align: bigint,
): PhysRange | undefined {
  let largest: PhysRange | undefined;
  for (const range of memblock.freeRanges()) {
    const base = roundUp(range.base > start ? range.base : start, align);
    const size = (rangeEnd(range) < end ? rangeEnd(range) : end) - base;
    if (size > (largest?.size ?? 0n)) largest = { base, size };
  }
  return largest;
}
