/**
 * The pages that the page allocator keeps back from user space. Models mm/page_alloc.c:
 * calculate_min_free_kbytes(), __setup_per_zone_wmarks(), setup_per_zone_lowmem_reserve(),
 * calculate_totalreserve_pages() and mm/khugepaged.c: set_recommended_min_free_kbytes() (Linux 7.3).
 *
 * Only MemAvailable asks: the page allocator here gives its last page (docs/fidelity.md).
 */
import { type Profile, pageblockBytes } from '../../profile/profile.ts';

/** sysctl lowmem_reserve_ratio of DMA, DMA32, Normal, HighMem: what each keeps for those above. */
const LOWMEM_RESERVE_RATIO = { DMA: 256, DMA32: 256, Normal: 32, HighMem: 1 } as const;
/** sysctl watermark_scale_factor, in 1/10000. */
const WATERMARK_SCALE_FACTOR = 10;
const MIGRATE_PCPTYPES = 3;

export interface ManagedZone {
  readonly name: keyof typeof LOWMEM_RESERVE_RATIO;
  /** Pages of the zone that the allocator manages, those of CMA areas too. */
  readonly managed: number;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The high watermarks where so many KiB are to stay free, zone by zone. */
function highWatermarks(
  zones: readonly ManagedZone[],
  minFreeKiB: number,
  { geometry }: Profile,
): readonly number[] {
  const total = sum(zones.map(({ managed }) => managed));
  const pagesMin = Math.floor(minFreeKiB / (geometry.pageSize / 1024));
  return zones.map(({ managed }) => {
    const min = total === 0 ? 0 : Math.floor((pagesMin * managed) / total);
    const step = Math.max(Math.floor(min / 4), Math.floor((managed * WATERMARK_SCALE_FACTOR) / 10_000));
    return min + 2 * step;
  });
}

/** min_free_kbytes: a root of the memory's size; huge pages want some free pageblocks, but never over 5 %. */
function minFreeKiB(zones: readonly ManagedZone[], profile: Profile): number {
  const { pageSize, pfnDown } = profile.geometry;
  const kibPerPage = pageSize / 1024;
  const total = sum(zones.map(({ managed }) => managed));
  const root = Math.floor(Math.sqrt(total * kibPerPage * 16));
  const least = Math.min(Math.max(root, 128), 262_144);
  if (!profile.config.CONFIG_TRANSPARENT_HUGEPAGE) return least;
  const populated = zones.filter(({ managed }) => managed > 0).length;
  const wanted = pfnDown(pageblockBytes(profile)) * populated * (2 + MIGRATE_PCPTYPES * MIGRATE_PCPTYPES);
  const high = highWatermarks(zones, least, profile);
  const buffers = sum(zones.map(({ managed }, i) => Math.max(managed - (high[i] ?? 0), 0)));
  return Math.max(Math.min(wanted, Math.floor(buffers / 20)) * kibPerPage, least);
}

/**
 * totalreserve_pages: of each zone the high watermark, and what is kept for those that ask for a higher zone.
 *
 * @param zones from the bottom up
 */
export function totalReservePages(zones: readonly ManagedZone[], profile: Profile): number {
  const high = highWatermarks(zones, minFreeKiB(zones, profile), profile);
  const reserves = zones.map(({ name, managed }, index) => {
    const above = sum(zones.slice(index + 1).map((zone) => zone.managed));
    const lowmem = managed === 0 ? 0 : Math.floor(above / LOWMEM_RESERVE_RATIO[name]);
    return Math.min(lowmem + (high[index] ?? 0), managed);
  });
  return sum(reserves);
}
