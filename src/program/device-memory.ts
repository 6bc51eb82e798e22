/**
 * What a device's driver does for its own memory, as people ask for it: it takes the device, binds a region, allocates,
 * gives back. What a board cannot tell (which region, which mask, which flags) is a wish, or an assumption that is said.
 */
import { fail } from '../kernel/calls/results.ts';
import { dmaBitMask } from '../kernel/device-table.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Syscall } from '../kernel/syscall.ts';
import type { DeviceMemoryView } from '../kernel/views/device-memory-view.ts';
import { DMA_ATTRS } from '../mm/dma/dma-taken.ts';
import { gfpText, parseGfp } from '../mm/dma/gfp.ts';
import type { Caller } from './caller.ts';
import { noSuchDevice } from './find-device.ts';
import type { Outcome } from './outcome.ts';

/** What a driver does when it takes its device: probe(). */
export interface ProbeWishes {
  /** Its name, with which its lines begin. */
  readonly driver?: string;
  /** Bits of the mask that it sets first. */
  readonly mask?: number;
  /** Which entry of memory-region it binds: by number, or by its name in memory-region-names; `none`: none. */
  readonly region: { readonly index: number } | { readonly name: string } | 'none';
}

/** @returns ENODEV where there is no such device, else `undefined` */
const missing = (kernel: Kernel, device: string): Outcome | undefined =>
  kernel.device(device) === undefined ? noSuchDevice(kernel, device) : undefined;

/** The driver takes the device, unless one has. */
function bind({ kernel, task }: Caller, device: string, driver?: string): Outcome {
  if (driver === undefined && kernel.deviceMemory(device)?.bound === true) return { ret: 0 };
  return kernel.syscall(task, {
    call: 'driver_bind',
    device,
    ...(driver !== undefined && { driver }),
  });
}

/** The core's part, dma_set_mask_and_coherent(), of_reserved_mem_device_init(), in this order, as far as they are wished. */
export function probeDevice(caller: Caller, device: string, wishes: ProbeWishes): Outcome {
  const { kernel, task } = caller;
  const gone = missing(kernel, device);
  if (gone !== undefined) return gone;
  const { driver, mask, region } = wishes;
  const bound = bind(caller, device, driver);
  if (bound.ret < 0) return bound;
  if (mask !== undefined) {
    const set = kernel.syscall(task, { call: 'dma_set_mask', device, mask: dmaBitMask(mask) });
    if (set.ret < 0) return set;
  }
  if (region === 'none') return { ret: 0 };
  return kernel.syscall(task, { call: 'of_reserved_mem_device_init', device, ...region });
}

/** of_reserved_mem_device_release(). */
export function releaseDevice({ kernel, task }: Caller, device: string): Outcome {
  return missing(kernel, device) ?? kernel.syscall(task, { call: 'of_reserved_mem_device_release', device });
}

/** What a driver asks for. */
export interface DmaWishes {
  readonly size: bigint;
  /** Flags as `parseGfpWord` gives them. */
  readonly gfp: string;
  readonly attrs: number;
  /** dma_alloc_pages() instead, which knows no attributes. */
  readonly pages: boolean;
}

/** What a call gave a device. */
export interface Given extends Outcome {
  readonly memory?: DeviceMemoryView;
}

/** The memory of a call whose `ret` is its number. */
function given(caller: Caller, device: string, call: Syscall): Given {
  const { kernel, task } = caller;
  const gone = missing(kernel, device);
  if (gone !== undefined) return gone;
  const bound = bind(caller, device);
  if (bound.ret < 0) return bound;
  const result = kernel.syscall(task, call);
  const memory = result.ret > 0 ? kernel.deviceBuffer(result.ret) : undefined;
  return { ...result, ...(memory && { memory }) };
}

/** dma_alloc_attrs(), or dma_alloc_pages(). */
export function allocForDevice(caller: Caller, device: string, wishes: DmaWishes): Given {
  const { size, gfp, attrs, pages } = wishes;
  return given(
    caller,
    device,
    pages
      ? { call: 'dma_alloc_pages', device, size, gfp }
      : { call: 'dma_alloc_attrs', device, size, gfp, attrs },
  );
}

/** dma_free_attrs(), dma_free_pages(), DRM_IOCTL_MODE_DESTROY_DUMB. @param buffer its number */
export const freeOfDevice = ({ kernel, task }: Caller, buffer: number): Outcome =>
  kernel.deviceBuffer(buffer) === undefined
    ? fail('EINVAL', { kind: 'bad-argument', argument: 'device-buffer', value: BigInt(buffer) })
    : kernel.syscall(task, { call: 'dma_free', buffer });

/** What a V4L2 driver asks for. */
export interface QueueWishes {
  readonly count: number;
  readonly sizes: readonly bigint[];
  readonly attrs: number;
  readonly nonCoherent: boolean;
  /** The driver's minimum; as in the call before, or 0, unless given. */
  readonly min?: number;
}

/** VIDIOC_REQBUFS. `ret` is how many buffers are granted. */
export function requestBuffers(
  caller: Caller,
  device: string,
  wishes: QueueWishes,
): Outcome & { readonly buffers?: readonly (readonly DeviceMemoryView[])[] } {
  const result = given(caller, device, { call: 'vb2_reqbufs', device, ...wishes });
  const { memory: _, ...outcome } = result;
  return outcome.ret < 0 ? outcome : { ...outcome, buffers: caller.kernel.vb2Buffers(device) };
}

/** DRM_IOCTL_MODE_CREATE_DUMB. */
export const createDumb = (
  caller: Caller,
  device: string,
  size: { readonly width: number; readonly height: number; readonly bpp: number },
): Given => given(caller, device, { call: 'drm_create_dumb', device, ...size });

/** The name of a driver as the kernel has it: of a module, such as hantro-vpu. */
export const parseDriverName = (text: string): string | undefined =>
  /^[A-Za-z0-9_][A-Za-z0-9_.,+-]{0,63}$/.test(text) ? text : undefined;

/** `GFP_KERNEL|__GFP_NOWARN`, in whatever words it was written; `undefined` where it is none. */
export function parseGfpWord(text: string): string | undefined {
  const gfp = parseGfp(text);
  return gfp && gfpText(gfp);
}

/** Attributes by name, joined by |, with or without DMA_ATTR_; or their number. */
export function parseDmaAttrs(text: string): number | undefined {
  if (/^(0x[0-9a-f]{1,8}|[0-9]{1,10})$/i.test(text)) {
    const number = Number(text);
    return number <= 0xffffffff ? number : undefined;
  }
  let attrs = 0;
  for (const word of text.split('|')) {
    const name = word.trim().toUpperCase();
    const full = name.startsWith('DMA_ATTR_') ? name : `DMA_ATTR_${name}`;
    const bit = Object.entries(DMA_ATTRS).find(([known]) => known === full)?.[1];
    if (bit === undefined) return undefined;
    attrs |= bit;
  }
  return attrs;
}

/** The names of the attributes that are set; of bits without a name nothing. */
export const dmaAttrNames = (attrs: number): readonly string[] =>
  Object.entries(DMA_ATTRS).flatMap(([name, bit]) => ((attrs & bit) !== 0 ? [name] : []));

/** What is assumed of a driver when it probes, in sentences. */
export function probeAssumptions({ mask, region }: Partial<ProbeWishes>): readonly string[] {
  return [
    ...(region === undefined
      ? [
          'its driver binds entry 0 of memory-region: which one it does, a board cannot tell (--index, --region)',
        ]
      : []),
    ...(mask === undefined
      ? ['its driver leaves the mask as Linux sets it, 32 bits unless the bus has fewer (--mask)']
      : []),
  ];
}

/** What is assumed of a device that allocates and was not probed. */
export function allocAssumptions(kernel: Kernel, device: string): readonly string[] {
  const memory = kernel.deviceMemory(device);
  const regions = kernel.device(device)?.memoryRegions ?? [];
  if (memory === undefined || memory.pool !== undefined || memory.area !== undefined) return [];
  if (regions.length === 0 || memory.restricted !== undefined) return [];
  return [
    `its driver has bound none of ${regions.join(', ')}: without of_reserved_mem_device_init() memory-region means nothing (dmaheap device probe ${device})`,
  ];
}
