/**
 * What a device's driver asks of the kernel for its own memory: regions bound and let go, the mask, allocations. The
 * rules are `mm/dma/region-binding.ts` and `mm/dma/dma-alloc.ts`; `media-calls.ts` has the frameworks' own.
 */
import { KernelOops } from '../../dma-buf/kernel-oops.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import { runAtomicPoolWork } from '../../mm/dma/atomic-pools.ts';
import type { Device } from '../../mm/dma/device.ts';
import {
  addDeviceBuffer,
  bindingOf,
  type DeviceBuffer,
  deviceBuffer,
  deviceBuffers,
  putBinding,
  removeBinding,
  removeDeviceBuffer,
} from '../../mm/dma/device-memory.ts';
import { supportsMask } from '../../mm/dma/device-reach.ts';
import { dmaAllocAttrs, dmaAllocPages } from '../../mm/dma/dma-alloc.ts';
import { dmaFree } from '../../mm/dma/dma-free.ts';
import type { DmaNoRoom, Taken } from '../../mm/dma/dma-taken.ts';
import type { DriverContext } from '../../mm/dma/driver-pages.ts';
import { type Gfp, parseGfp } from '../../mm/dma/gfp.ts';
import { bindDriver, bindRegion, releaseRegions, type WhichRegion } from '../../mm/dma/region-binding.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import { formatHex } from '../../units.ts';
import { devicesOf, findDevice, putDevice } from '../device-table.ts';
import type { KernelState } from '../state.ts';
import { comm, findTask } from '../task.ts';
import { badArgument, fail, ok, type SyscallResult } from './results.ts';

/** A driver's surroundings in a call. @throws NotModelled on an architecture whose drivers are not modelled */
export function driverContext(state: KernelState, by: string): DriverContext {
  const { records, printk } = state;
  const { arch, config } = profileIn(records);
  if (arch.early.atomicPools(config) === 'single') {
    throw new NotModelled('what drivers allocate on this architecture');
  }
  return {
    records,
    printk,
    memory: state.cpuMemory(by),
    comm: comm(by),
    pid: findTask(records, by)?.pid ?? 0,
    oops: (area, address) => {
      throw new KernelOops(
        `the driver's memory would lie across no-map memory inside the CMA area ${area}, and clearing it touches ${formatHex(address)}, which Linux does not map`,
      );
    },
    outOfMemory: (pages) => {
      throw new NotModelled(
        `whom the OOM killer ends where a driver asks for ${pages} ${pages === 1 ? 'page' : 'pages'} and none are left`,
      );
    },
  };
}

/** The device, or ENODEV with those that there are. */
export function driven(state: KernelState, name: string): Device | SyscallResult {
  const device = findDevice(state.records, name);
  if (device !== undefined) return device;
  const known = devicesOf(state.records).map((one) => one.name);
  return fail('ENODEV', { kind: 'no-such-device', device: name, known });
}

export interface DriverBind {
  readonly device: string;
  /** The driver's name, with which its lines begin; absent: not known. */
  readonly driver?: string;
}

/** What the core does when a driver takes a device, before its probe(): really_probe(). */
export function driverBind(
  state: KernelState,
  by: string,
  { device: name, driver }: DriverBind,
): SyscallResult {
  const device = driven(state, name);
  if ('ret' in device) return device;
  bindDriver(driverContext(state, by), device, driver);
  return ok(0);
}

export type MemDeviceInit = { readonly device: string } & WhichRegion;

/** of_reserved_mem_device_init() and its likes: the driver binds one region of its device's memory-region. */
export function ofReservedMemDeviceInit(state: KernelState, by: string, call: MemDeviceInit): SyscallResult {
  const device = driven(state, call.device);
  if ('ret' in device) return device;
  const bound = bindRegion(driverContext(state, by), device, call);
  return 'ret' in bound ? ok(0) : fail(bound.errno, bound.why);
}

export interface OfDevice {
  readonly device: string;
}

/** of_reserved_mem_device_release(): all regions of the device go. */
export function ofReservedMemDeviceRelease(state: KernelState, by: string, call: OfDevice): SyscallResult {
  const device = driven(state, call.device);
  if ('ret' in device) return device;
  releaseRegions(driverContext(state, by), device.name);
  return ok(0);
}

export interface DmaSetMask {
  readonly device: string;
  readonly mask: bigint;
  /** The coherent mask alone, without a check, as a driver that writes the field. */
  readonly unchecked?: true;
}

/** dma_set_mask_and_coherent(). */
export function dmaSetMask(state: KernelState, by: string, call: DmaSetMask): SyscallResult {
  const { records } = state;
  const device = driven(state, call.device);
  if ('ret' in device) return device;
  driverContext(state, by);
  const { coherentMask: _, ...binding } = bindingOf(records, device.name);
  if (call.unchecked === true) {
    putBinding(records, device.name, { ...binding, coherentMask: call.mask });
    return ok(0);
  }
  if (!supportsMask(records, device, call.mask)) {
    return fail('EIO', { kind: 'mask-too-small', device: device.name, mask: call.mask });
  }
  putDevice(records, { ...device, dmaMask: call.mask });
  putBinding(records, device.name, binding);
  return ok(0);
}

export interface DmaAlloc {
  readonly device: string;
  /** Bytes, up to 2^64 - 1. */
  readonly size: bigint;
  /** Flags joined by |. */
  readonly gfp: string;
}

export interface DmaAllocAttrs extends DmaAlloc {
  readonly attrs: number;
}

/** The flags of a call. @throws Error where they are none: callers have checked */
export function gfpOf(text: string): Gfp {
  const gfp = parseGfp(text);
  if (gfp === undefined) throw new Error(`gfp ${text}`);
  return gfp;
}

/** What an allocation comes to: ENOMEM, or the number of what the device now has. */
export function keep(
  state: KernelState,
  by: string,
  device: Device,
  taken: Taken | DmaNoRoom,
  asked: Pick<DeviceBuffer, 'size' | 'by' | 'attrs' | 'holder' | 'dumb'>,
): SyscallResult {
  if ('last' in taken) return fail('ENOMEM', taken);
  const { id } = addDeviceBuffer(state.records, {
    device: device.name,
    ...asked,
    ...taken,
    task: by,
    call: state.call,
  });
  return ok(id);
}

/** dma_alloc_attrs(), dma_alloc_coherent(). `ret` is the number of what the device now has. */
export function dmaAllocAttrsCall(state: KernelState, by: string, call: DmaAllocAttrs): SyscallResult {
  const device = driven(state, call.device);
  if ('ret' in device) return device;
  const { size, attrs } = call;
  const taken = dmaAllocAttrs(driverContext(state, by), device, size, gfpOf(call.gfp), attrs);
  const kept = keep(state, by, device, taken, { size, attrs, by: 'attrs' });
  runAtomicPoolWork(state.records, state.printk);
  return kept;
}

/** dma_alloc_pages(). `ret` as of dma_alloc_attrs(). */
export function dmaAllocPagesCall(state: KernelState, by: string, call: DmaAlloc): SyscallResult {
  const device = driven(state, call.device);
  if ('ret' in device) return device;
  const { size } = call;
  const taken = dmaAllocPages(driverContext(state, by), device, size, gfpOf(call.gfp));
  return keep(state, by, device, taken, { size, attrs: 0, by: 'pages' });
}

export interface DmaFree {
  /** The number of what the device has. */
  readonly buffer: number;
}

/** dma_free_attrs(), dma_free_pages(). */
export function dmaFreeCall(state: KernelState, by: string, { buffer: id }: DmaFree): SyscallResult {
  const buffer = deviceBuffer(state.records, id);
  if (buffer === undefined) return badArgument('EINVAL', 'device-buffer', id);
  if (buffer.holder === 'vb2') {
    return fail('EBUSY', { kind: 'buffer-of-queue', buffer: id, device: buffer.device });
  }
  release(state, by, buffer);
  return ok(0);
}

/** Gives back what a device has. @throws NotModelled where Linux would free what is not its own */
export function release(state: KernelState, by: string, buffer: DeviceBuffer): void {
  const { records } = state;
  const device = findDevice(records, buffer.device);
  if (device === undefined) throw new Error(`device ${buffer.device} went with its memory`);
  if (buffer.from === 'pool' && bindingOf(records, device.name).pool !== buffer.source) {
    throw new NotModelled(
      `what becomes of memory of a coherent pool that ${device.name} frees when the pool is not its own any more`,
    );
  }
  dmaFree(driverContext(state, by), device, buffer);
  removeDeviceBuffer(records, buffer.id);
}

/** A device goes: its driver gives back what it can, and what was bound is unbound. */
export function removeDriver(state: KernelState, by: string, device: string): void {
  const { records } = state;
  const own = deviceBuffers(records).filter((buffer) => buffer.device === device);
  const { pool } = bindingOf(records, device);
  for (const buffer of own) {
    // What is of a pool that was let go stays taken.
    if (buffer.from === 'pool' && buffer.source !== pool) removeDeviceBuffer(records, buffer.id);
    else release(state, by, buffer);
  }
  removeBinding(records, device);
}
