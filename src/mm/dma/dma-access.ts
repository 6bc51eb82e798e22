/**
 * What a device does once its driver has told it addresses: reads and writes at bus addresses, whatever
 * is mapped there. No kernel is involved, so nothing is refused that the hardware lets through.
 */
import type { PhysAddr } from '../../units.ts';
import { BusError } from '../phys-memory.ts';
import type { Device, DmaAddr } from './device.ts';
import { dmaLimit } from './device.ts';
import type { DmaContext } from './dma-mapping.ts';
import type { Accessor, Hazard } from './hazard.ts';
import { HazardList } from './hazard.ts';
import { IovaDomain } from './iommu-dma.ts';

/** Physical memory that an access reaches. */
export interface PhysPiece {
  readonly phys: PhysAddr;
  readonly length: bigint;
}

/** An access that reaches no memory. */
export interface DmaFault {
  /** `bus-error`: nothing answers there. `iommu-fault`: the IOMMU does not let it through. */
  readonly kind: 'bus-error' | 'iommu-fault';
  /** The first bus address that fails. */
  readonly address: DmaAddr;
  readonly access: 'read' | 'write';
  /**
   * `beyond-reach`: the device does not drive so high an address; `no-window`: the bus has no dma-range
   * there; `no-memory`: there is neither RAM nor a region; `not-mapped`, `read-only`: of the IOMMU's tables.
   */
  readonly why: 'beyond-reach' | 'no-window' | 'no-memory' | 'not-mapped' | 'read-only';
}

/** What an access reaches: physical pieces in order, up to the fault that ends it, if one does. */
export interface ReachedMemory {
  readonly pieces: readonly PhysPiece[];
  readonly fault?: DmaFault;
}

/** Where an access of a device ends up. */
export function deviceAccess(
  context: DmaContext,
  device: Device,
  dmaAddress: DmaAddr,
  length: bigint,
  access: 'read' | 'write',
): ReachedMemory {
  return device.iommu
    ? throughIommu(context, device, dmaAddress, length, access)
    : onBus(device, dmaAddress, length, access);
}

function throughIommu(
  context: DmaContext,
  device: Device,
  dmaAddress: DmaAddr,
  length: bigint,
  access: 'read' | 'write',
): ReachedMemory {
  const domain = new IovaDomain(context.records, device);
  const found = domain.translate(dmaAddress, length, access === 'write');
  if ('pieces' in found) return found;
  const fault: DmaFault = { kind: 'iommu-fault', address: found.fault, access, why: found.why };
  const before = found.fault - dmaAddress;
  const reached = before > 0n ? domain.translate(dmaAddress, before, access === 'write') : undefined;
  return { pieces: reached !== undefined && 'pieces' in reached ? reached.pieces : [], fault };
}

function onBus(device: Device, dmaAddress: DmaAddr, length: bigint, access: 'read' | 'write'): ReachedMemory {
  const limit = dmaLimit(device);
  const end = dmaAddress + length;
  const pieces: PhysPiece[] = [];
  for (let at = dmaAddress; at < end; ) {
    const fault = { kind: 'bus-error', address: at, access } as const;
    if (at > limit) return { pieces, fault: { ...fault, why: 'beyond-reach' } };
    const left = (end - 1n > limit ? limit + 1n : end) - at;
    const piece = windowPiece(device, at, left);
    if (piece === undefined) return { pieces, fault: { ...fault, why: 'no-window' } };
    pieces.push(piece);
    at += piece.length;
  }
  return { pieces };
}

/** As much of an access as lies in one window of the bus. */
function windowPiece({ dmaRanges }: Device, address: DmaAddr, length: bigint): PhysPiece | undefined {
  if (dmaRanges.length === 0) return { phys: address, length };
  const range = dmaRanges.find((r) => address >= r.dma && address - r.dma < r.size);
  if (range === undefined) return undefined;
  const offset = address - range.dma;
  const room = range.size - offset;
  return { phys: range.cpu + offset, length: room < length ? room : length };
}

/** What went wrong with the bytes of an access, and the fault that ended it; the bytes before it have moved. */
export interface DmaAccess {
  readonly hazards: readonly Hazard[];
  readonly fault?: DmaFault;
}

/** A device reads memory. */
export const dmaRead = (
  context: DmaContext,
  device: Device,
  dmaAddress: DmaAddr,
  into: Uint8Array,
  by: Accessor,
): DmaAccess =>
  eachPiece(context, device, dmaAddress, into, 'read', (p, b) => readPiece(context, device, p, b, by));

/** A device writes memory. */
export const dmaWrite = (
  context: DmaContext,
  device: Device,
  dmaAddress: DmaAddr,
  from: Uint8Array,
  by: Accessor,
): DmaAccess =>
  eachPiece(context, device, dmaAddress, from, 'write', (p, b) => writePiece(context, device, p, b, by));

function readPiece(
  { memory, cache, swiotlb }: DmaContext,
  device: Device,
  phys: PhysAddr,
  into: Uint8Array,
  by: Accessor,
): readonly Hazard[] {
  if (swiotlb?.contains(phys)) return swiotlb.deviceRead(phys, into, by);
  const stale = swiotlb?.noteLoad(phys, BigInt(into.length), by) ?? [];
  if (!cache.active) memory.read(phys, into);
  else if (device.dmaCoherent) return [...stale, ...cache.coherentRead(phys, into, by)];
  else return [...stale, ...cache.deviceRead(phys, into, by)];
  return stale;
}

function writePiece(
  { memory, cache, swiotlb }: DmaContext,
  device: Device,
  phys: PhysAddr,
  from: Uint8Array,
  by: Accessor,
): readonly Hazard[] {
  if (swiotlb?.contains(phys)) return swiotlb.deviceWrite(phys, from, by);
  if (!cache.active) memory.write(phys, from);
  else if (device.dmaCoherent) cache.coherentWrite(phys, from, by);
  else cache.deviceWrite(phys, from, by);
  swiotlb?.noteStore(phys, BigInt(from.length), by);
  return [];
}

/** Does an access piece by piece; memory that is not there ends it. */
function eachPiece(
  context: DmaContext,
  device: Device,
  dmaAddress: DmaAddr,
  bytes: Uint8Array,
  access: 'read' | 'write',
  visit: (phys: PhysAddr, bytes: Uint8Array) => readonly Hazard[],
): DmaAccess {
  const reached = deviceAccess(context, device, dmaAddress, BigInt(bytes.length), access);
  const found = new HazardList();
  let done = 0;
  for (const { phys, length } of reached.pieces) {
    const end = done + Number(length);
    try {
      found.addAll(visit(phys, bytes.subarray(done, end)));
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      const before = Number(error.address - phys);
      if (before > 0) found.addAll(visit(phys, bytes.subarray(done, done + before)));
      const address = dmaAddress + BigInt(done + before);
      return { hazards: found.hazards, fault: { kind: 'bus-error', address, access, why: 'no-memory' } };
    }
    done = end;
  }
  return { hazards: found.hazards, ...(reached.fault && { fault: reached.fault }) };
}
