/** What devices have bound and hold, as their users see it. */
import { Cma, cmaAreas } from '../../mm/alloc/cma.ts';
import { DmaCoherentMem } from '../../mm/alloc/coherent.ts';
import { PageAllocator } from '../../mm/alloc/page-alloc.ts';
import type { Device, DmaAddr } from '../../mm/dma/device.ts';
import {
  bindingOf,
  coherentMask,
  type DeviceBuffer,
  deviceBuffers,
  dmaMachine,
} from '../../mm/dma/device-memory.ts';
import type { ZoneName } from '../../profile/linux-version.ts';
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import type { PhysAddr } from '../../units.ts';
import { bootRecord } from '../boot/boot-record.ts';

/** What a driver holds. */
export interface DeviceMemoryView extends DeviceBuffer {
  /** Where its first byte lies; absent where it takes nothing. */
  readonly phys?: PhysAddr;
  /** Bytes that it takes, rounding and all. */
  readonly taken: bigint;
  /** The CMA area whose range has it, also where an atomic pool stands between. */
  readonly area?: string;
  /** The pool by name. */
  readonly pool?: string;
  /** The zone of its pages, where they are RAM that the kernel manages. */
  readonly zone?: ZoneName;
}

/** What is bound to a device. */
export interface DeviceBindingView {
  /** Whether a driver has taken the device. */
  readonly bound: boolean;
  /** The driver, where it was told. */
  readonly driver?: string;
  readonly coherentMask: DmaAddr;
  /** The names of its own pool, area and restricted pool. */
  readonly pool?: string;
  readonly area?: string;
  readonly restricted?: string;
  /** What it holds, by number. */
  readonly buffers: readonly DeviceMemoryView[];
}

/** What is bound to a device, and what it holds. */
export function deviceBindingView(records: Records, device: Device): DeviceBindingView {
  const { bound, driver, pool, area, restricted } = bindingOf(records, device.name);
  return {
    bound: bound === true,
    ...(driver !== undefined && { driver }),
    coherentMask: coherentMask(records, device),
    ...(pool !== undefined && { pool: new DmaCoherentMem(records, pool).name }),
    ...(area !== undefined && { area: new Cma(records, area).name }),
    ...(restricted !== undefined && { restricted }),
    buffers: deviceBuffers(records)
      .filter((buffer) => buffer.device === device.name)
      .map((buffer) => deviceMemoryView(records, buffer)),
  };
}

/** The name of the default CMA area. */
export function defaultAreaName(records: Records): string | undefined {
  const { defaultArea } = dmaMachine(records);
  return defaultArea === undefined ? undefined : new Cma(records, defaultArea).name;
}

/** One allocation. */
export function deviceMemoryView(records: Records, buffer: DeviceBuffer): DeviceMemoryView {
  const { pfnPhys, pagesToBytes } = geometryOf(records);
  const { from, source, frames } = buffer;
  const [first] = frames;
  const taken = pagesToBytes(frames.reduce((sum, { pages }) => sum + pages, 0));
  if (from === 'pool') {
    const pool = new DmaCoherentMem(records, Number(source));
    return { ...buffer, phys: pfnPhys(first?.pfn ?? pool.pfnBase), taken, pool: pool.name };
  }
  if (first === undefined) return { ...buffer, taken };
  const { pfn } = first;
  const area = cmaAreas(records, bootRecord(records).cmaAreas).find(
    ({ basePfn, count }) => pfn >= basePfn && pfn < basePfn + count,
  );
  const zone = new PageAllocator(records).zoneOf(pfn);
  return {
    ...buffer,
    phys: pfnPhys(pfn),
    taken,
    ...(area !== undefined && { area: area.name }),
    ...(from === 'restricted' && { pool: String(source) }),
    ...(zone !== undefined && { zone }),
  };
}
