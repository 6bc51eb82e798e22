/** What lies at a physical address: the answer to "whose bytes did that hit?". */
import { type DmaBufFile, FileTable } from '../../dma-buf/dma-buf.ts';
import { Cma } from '../../mm/alloc/cma.ts';
import { deviceBuffers } from '../../mm/dma/device-memory.ts';
import type { Geometry } from '../../profile/geometry.ts';
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import type { PhysAddr, PhysRange } from '../../units.ts';
import { rangeEnd } from '../../units.ts';
import { bootRecord } from '../boot/boot-record.ts';

/** Who has a run of bytes. */
export type Owner =
  /** A live dma-buf; `offset` is where in it the run begins. */
  | {
      readonly kind: 'buffer';
      readonly file: number;
      readonly ino: number;
      readonly heap: string;
      readonly name?: string;
      readonly offset: bigint;
    }
  /** Memory that a device's driver took, by its number. */
  | { readonly kind: 'device'; readonly device: string; readonly buffer: number }
  /** A reserved region or CMA area, pages that no buffer has. */
  | { readonly kind: 'region'; readonly region: string }
  /** What the boot loader loaded: `kernel`, `initrd`, `dtb`. */
  | { readonly kind: 'image'; readonly image: string }
  /** The bounce buffers of the software IO TLB. */
  | { readonly kind: 'swiotlb' }
  /** RAM that the page allocator has, free or given to anybody but a dma-buf. */
  | { readonly kind: 'ram' }
  /** No memory at all. */
  | { readonly kind: 'nothing' };

export interface Occupant {
  readonly range: PhysRange;
  readonly owner: Owner;
}

/** Where in a dma-buf a physical address lies; `undefined` when it does not. */
export function offsetInBuffer(
  file: DmaBufFile,
  address: PhysAddr,
  { pfnDown, pfnPhys, pagesToBytes }: Geometry,
): bigint | undefined {
  const pfn = pfnDown(address);
  let offset = 0n;
  for (const piece of file.sgTable) {
    if (pfn >= piece.pfn && pfn < piece.pfn + piece.pages) return offset + address - pfnPhys(piece.pfn);
    offset += pagesToBytes(piece.pages);
  }
  return undefined;
}

/** Cuts a range into runs of one owner each. */
export function occupants(records: Records, range: PhysRange): readonly Occupant[] {
  const meets = (entry: Occupant) => entry.range.base < rangeEnd(range) && range.base < rangeEnd(entry.range);
  const buffers = buffersMeeting(records, range).filter(meets);
  const others = otherOwners(records).filter(meets);
  const found: Occupant[] = [];
  const end = rangeEnd(range);
  for (let at = range.base, next = 0; at < end; ) {
    const buffer = buffers[next];
    if (buffer !== undefined && rangeEnd(buffer.range) <= at) {
      next++;
      continue;
    }
    const known = buffer === undefined ? others : [buffer, ...others];
    const here = known.find((entry) => at >= entry.range.base && at < rangeEnd(entry.range));
    const stop = known.reduce((nearest, entry) => {
      const edge = at < entry.range.base ? entry.range.base : rangeEnd(entry.range);
      return edge > at && edge < nearest ? edge : nearest;
    }, end);
    // The first one that holds the byte wins, but it must not swallow one that stands before it in the list.
    const owner = here === undefined ? ({ kind: 'nothing' } as const) : ownerAt(here, at);
    found.push({ range: { base: at, size: stop - at }, owner });
    at = stop;
  }
  return found;
}

function ownerAt({ owner, range }: Occupant, at: PhysAddr): Owner {
  return owner.kind === 'buffer' ? { ...owner, offset: owner.offset + at - range.base } : owner;
}

/** The pieces of the buffers that have frames of a range, by address. */
function buffersMeeting(records: Records, { base, size }: PhysRange): readonly Occupant[] {
  const geometry = geometryOf(records);
  const { pfnDown } = geometry;
  const pfn = pfnDown(base);
  const pages = pfnDown(base + size - 1n) - pfn + 1;
  return new FileTable(records)
    .dmaBufsIn({ pfn, pages })
    .flatMap(([id, file]) => bufferOccupants(id, file, geometry))
    .sort((a, b) => (a.range.base < b.range.base ? -1 : 1));
}

/** Whoever else has memory, the most telling first. */
function otherOwners(records: Records): readonly Occupant[] {
  const boot = bootRecord(records);
  const { pfnPhys, pagesToBytes } = geometryOf(records);
  const all: Occupant[] = [];
  for (const { id, device, frames } of deviceBuffers(records)) {
    for (const { pfn, pages } of frames) {
      const range = { base: pfnPhys(pfn), size: pagesToBytes(pages) };
      all.push({ range, owner: { kind: 'device', device, buffer: id } });
    }
  }
  for (const [image, place] of Object.entries(boot.reserve)) {
    if (place !== undefined) all.push({ range: place as PhysRange, owner: { kind: 'image', image } });
  }
  if (boot.swiotlb !== undefined) all.push({ range: boot.swiotlb, owner: { kind: 'swiotlb' } });
  for (const { name, base, size } of boot.regions) {
    if (base === undefined || size === undefined) continue;
    all.push({ range: { base, size }, owner: { kind: 'region', region: name } });
  }
  for (let index = 0; index < boot.cmaAreas; index++) {
    const area = new Cma(records, index);
    const place = { base: pfnPhys(area.basePfn), size: pagesToBytes(area.count) };
    all.push({ range: place, owner: { kind: 'region', region: area.name } });
  }
  for (const place of boot.layout) all.push({ range: place, owner: { kind: 'ram' } });
  return all;
}

function bufferOccupants(id: number, file: DmaBufFile, { pfnPhys, pagesToBytes }: Geometry): Occupant[] {
  let offset = 0n;
  return file.sgTable.map(({ pfn, pages }) => {
    const owner = {
      kind: 'buffer' as const,
      file: id,
      ino: file.ino,
      heap: file.expName,
      offset,
      ...(file.name !== undefined && { name: file.name }),
    };
    const size = pagesToBytes(pages);
    offset += size;
    return { range: { base: pfnPhys(pfn), size }, owner };
  });
}
