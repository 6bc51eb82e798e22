/**
 * Memory that drivers take for their devices: what they bind to a device, and what they hold. Records, of which
 * `dma-alloc.ts` and its neighbours are the rules.
 */
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';
import type { Pfn, PfnRange, PhysAddr } from '../../units.ts';
import type { Device, DmaAddr } from './device.ts';

/** Why a pool cannot be mapped for drivers. */
export interface MapRefusal {
  /** Positive. */
  readonly errno: number;
  /** The line that says so, once a boot where `once` names it. */
  readonly warning?: string;
  readonly once?: string;
}

/** A region that `memory-region` can name: struct reserved_mem. */
export interface BindableRegion {
  readonly name: string;
  /** What its device_init() makes of it; `none`: it has none. */
  readonly handler: 'cma' | 'coherent' | 'restricted' | 'none';
  readonly base: PhysAddr;
  readonly size: bigint;
  /** The number of its CMA area. */
  readonly area?: number;
  /** The number of its coherent pool, which a heap may share. */
  readonly pool?: number;
  readonly refused?: MapRefusal;
}

/** What boot leaves for drivers that allocate: one record. */
export interface DmaMachine {
  /** In tree order. */
  readonly regions: readonly BindableRegion[];
  /** The highest address of devices of ZONE_DMA: zone_dma_limit. */
  readonly zoneDmaLimit: PhysAddr;
  /** The frame after the last one of RAM: max_pfn. */
  readonly maxPfn: Pfn;
  /** The number of dma_contiguous_default_area, if it is there and has pages. */
  readonly defaultArea?: number;
}

const MACHINE = 'dma-machine';

export const putDmaMachine = (records: Records, machine: DmaMachine): void => records.put(MACHINE, machine);

/** What boot left. @throws Error when the records are of a kernel that kept nothing for drivers */
export function dmaMachine(records: Records): DmaMachine {
  const machine = records.get<DmaMachine>(MACHINE);
  if (machine === undefined) throw new Error('this kernel was booted before drivers could allocate');
  return machine;
}

/** What a driver has done to its device: struct device as far as it allocates. */
export interface DeviceBinding {
  /** Whether a driver has taken the device. */
  readonly bound?: true;
  /** The driver's name; absent: none is bound. */
  readonly driver?: string;
  /** The coherent mask where it is not the DMA mask. */
  readonly coherentMask?: DmaAddr;
  /** The number of its own coherent pool: dev->dma_mem. */
  readonly pool?: number;
  /** The number of its own CMA area: dev->cma_area. */
  readonly area?: number;
  /** The name of its restricted pool: dev->dma_io_tlb_mem. */
  readonly restricted?: string;
  /** The regions that were assigned and not released, by name: of_reserved_mem_device_release() takes them all. */
  readonly assigned?: readonly string[];
}

const BINDING = 'device-binding';
const bindingKey = (device: string): string => recordKey(BINDING, device);

export const bindingOf = (records: Records, device: string): DeviceBinding =>
  records.get<DeviceBinding>(bindingKey(device)) ?? {};

export const putBinding = (records: Records, device: string, binding: DeviceBinding): void =>
  records.put<DeviceBinding>(bindingKey(device), binding);

export const removeBinding = (records: Records, device: string): void => records.delete(bindingKey(device));

/** How lines of a driver begin: dev_printk(). Without a driver it is the bus's name. */
export const devPrefix = (records: Records, device: string): string =>
  `${bindingOf(records, device).driver ?? 'platform'} ${device}:`;

/** dev->coherent_dma_mask. */
export const coherentMask = (records: Records, device: Device): DmaAddr =>
  bindingOf(records, device.name).coherentMask ?? device.dmaMask;

/** Where an allocation came from. */
export type DmaSource = 'pool' | 'cma' | 'buddy' | 'atomic' | 'restricted';

/** What a driver holds. */
export interface DeviceBuffer {
  /** Its number. */
  readonly id: number;
  readonly device: string;
  /** Bytes that were asked for. */
  readonly size: bigint;
  /** The call that took it, which decides how it is freed. */
  readonly by: 'attrs' | 'pages';
  readonly attrs: number;
  readonly from: DmaSource;
  /** What it takes, rounding and all; several runs only behind an IOMMU. */
  readonly frames: readonly PfnRange[];
  /** The bus address of its first byte. */
  readonly dma: DmaAddr;
  /** What sort of address the CPU has: mapped anew, of the linear map, or none. */
  readonly kaddr: 'vmalloc' | 'linear' | 'cookie';
  /** The number of the pool or area; of an atomic pool its zone's name. */
  readonly source?: number | string;
  /** Whose plane or object it is. */
  readonly holder?: 'vb2' | 'drm';
  /** What a dumb buffer told its user: bytes of a line, and of all. */
  readonly dumb?: { readonly pitch: number; readonly told: bigint };
  /** The task on whose behalf it was taken, and the number of the call. */
  readonly task: string;
  readonly call: number;
}

const BUFFER = 'device-buffer/';
const COUNTER = 'device-buffers';
const bufferKey = (id: number): string => recordKey('device-buffer', id);

/** Keeps what a driver took. @returns it with its number, from 1 on */
export function addDeviceBuffer(records: Records, buffer: Omit<DeviceBuffer, 'id'>): DeviceBuffer {
  const id = (records.get<number>(COUNTER) ?? 0) + 1;
  records.put(COUNTER, id);
  const kept = { id, ...buffer };
  records.put<DeviceBuffer>(bufferKey(id), kept);
  return kept;
}

export const deviceBuffer = (records: Records, id: number): DeviceBuffer | undefined =>
  records.get<DeviceBuffer>(bufferKey(id));

export const removeDeviceBuffer = (records: Records, id: number): void => records.delete(bufferKey(id));

/** Every one by number. */
export const deviceBuffers = (records: Records): readonly DeviceBuffer[] =>
  [...records.list<DeviceBuffer>(BUFFER)].map(([, buffer]) => buffer).sort((a, b) => a.id - b.id);

/** What a device holds of an area or a pool. */
export interface DeviceShare {
  readonly device: string;
  readonly pages: number;
  readonly buffers: number;
}

/** Who holds how much of an area or a pool, the most first. @param source its number */
export function deviceShares(records: Records, from: 'pool' | 'cma', source: number): readonly DeviceShare[] {
  const shares = new Map<string, DeviceShare>();
  for (const buffer of deviceBuffers(records)) {
    if (buffer.from !== from || buffer.source !== source) continue;
    const before = shares.get(buffer.device);
    const pages = buffer.frames.reduce((sum, run) => sum + run.pages, 0);
    shares.set(buffer.device, {
      device: buffer.device,
      pages: (before?.pages ?? 0) + pages,
      buffers: (before?.buffers ?? 0) + 1,
    });
  }
  return [...shares.values()].sort((a, b) => b.pages - a.pages || (a.device < b.device ? -1 : 1));
}

/**
 * What of a failure tells which devices' drivers hold pages; empty where none does.
 *
 * @param source the area's or pool's number
 */
export function heldBy(
  records: Records,
  from: 'pool' | 'cma',
  source: number,
): { readonly devices?: readonly DeviceShare[] } {
  const devices = deviceShares(records, from, source);
  return devices.length === 0 ? {} : { devices };
}
