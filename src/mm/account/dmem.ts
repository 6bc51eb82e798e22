/** Regions of device memory charged to cgroups. Models kernel/cgroup/dmem.c (Linux 7.3); the root is charged too. */
import type { Records } from '../../records.ts';
import { type Cgroup, type DmemCounts, findCgroup, putCgroup, upward } from './cgroup-records.ts';
import { forgetIfUnused } from './memcg.ts';

/** struct dmem_cgroup_region. */
export interface DmemRegion {
  readonly name: string;
  /** Bytes. */
  readonly size: bigint;
}

const REGIONS = 'dmem-regions';

/** dmem_cgroup_register_region(). */
export const registerDmemRegion = (records: Records, region: DmemRegion): void =>
  records.put<DmemRegion[]>(REGIONS, [...dmemRegions(records), region]);

export const dmemRegions = (records: Records): readonly DmemRegion[] =>
  records.get<DmemRegion[]>(REGIONS) ?? [];

const NOTHING: DmemCounts = { usage: 0n, watermark: 0n, min: 0n, low: 0n };

/** What a cgroup counts of a region. */
export const dmemCounts = (cgroup: Cgroup, region: string): DmemCounts =>
  (Object.hasOwn(cgroup.dmem, region) ? cgroup.dmem[region] : undefined) ?? NOTHING;

export const changeDmem = (records: Records, cgroup: Cgroup, region: string, counts: DmemCounts): void =>
  putCgroup(records, { ...cgroup, dmem: { ...cgroup.dmem, [region]: counts } });

/**
 * dmem_cgroup_try_charge().
 *
 * @returns the cgroup whose limit is in the way, if any: nobody waits
 */
export function chargeDmem(records: Records, id: number, region: string, bytes: bigint): Cgroup | undefined {
  const chain = [...upward(records, id)];
  const over = chain.findIndex((cgroup) => {
    const { usage, max } = dmemCounts(cgroup, region);
    return max !== undefined && usage + bytes > max;
  });
  for (const cgroup of over < 0 ? chain : chain.slice(0, over)) {
    const counts = dmemCounts(cgroup, region);
    const usage = counts.usage + bytes;
    const isPeak = usage > counts.watermark;
    changeDmem(records, cgroup, region, {
      ...counts,
      usage: over < 0 ? usage : counts.usage,
      ...(isPeak && { watermark: usage }),
    });
  }
  return chain[over];
}

/** dmem_cgroup_uncharge(). */
export function unchargeDmem(records: Records, id: number, region: string, bytes: bigint): void {
  if (findCgroup(records, id) === undefined) return;
  for (const cgroup of [...upward(records, id)]) {
    const counts = dmemCounts(cgroup, region);
    changeDmem(records, cgroup, region, { ...counts, usage: counts.usage - bytes });
    forgetIfUnused(records, cgroup.id);
  }
}
