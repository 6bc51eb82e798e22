/**
 * The default CMA area of `cma=` or the configuration. Models kernel/dma/contiguous.c and
 * mm/cma.c: __cma_declare_contiguous_nid() (Linux 7.3).
 */
import type { MemoryCmdline } from '../../board/cmdline.ts';
import { pageblockBytes } from '../../profile/profile.ts';
import type { PhysAddr } from '../../units.ts';
import { GiB, MiB, roundDown, roundUp } from '../../units.ts';
import { type Claim, claimants, largestFreeRun } from './claims.ts';
import type { EarlyBoot, EarlyCma } from './early-boot.ts';
import { addCma, cmaSlotFree } from './early-boot.ts';
import type { DefaultAreaDetail } from './region-detail.ts';

/** The name of an area that no device-tree node names. */
const AREA_NAME = 'reserved';

/**
 * Reserves the default area, unless the device tree made one: dma_contiguous_reserve().
 *
 * @param cma `cma=` of the command line
 * @param dmaLimit the end, exclusive, where `cma=` has none: arm64_dma_phys_limit
 * @returns the area, or `undefined` when none is wanted or none could be had (the log says which)
 */
export function reserveDefaultCma(
  early: EarlyBoot,
  cma: MemoryCmdline['cma'],
  dmaLimit: PhysAddr,
): EarlyCma | undefined {
  const size = cma?.size ?? configuredSize(early);
  if (size === 0n || early.defaultCma !== undefined) return undefined;
  const { log } = early.profile.linux;
  const { physMax } = early.profile.arch;
  const base = cma?.base ?? 0n;
  const wanted = cma === undefined || cma.limit === 0n ? dmaLimit : cma.limit;
  const limit = early.profile.linux.cmaLimitAlone || wanted < dmaLimit ? wanted : dmaLimit;
  const fixed = cma !== undefined && ((cma.base + cma.size) & physMax) === cma.limit;
  const area = declareContiguous(early, { base, size, limit, fixed });
  if ('cause' in area) {
    early.defaultCmaFailed = { is: 'default-area', asked: size, ...area };
    const wasRounded = area.cause !== 'no-slot' && area.cause !== 'misaligned';
    if (area.cause !== 'no-slot' || log.cmaNoSlotTold) {
      early.printk.print(...log.cmaNotReserved(size, wasRounded ? area.size : size));
    }
    return undefined;
  }
  early.defaultCma = area;
  early.printk.print(...log.cmaReserved(size, area));
  return area;
}

/** The size that the configuration asks for, bytes: what its choice between MiB and a part of all RAM makes. */
function configuredSize({ memblock, profile }: EarlyBoot): bigint {
  const { config, geometry } = profile;
  if (!config.CONFIG_DMA_CMA) return 0n;
  const fixed = BigInt(config.CONFIG_CMA_SIZE_MBYTES) * MiB;
  if (config.CONFIG_CMA_SIZE_SEL_MBYTES) return fixed;
  // cma_early_percent_memory(): memblock_phys_mem_size() counts no-map RAM too.
  const ram = memblock.memory.reduce((sum, range) => sum + range.size, 0n);
  const pages = (ram / geometry.page) * BigInt(config.CONFIG_CMA_SIZE_PERCENTAGE);
  const part = (pages / 100n) * geometry.page;
  if (config.CONFIG_CMA_SIZE_SEL_PERCENTAGE) return part;
  return config.CONFIG_CMA_SIZE_SEL_MIN === fixed < part ? fixed : part;
}

interface Wanted {
  readonly base: PhysAddr;
  readonly size: bigint;
  readonly limit: PhysAddr;
  readonly fixed: boolean;
}

/** __cma_declare_contiguous_nid(). @returns the area, or why there is none */
function declareContiguous(
  early: EarlyBoot,
  wanted: Wanted,
): EarlyCma | Omit<DefaultAreaDetail, 'is' | 'asked'> {
  const { memblock, printk } = early;
  const { formatPa, physMax } = early.profile.arch;
  const align = pageblockBytes(early.profile);
  const end = memblock.endOfDram;
  const base = roundUp(wanted.base, align) & physMax;
  const size = roundUp(wanted.size, align) & physMax;
  let limit = roundDown(wanted.limit, align);
  if (limit === 0n || limit > end) limit = end;
  const failed = (cause: DefaultAreaDetail['cause'], reservedBy?: readonly Claim[]) => {
    const largest = largestFreeRun(memblock, 0n, limit, align);
    const numbers = { cause, size, base: wanted.base, limit, pageblock: align };
    return { ...numbers, ...(largest && { largest }), ...(reservedBy && { reservedBy }) };
  };
  if (!cmaSlotFree(early)) return failed('no-slot');
  if (wanted.fixed && wanted.base % align !== 0n) {
    printk.print(3, `cma: Region at ${formatPa(wanted.base)} must be aligned to ${formatPa(align)} bytes`);
    return failed('misaligned');
  }
  if (((base + size) & physMax) > limit) {
    printk.print(
      3,
      `cma: Size (${formatPa(size)}) of region at ${formatPa(base)} exceeds limit (${formatPa(limit)})`,
    );
    return failed('exceeds-limit');
  }
  if (wanted.fixed && base !== 0n) {
    const { highmem } = early;
    if (highmem !== undefined && base < highmem && base + size > highmem) {
      const boundary = formatPa(highmem);
      printk.print(3, `cma: Region at ${formatPa(base)} defined on low/high memory boundary (${boundary})`);
      return failed('across-lowmem');
    }
    if (memblock.isRegionReserved({ base, size })) {
      return failed('reserved', claimants(early.claims, { base, size }));
    }
    memblock.reserve({ base, size });
    return addCma(early, AREA_NAME, base, size);
  }
  const placed = allocContiguous(early, base, size, limit, align);
  // A size that was rounded up beyond 2^64 has become 0, which cma_init_reserved_mem() refuses.
  return placed === undefined || size === 0n ? failed('no-room') : addCma(early, AREA_NAME, placed, size);
}

/**
 * Places an area above 4 GiB from below if it may lie there, else from the top, and never across the end of lowmem:
 * cma_alloc_mem().
 */
function allocContiguous(
  early: EarlyBoot,
  base: PhysAddr,
  size: bigint,
  limit: PhysAddr,
  align: bigint,
): PhysAddr | undefined {
  const high = early.profile.linux.fromFourGiB(size, limit, early.memblock.endOfDram)
    ? early.memblock.alloc(size, align, { start: 4n * GiB, end: limit, bottomUp: true })
    : undefined;
  if (high !== undefined) return high;
  const { highmem } = early;
  if (highmem === undefined || base >= highmem || limit <= highmem) {
    return early.memblock.alloc(size, align, { start: base, end: limit });
  }
  return (
    early.memblock.alloc(size, align, { start: highmem, end: limit }) ??
    early.memblock.alloc(size, align, { start: base, end: highmem })
  );
}
