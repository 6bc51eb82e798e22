/**
 * A device's own address space behind an IOMMU: where buffers get addresses, and what the device finds
 * there. Models drivers/iommu/dma-iommu.c and drivers/iommu/iova.c (Linux 7.3).
 *
 *   sg table       [ A ]      [  B  ]     [C]        wherever the pages are
 *   I/O addresses  ......................[ A |  B  |C]...|   one run, top-down below the limit
 */
import type { Geometry } from '../../profile/geometry.ts';
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';
import type { Pfn, PfnRange, PhysAddr } from '../../units.ts';
import { getOrder } from '../../units.ts';
import type { Device, DmaAddr } from './device.ts';
import { dmaLimit } from './device.ts';

/** What a device can do with a mapping; arm's page tables have no write-only pages. */
export type IommuProt = 'read' | 'read-write';

/** A run of a scatter list in the device's address space, in pages. */
export interface IovaPiece {
  /** Pages from the start of the mapping. */
  readonly at: number;
  readonly pfn: Pfn;
  readonly pages: number;
}

/** One mapping, as a record. */
export interface IovaMapping {
  readonly base: DmaAddr;
  readonly pieces: readonly IovaPiece[];
  readonly prot: IommuProt;
}

/** A part of the device's address space that is taken, in pages; more than is mapped. */
interface IovaRange {
  readonly pfn: number;
  readonly pages: number;
}

/** A segment of an sg_table as its importer reads it. */
export interface DmaSegment {
  readonly address: DmaAddr;
  readonly length: bigint;
}

/** The highest address that the page tables translate: 48 bits. */
const APERTURE_END: DmaAddr = (1n << 48n) - 1n;
/** No segment crosses a multiple of this: dma_get_seg_boundary() where nothing sets it. */
const SEGMENT_BOUNDARY = 1n << 32n;
/** Smaller sizes are cached when they are given back, and so rounded up: 1 << (IOVA_RANGE_CACHE_MAX_SIZE - 1). */
const CACHED_PAGES = 32;

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** The highest address that a device behind an IOMMU gets. */
export const iovaLimit = (device: Device): DmaAddr => min(dmaLimit(device), APERTURE_END);

export class IovaDomain {
  readonly #records: Records;
  readonly #device: Device;
  readonly #geometry: Geometry;

  constructor(records: Records, device: Device) {
    this.#records = records;
    this.#device = device;
    this.#geometry = geometryOf(records);
  }

  #key = (base: DmaAddr): string => recordKey('iova', this.#device.name, this.#geometry.pfnDown(base));

  /** The taken parts, ascending. */
  #taken(): readonly IovaRange[] {
    return this.#records.get<readonly IovaRange[]>(recordKey('iova', this.#device.name)) ?? [];
  }

  #putTaken(taken: readonly IovaRange[]): void {
    const key = recordKey('iova', this.#device.name);
    if (taken.length === 0) this.#records.delete(key);
    else this.#records.put<readonly IovaRange[]>(key, taken);
  }

  /**
   * Maps a scatter list as one run of addresses: iommu_dma_map_sg().
   *
   * @returns the run's start and the segments that the device is given, or `undefined` without room
   */
  map(
    sgTable: readonly PfnRange[],
    prot: IommuProt,
  ): { readonly base: DmaAddr; readonly segments: readonly DmaSegment[] } | undefined {
    const pieces = layOut(sgTable, this.#geometry);
    const last = pieces.at(-1);
    const base = this.#alloc(last === undefined ? 0 : last.at + last.pages);
    if (base === undefined) return undefined;
    this.#records.put<IovaMapping>(this.#key(base), { base, pieces, prot });
    return { base, segments: segmentsOf(base, pieces, this.#device.maxSegSize, this.#geometry) };
  }

  /** Takes a mapping away: __iommu_dma_unmap(). */
  unmap(base: DmaAddr): void {
    this.#records.delete(this.#key(base));
    this.#putTaken(this.#taken().filter((range) => range.pfn !== this.#geometry.pfnDown(base)));
  }

  /**
   * Finds what an access reaches: the walk of the IOMMU's tables.
   *
   * @returns physical pieces in order, or the first address that faults
   */
  translate(
    address: DmaAddr,
    length: bigint,
    write: boolean,
  ):
    | { readonly pieces: readonly { readonly phys: PhysAddr; readonly length: bigint }[] }
    | { readonly fault: DmaAddr; readonly why: 'not-mapped' | 'read-only' } {
    const found: { phys: PhysAddr; length: bigint }[] = [];
    const end = address + length;
    for (let at = address; at < end; ) {
      const hit = this.#pieceAt(at);
      if (hit === undefined) return { fault: at, why: 'not-mapped' };
      if (write && hit.prot === 'read') return { fault: at, why: 'read-only' };
      const part = min(hit.end, end) - at;
      const last = found.at(-1);
      if (last !== undefined && last.phys + last.length === hit.phys) last.length += part;
      else found.push({ phys: hit.phys, length: part });
      at += part;
    }
    return { pieces: found };
  }

  #pieceAt(address: DmaAddr): { phys: PhysAddr; end: DmaAddr; prot: IommuProt } | undefined {
    const { pfnDown, pfnPhys, pagesToBytes } = this.#geometry;
    const page = pfnDown(address);
    const range = this.#taken().find((r) => page >= r.pfn && page < r.pfn + r.pages);
    const mapping = range && this.#records.get<IovaMapping>(this.#key(pfnPhys(range.pfn)));
    if (mapping === undefined) return undefined;
    const at = page - pfnDown(mapping.base);
    const piece = mapping.pieces.find((p) => at >= p.at && at < p.at + p.pages);
    if (piece === undefined) return undefined;
    const start = mapping.base + pagesToBytes(piece.at);
    const phys = pfnPhys(piece.pfn) + (address - start);
    return { phys, end: start + pagesToBytes(piece.pages), prot: mapping.prot };
  }

  /**
   * Takes addresses for so many pages, at a multiple of the power of two above them, as high as it goes:
   * alloc_iova_fast(). Page 0 is never given.
   *
   * Deviation: Linux keeps small ranges that were given back, a few a CPU, and gives them again first.
   */
  #alloc(pages: number): DmaAddr | undefined {
    if (pages === 0) return undefined;
    const align = 2 ** getOrder(pages);
    const size = pages < CACHED_PAGES ? align : pages;
    const taken = this.#taken();
    const { pfnDown, pfnPhys } = this.#geometry;
    let top = pfnDown(iovaLimit(this.#device)) + 1;
    for (let i = taken.length; i >= 0; i--) {
      const below = taken[i - 1];
      const low = below === undefined ? 1 : below.pfn + below.pages;
      const pfn = Math.floor((top - size) / align) * align;
      if (pfn >= low) {
        this.#putTaken([...taken.slice(0, i), { pfn, pages: size }, ...taken.slice(i)]);
        return pfnPhys(pfn);
      }
      top = below?.pfn ?? top;
    }
    return undefined;
  }
}

/** Puts the pieces of a scatter list one after another, with a gap where one would cross 4 GiB. */
function layOut(sgTable: readonly PfnRange[], { pfnDown }: Geometry): IovaPiece[] {
  const boundary = pfnDown(SEGMENT_BOUNDARY);
  const pieces: IovaPiece[] = [];
  let at = 0;
  for (const { pfn, pages } of sgTable) {
    const pad = (boundary - (at % boundary)) % boundary;
    // A piece that ends at the boundary, or before it, needs no gap.
    if (at > 0 && pad > 0 && pad < pages) at += pad;
    pieces.push({ at, pfn, pages });
    at += pages;
  }
  return pieces;
}

/**
 * Joins pieces that follow on another up to the device's longest segment: __finalise_sg(), whose difference of
 * unsigned ints wraps. So whatever follows an entry that was longer than the limit from the start joins it.
 */
function segmentsOf(
  base: DmaAddr,
  pieces: readonly IovaPiece[],
  maxSegSize: number,
  { pagesToBytes }: Geometry,
): DmaSegment[] {
  const segments: { address: DmaAddr; length: bigint }[] = [];
  for (const piece of pieces) {
    const address = base + pagesToBytes(piece.at);
    const length = pagesToBytes(piece.pages);
    const last = segments.at(-1);
    const joins =
      last !== undefined &&
      last.address + last.length === address &&
      address % SEGMENT_BOUNDARY !== 0n &&
      BigInt.asUintN(32, BigInt(maxSegSize) - last.length) >= length;
    if (joins) last.length += length;
    else segments.push({ address, length });
  }
  return segments;
}

/** Bytes of a scatter list, page for page: what an allocation that failed had asked for. */
export const sgBytes = (sgTable: readonly PfnRange[], { pagesToBytes }: Geometry): bigint =>
  sgTable.reduce((sum, { pages }) => sum + pagesToBytes(pages), 0n);
