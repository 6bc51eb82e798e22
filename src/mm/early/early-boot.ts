/**
 * What is shared by the steps of early boot: the allocator, the log, and what they have found so far.
 */

import type { Printk } from '../../printk.ts';
import type { Profile } from '../../profile/profile.ts';
import type { Records } from '../../records.ts';
import type { PhysAddr } from '../../units.ts';
import { createCma } from '../alloc/cma.ts';
import type { Claim } from './claims.ts';
import type { Memblock } from './memblock.ts';
import type { DefaultAreaDetail } from './region-detail.ts';

/** A CMA area as early boot knows it; it is activated later. */
export interface EarlyCma {
  readonly index: number;
  readonly name: string;
  readonly base: PhysAddr;
  readonly size: PhysAddr;
}

/** A coherent pool as early boot knows it; it is mapped when its heap registers. */
export interface EarlyCoherent {
  /** The full node name. */
  readonly name: string;
  readonly base: PhysAddr;
  readonly size: PhysAddr;
  readonly noMap: boolean;
}

export interface EarlyBoot {
  readonly profile: Profile;
  readonly memblock: Memblock;
  readonly printk: Printk;
  readonly records: Records;
  /** Where HighMem began before there were regions; absent: there is none. */
  highmem?: PhysAddr;
  /** In set-up order. */
  readonly cmaAreas: EarlyCma[];
  /** In set-up order; those that the series' list has room for. */
  readonly coherentPools: EarlyCoherent[];
  /** dma_contiguous_default_area. */
  defaultCma?: EarlyCma;
  /** Why there is none, where one was wanted. */
  defaultCmaFailed?: DefaultAreaDetail;
  /** Who has taken which memory. */
  readonly claims: Claim[];
}

/** Whether another CMA area can be made; logs that none can: cma_new_area(). */
export function cmaSlotFree(early: EarlyBoot): boolean {
  const { linux, config } = early.profile;
  if (early.cmaAreas.length < linux.maxCmaAreas(config)) return true;
  early.printk.print(3, 'cma: Not enough slots for CMA reserved regions!');
  return false;
}

/** Makes a CMA area of memory that is reserved already: the end of cma_init_reserved_mem(). */
export function addCma(early: EarlyBoot, name: string, base: PhysAddr, size: PhysAddr): EarlyCma {
  const index = early.cmaAreas.length;
  const { pfnDown } = early.profile.geometry;
  createCma(early.records, index, name, pfnDown(base), pfnDown(size));
  const area = { index, name: name.slice(0, 63), base, size };
  early.cmaAreas.push(area);
  return area;
}
