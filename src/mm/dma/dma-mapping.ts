/**
 * Makes a buffer's pages reachable for a device, and keeps both sides' view of them the same where a
 * driver asks for it. Models kernel/dma/mapping.c: dma_map_sgtable(), dma_sync_sgtable_for_cpu() and
 * kernel/dma/direct.c (Linux 7.3) on arm64.
 *
 *   device behind an IOMMU        one run of I/O addresses            mm/dma/iommu-dma.ts
 *   pages within its reach        their bus addresses                 mm/dma/device.ts
 *   pages out of its reach        bounce buffers                      mm/dma/swiotlb.ts
 *   device that does not snoop    lines cleaned and invalidated       mm/dma/cache.ts
 */
import type { Printk } from '../../printk.ts';
import { geometryOf, profileIn } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import type { Errno } from '../../uapi/errno.ts';
import type { PfnRange, PhysAddr } from '../../units.ts';
import { formatPa } from '../../units.ts';
import type { PhysMemory } from '../phys-memory.ts';
import type { DataCache } from './cache.ts';
import type { Device, DmaAddr } from './device.ts';
import { DMA_MAPPING_ERROR, dmaCapable, physToDma } from './device.ts';
import type { Accessor, Hazard } from './hazard.ts';
import { HazardList } from './hazard.ts';
import { type DmaSegment, IovaDomain, iovaLimit, sgBytes } from './iommu-dma.ts';
import type { Swiotlb } from './swiotlb.ts';

/** enum dma_data_direction, without DMA_NONE. */
export type DmaDirection = 'DMA_BIDIRECTIONAL' | 'DMA_TO_DEVICE' | 'DMA_FROM_DEVICE';

/** What DMA works on. */
export interface DmaContext {
  readonly records: Records;
  readonly memory: PhysMemory;
  readonly cache: DataCache;
  /** Absent where boot made no pool. */
  readonly swiotlb?: Swiotlb;
  readonly printk: Printk;
  /** Whether an address is RAM that the kernel maps: only that can be copied to a bounce buffer. */
  readonly isRam: (address: PhysAddr) => boolean;
}

/** An entry of the scatter list: where its pages are, and what stands for them. */
export interface DmaPiece {
  readonly phys: PhysAddr;
  readonly length: bigint;
  /** The bounce buffer that the device sees instead. */
  readonly bounce?: PhysAddr;
}

/** A mapped scatter list: plain data, for the attachment's record. */
export interface DmaMapping {
  readonly direction: DmaDirection;
  /** dma_address and dma_len of the entries, as the importer reads them. */
  readonly segments: readonly DmaSegment[];
  readonly pieces: readonly DmaPiece[];
  /** The start of the run of I/O addresses, for a device behind an IOMMU. */
  readonly iova?: DmaAddr;
}

/** Why a mapping failed, in numbers. */
export type DmaMapFailure =
  /** The device does not drive the address, and nothing helps: no pool, or its slots are out of reach too. */
  | {
      readonly kind: 'dma-unreachable';
      /** The bus address; DMA_MAPPING_ERROR where the bus shows none of it. */
      readonly address: DmaAddr;
      /** The memory, for a bounce buffer its slots. */
      readonly phys: PhysAddr;
      readonly length: bigint;
      readonly mask: DmaAddr;
      /** bus_dma_limit; 0 for none. */
      readonly limit: DmaAddr;
      readonly bounced: boolean;
    }
  /** No free run of slots, or more asked for than a mapping can get. */
  | {
      readonly kind: 'swiotlb-full';
      /** Bytes. */
      readonly size: bigint;
      /** Slots. */
      readonly total: number;
      readonly used: number;
    }
  /** No free run of I/O addresses below the limit. */
  | { readonly kind: 'iova-full'; readonly size: bigint; readonly limit: DmaAddr }
  | { readonly kind: 'not-modelled'; readonly what: string };

/** A mapping, or the errno and why; no errno where a real kernel's answer is not known. */
export type DmaMapResult =
  | { readonly mapping: DmaMapping; readonly hazards: readonly Hazard[] }
  | { readonly errno?: Errno; readonly why: DmaMapFailure };

/**
 * Maps a scatter list for a device: dma_map_sgtable(). Dirty lines are cleaned whatever the direction.
 *
 * @param by who maps, for whom maintenance is done
 */
export function mapSgtable(
  context: DmaContext,
  device: Device,
  sgTable: readonly PfnRange[],
  direction: DmaDirection,
  by: Accessor,
): DmaMapResult {
  const { page } = geometryOf(context.records);
  const entries = sgTable.flatMap((run) => sgEntries(run, Number(MAX_ENTRY_BYTES / page)));
  return device.iommu
    ? mapIommu(context, device, entries, direction, by)
    : mapDirect(context, device, entries, direction, by);
}

/** An entry's length has 32 bits: sg_alloc_table_from_pages() cuts longer runs, at whole pages. */
const MAX_ENTRY_BYTES = (1n << 32n) - 1n;

function sgEntries({ pfn, pages }: PfnRange, most: number): PfnRange[] {
  const entries: PfnRange[] = [];
  for (let done = 0; done < pages; done += most) {
    entries.push({ pfn: pfn + done, pages: Math.min(most, pages - done) });
  }
  return entries;
}

/** drivers/iommu/dma-iommu.c: iommu_dma_map_sg(). */
function mapIommu(
  context: DmaContext,
  device: Device,
  entries: readonly PfnRange[],
  direction: DmaDirection,
  by: Accessor,
): DmaMapResult {
  const { pfnPhys, pagesToBytes } = geometryOf(context.records);
  const pieces = entries.map(({ pfn, pages }) => ({ phys: pfnPhys(pfn), length: pagesToBytes(pages) }));
  const found = new HazardList();
  if (!device.dmaCoherent) {
    for (const piece of pieces) found.addAll(context.cache.clean(piece.phys, piece.length, by));
  }
  const prot = direction === 'DMA_TO_DEVICE' ? 'read' : 'read-write';
  const mapped = new IovaDomain(context.records, device).map(entries, prot);
  if (mapped === undefined) {
    return {
      errno: 'ENOMEM',
      why: {
        kind: 'iova-full',
        size: sgBytes(entries, geometryOf(context.records)),
        limit: iovaLimit(device),
      },
    };
  }
  const mapping: DmaMapping = { direction, segments: mapped.segments, pieces, iova: mapped.base };
  return { mapping, hazards: found.hazards };
}

/** kernel/dma/direct.c: dma_direct_map_sg(). */
function mapDirect(
  context: DmaContext,
  device: Device,
  entries: readonly PfnRange[],
  direction: DmaDirection,
  by: Accessor,
): DmaMapResult {
  const { pfnPhys, pagesToBytes } = geometryOf(context.records);
  const segments: DmaSegment[] = [];
  const pieces: DmaPiece[] = [];
  const found = new HazardList();
  for (const { pfn, pages } of entries) {
    const got = mapPiece(context, device, pfnPhys(pfn), pagesToBytes(pages), by);
    if ('why' in got) {
      for (const { bounce } of pieces) if (bounce !== undefined) context.swiotlb?.unmap(bounce, by);
      return got;
    }
    segments.push({ address: got.address, length: got.piece.length });
    pieces.push(got.piece);
    found.addAll(got.hazards);
  }
  return { mapping: { direction, segments, pieces }, hazards: found.hazards };
}

type MappedPiece =
  | { readonly address: DmaAddr; readonly piece: DmaPiece; readonly hazards: readonly Hazard[] }
  | { readonly errno?: Errno; readonly why: DmaMapFailure };

/** kernel/dma/direct.h: dma_direct_map_phys(). */
function mapPiece(
  context: DmaContext,
  device: Device,
  phys: PhysAddr,
  length: bigint,
  by: Accessor,
): MappedPiece {
  const address = physToDma(device, phys);
  if (address !== undefined && dmaCapable(device, address, length)) {
    const hazards = device.dmaCoherent ? [] : context.cache.clean(phys, length, by);
    return { address, piece: { phys, length }, hazards };
  }
  if (context.swiotlb === undefined) return overflow(context, device, { phys, length, bounced: false });
  return bouncePiece(context, context.swiotlb, device, phys, length, by);
}

/** kernel/dma/swiotlb.c: swiotlb_map(). */
function bouncePiece(
  context: DmaContext,
  swiotlb: Swiotlb,
  device: Device,
  phys: PhysAddr,
  length: bigint,
  by: Accessor,
): MappedPiece {
  if (!context.isRam(phys) || !context.isRam(phys + length - 1n)) {
    const what = `a bounce buffer for ${formatPa(phys)}, which is not in the kernel's mapping of RAM,`;
    return { why: { kind: 'not-modelled', what } };
  }
  const slots = swiotlb.map(phys, length, device, context.printk, by);
  if (slots === undefined) {
    const { slots: total, used } = swiotlb;
    return { errno: 'EIO', why: { kind: 'swiotlb-full', size: length, total, used } };
  }
  const address = physToDma(device, slots.address);
  if (address === undefined || !dmaCapable(device, address, length)) {
    swiotlb.unmap(slots.address, by);
    return overflow(context, device, { phys: slots.address, length, bounced: true });
  }
  return { address, piece: { phys, length, bounce: slots.address }, hazards: slots.hazards };
}

/** The kernel's warning, once for each place that gives it, and -EIO. */
function overflow(
  { printk, records }: DmaContext,
  device: Device,
  where: { readonly phys: PhysAddr; readonly length: bigint; readonly bounced: boolean },
): MappedPiece {
  const address = physToDma(device, where.phys) ?? DMA_MAPPING_ERROR;
  const { dmaMask: mask, busDmaLimit: limit } = device;
  const reach = `(mask ${mask.toString(16)}, bus limit ${limit.toString(16)})`;
  const { formatPa: pad } = profileIn(records).arch;
  const what = `${where.bounced ? 'swiotlb' : 'DMA'} addr ${pad(address)}+${where.length} overflow`;
  const site = where.bounced ? 'swiotlb_map' : 'dma_direct_map_phys';
  printk.printOnce(site, 4, `platform ${device.name}: ${what} ${reach}.`);
  return { errno: 'EIO', why: { kind: 'dma-unreachable', address, ...where, mask, limit } };
}

/** Ends a mapping, and gives the CPU what the device wrote: dma_unmap_sgtable(). */
export function unmapSgtable(
  context: DmaContext,
  device: Device,
  mapping: DmaMapping,
  by: Accessor,
): readonly Hazard[] {
  const found = new HazardList();
  found.addAll(syncForCpu(context, device, mapping, mapping.direction, by));
  for (const { bounce } of mapping.pieces) {
    if (bounce !== undefined) found.addAll(context.swiotlb?.unmap(bounce, by) ?? []);
  }
  if (mapping.iova !== undefined) new IovaDomain(context.records, device).unmap(mapping.iova);
  return found.hazards;
}

/**
 * Gives the device what the CPU wrote: dma_sync_sgtable_for_device(). Bounce buffers are copied to unless
 * the direction is from the device; lines are cleaned in any direction.
 *
 * @param direction of this access, which need not be the mapping's
 */
export function syncForDevice(
  { cache, swiotlb }: DmaContext,
  device: Device,
  mapping: DmaMapping,
  direction: DmaDirection,
  by: Accessor,
): readonly Hazard[] {
  return maintain(device, mapping, {
    lines: (phys, length) => cache.clean(phys, length, by),
    bounce: (slots) => (direction === 'DMA_FROM_DEVICE' ? [] : (swiotlb?.copyIn(slots, by) ?? [])),
  });
}

/**
 * Gives the CPU what the device wrote: dma_sync_sgtable_for_cpu(). Bounce buffers are copied back and
 * lines are invalidated, dirty ones too, unless the direction is to the device.
 *
 * @param direction of this access, which need not be the mapping's
 */
export function syncForCpu(
  { cache, swiotlb }: DmaContext,
  device: Device,
  mapping: DmaMapping,
  direction: DmaDirection,
  by: Accessor,
): readonly Hazard[] {
  if (direction === 'DMA_TO_DEVICE') return [];
  return maintain(device, mapping, {
    lines: (phys, length) => cache.invalidate(phys, length, by),
    bounce: (slots) => swiotlb?.copyBack(slots, by) ?? [],
  });
}

/** Does for each piece what it needs: its bounce buffer, or its lines where the device does not snoop. */
function maintain(
  device: Device,
  mapping: DmaMapping,
  step: {
    readonly lines: (phys: PhysAddr, length: bigint) => readonly Hazard[];
    readonly bounce: (slots: PhysAddr) => readonly Hazard[];
  },
): readonly Hazard[] {
  const found = new HazardList();
  for (const { phys, length, bounce } of mapping.pieces) {
    if (bounce !== undefined) found.addAll(step.bounce(bounce));
    else if (!device.dmaCoherent) found.addAll(step.lines(phys, length));
  }
  return found.hazards;
}
