/**
 * A device's own view of memory: it drives bus addresses, through its window or its IOMMU, and nothing stops it
 * at a buffer's end.
 *
 * ```
 *   its segments   |‑‑ segment ‑‑|   |‑‑‑ segment ‑‑‑|
 *   a DMA access             |=========================>
 *                            |own||stray: who was hit?
 * ```
 */
import type { Backend } from '../../dma-buf/backends.ts';
import type { Device, DmaAddr } from '../../mm/dma/device.ts';
import { deviceBuffers } from '../../mm/dma/device-memory.ts';
import { type DmaFault, deviceAccess, dmaRead, dmaWrite } from '../../mm/dma/dma-access.ts';
import type { Accessor } from '../../mm/dma/hazard.ts';
import type { DmaSegment } from '../../mm/dma/iommu-dma.ts';
import { formatHex } from '../../units.ts';
import { findDevice } from '../device-table.ts';
import type { KernelState } from '../state.ts';
import { occupants } from '../views/occupant.ts';

/** An access that reaches no memory, or that the device's IOMMU does not let through. */
export class DmaFaulted extends Error {
  readonly device: string;
  readonly fault: DmaFault;

  constructor(device: string, fault: DmaFault) {
    super(describeFault(device, fault));
    this.name = fault.kind === 'iommu-fault' ? 'IommuFault' : 'BusError';
    this.device = device;
    this.fault = fault;
  }
}

const WHY: Readonly<Record<DmaFault['why'], string>> = {
  'beyond-reach': 'the address is above its DMA mask or its bus limit',
  'no-window': 'no dma-ranges entry of its bus has this address',
  'no-memory': 'there is no memory',
  'not-mapped': 'nothing is mapped there',
  'read-only': 'it is mapped DMA_TO_DEVICE, which allows reads only',
};

/** A fault in one line. */
export const describeFault = (device: string, { kind, access, address, why }: DmaFault): string =>
  `${kind === 'iommu-fault' ? 'IOMMU fault' : 'bus error'}: ${device} cannot ${access} ${formatHex(address)}: ${WHY[why]}`;

/** The bytes that a device reaches, by its own addresses. */
export interface DmaView {
  /** Reads by DMA. @throws DmaFaulted */
  read(address: DmaAddr, into: Uint8Array): void;
  /** Writes by DMA. @throws DmaFaulted */
  write(address: DmaAddr, from: Uint8Array): void;
}

/** A buffer as a device that has it mapped sees it: offsets go on past its end. */
export interface DeviceMapping {
  readonly attachment: number;
  readonly device: string;
  /** The heap that the buffer is from. */
  readonly heap: string;
  readonly backend: Backend;
  /** Bytes of the buffer. */
  readonly size: bigint;
  /** What the importer's sg table holds: bus addresses. */
  readonly segments: readonly DmaSegment[];
  /** @throws DmaFaulted */
  read(offset: bigint, into: Uint8Array): void;
  /** @throws DmaFaulted */
  write(offset: bigint, from: Uint8Array): void;
}

/** The device's view. @throws Error when there is no such device: callers have checked */
export function dmaView(state: KernelState, name: string): DmaView {
  const device = findDevice(state.records, name);
  if (device === undefined) throw new Error(`no device ${name}`);
  return {
    read: (address, into) => access(state, device, 'read', address, into),
    write: (address, from) => access(state, device, 'write', address, from),
  };
}

/** A buffer that an attachment has mapped, or `undefined` when it has none. */
export function deviceMapping(state: KernelState, id: number): DeviceMapping | undefined {
  const attachment = state.attachments.get(id);
  const file = attachment && state.files.get(attachment.file);
  if (attachment?.mapped === undefined || file?.kind !== 'dma_buf') return undefined;
  const { segments } = attachment.mapped;
  const view = dmaView(state, attachment.device);
  const each = (offset: bigint, length: number, visit: (at: DmaAddr, from: number, to: number) => void) => {
    for (const { at, from, to } of along(segments, offset, length)) visit(at, from, to);
  };
  return {
    attachment: id,
    device: attachment.device,
    heap: file.expName,
    backend: file.backing.backend,
    size: file.size,
    segments,
    read: (offset, into) =>
      each(offset, into.length, (at, from, to) => view.read(at, into.subarray(from, to))),
    write: (offset, bytes) =>
      each(offset, bytes.length, (at, from, to) => view.write(at, bytes.subarray(from, to))),
  };
}

/** Where the bytes of `[offset, offset + length)` have their addresses; past the end they go on after the last. */
function* along(
  segments: readonly DmaSegment[],
  offset: bigint,
  length: number,
): Iterable<{ readonly at: DmaAddr; readonly from: number; readonly to: number }> {
  let skip = offset;
  let done = 0;
  for (const [index, segment] of segments.entries()) {
    if (done === length) return;
    const isLast = index === segments.length - 1;
    if (skip >= segment.length && !isLast) {
      skip -= segment.length;
      continue;
    }
    const left = length - done;
    const part = isLast ? left : Math.min(left, Number(segment.length - skip));
    yield { at: segment.address + skip, from: done, to: done + part };
    done += part;
    skip = 0n;
  }
}

function access(
  state: KernelState,
  device: Device,
  kind: 'read' | 'write',
  address: DmaAddr,
  bytes: Uint8Array,
): void {
  if (bytes.length === 0) return;
  state.evictByChance(address, bytes.length);
  const by: Accessor = { kind: 'device', name: device.name };
  const go = kind === 'read' ? dmaRead : dmaWrite;
  const { hazards, fault } = go(state.dmaContext(), device, address, bytes, by);
  state.coherency.add(hazards);
  const reached = fault === undefined ? BigInt(bytes.length) : fault.address - address;
  reportStray(state, device, kind, address, reached);
  if (fault === undefined) return;
  state.coherency.addFault(device.name, fault);
  throw new DmaFaulted(device.name, fault);
}

/** Says whom the parts of an access hit that lie in none of the device's own segments. */
function reportStray(
  state: KernelState,
  device: Device,
  kind: 'read' | 'write',
  address: DmaAddr,
  length: bigint,
): void {
  const own = [...state.attachments.all()]
    .filter((attachment) => attachment.device === device.name)
    .flatMap((attachment) => attachment.mapped?.segments ?? [])
    // What its driver took for it is its own as well.
    .concat(
      deviceBuffers(state.records)
        .filter((buffer) => buffer.device === device.name)
        .map(({ dma, size }) => ({ address: dma, length: size })),
    );
  for (const part of outside(own, address, length)) {
    const reached = deviceAccess(state.dmaContext(), device, part.address, part.length, kind);
    let at = part.address;
    for (const { phys, length: size } of reached.pieces) {
      for (const occupant of occupants(state.records, { base: phys, size })) {
        state.coherency.addStray(device.name, kind, at, occupant);
        at += occupant.range.size;
      }
    }
  }
}

/** The parts of a range that no segment covers. */
function outside(segments: readonly DmaSegment[], address: DmaAddr, length: bigint): DmaSegment[] {
  const end = address + length;
  const parts: DmaSegment[] = [];
  let at = address;
  for (const segment of [...segments].sort((a, b) => (a.address < b.address ? -1 : 1))) {
    const segmentEnd = segment.address + segment.length;
    if (segmentEnd <= at || segment.address >= end) continue;
    if (segment.address > at) parts.push({ address: at, length: segment.address - at });
    at = segmentEnd;
  }
  if (at < end) parts.push({ address: at, length: end - at });
  return parts;
}
