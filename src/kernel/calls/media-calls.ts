/**
 * How frameworks allocate for their devices: V4L2's queues of drivers with vb2-dma-contig, and DRM's dumb buffers of
 * drivers with the GEM DMA helper. Models drivers/media/common/videobuf2/videobuf2-core.c, videobuf2-dma-contig.c,
 * drivers/gpu/drm/drm_dumb_buffers.c and drm_gem_dma_helper.c (Linux 7.3).
 */

import type { Device } from '../../mm/dma/device.ts';
import { deviceBuffer, devPrefix } from '../../mm/dma/device-memory.ts';
import { dmaAllocAttrs, dmaAllocNoncontiguous } from '../../mm/dma/dma-alloc.ts';
import { DMA_ATTRS } from '../../mm/dma/dma-taken.ts';
import { parseGfp } from '../../mm/dma/gfp.ts';
import { geometryOf, profileIn } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';
import { roundUp, U32_MASK } from '../../units.ts';
import { drmNodes, registerDrmDevice } from '../drm-devices.ts';
import type { KernelState } from '../state.ts';
import { driven, driverContext, gfpOf, keep, release } from './driver-calls.ts';
import { fail, ok, type SyscallResult } from './results.ts';

/** VB2_MAX_FRAME */
const MOST_BUFFERS = 32;

/** A device's queue. */
export interface Vb2Queue {
  /** What its driver says is the least, of the device's first call. */
  readonly min: number;
  /** The numbers of its buffers' planes. */
  readonly buffers: readonly (readonly number[])[];
}

const queueKey = (device: string): string => recordKey('vb2', device);

/** The queue of a device, if it has asked for buffers. */
export const vb2Queue = (records: Records, device: string): Vb2Queue | undefined =>
  records.get<Vb2Queue>(queueKey(device));

export interface Vb2Reqbufs {
  readonly device: string;
  /** Buffers; 0 gives all back. */
  readonly count: number;
  /** Bytes of each plane. */
  readonly sizes: readonly bigint[];
  /** The queue's dma_attrs. */
  readonly attrs: number;
  /** V4L2_MEMORY_FLAG_NON_COHERENT. */
  readonly nonCoherent: boolean;
  /** min_buffers_needed, later min_queued_buffers; as in the call before, or 0, unless given. */
  readonly min?: number;
}

/** VIDIOC_REQBUFS of a capture queue: vb2_core_reqbufs(). `ret` is how many buffers are granted. */
export function vb2Reqbufs(state: KernelState, by: string, call: Vb2Reqbufs): SyscallResult {
  const { records } = state;
  const device = driven(state, call.device);
  if ('ret' in device) return device;
  const { dma } = profileIn(records).linux;
  const known = vb2Queue(records, device.name) ?? { min: 0, buffers: [] };
  const queue = { ...known, min: call.min ?? known.min };
  freeQueue(state, by, queue);
  records.put<Vb2Queue>(queueKey(device.name), { ...queue, buffers: [] });
  if (call.count === 0) return ok(0);

  const least = dma.vb2Least(queue.min);
  const wanted = Math.min(Math.max(call.count, least), MOST_BUFFERS);
  const buffers: (readonly number[])[] = [];
  let failed: SyscallResult | undefined;
  while (buffers.length < wanted && failed === undefined) {
    const planes = allocBuffer(state, by, device, call);
    if ('ret' in planes) failed = planes;
    else buffers.push(planes);
  }
  records.put<Vb2Queue>(queueKey(device.name), { ...queue, buffers });
  if (failed === undefined || (buffers.length > 0 && buffers.length >= least)) return ok(buffers.length);
  freeQueue(state, by, { ...queue, buffers });
  records.put<Vb2Queue>(queueKey(device.name), { ...queue, buffers: [] });
  return failed;
}

/** __vb2_buf_mem_alloc(): the planes of one buffer, or none of them. */
function allocBuffer(
  state: KernelState,
  by: string,
  device: Device,
  { sizes, attrs, nonCoherent }: Vb2Reqbufs,
): readonly number[] | SyscallResult {
  const { records, printk } = state;
  const { linux, geometry } = profileIn(records);
  const planes: number[] = [];
  for (const length of sizes) {
    const size = geometry.pageAlign(length);
    const context = driverContext(state, by);
    const isNonCoherent = nonCoherent && linux.dma.vb2NonCoherent;
    const taken = isNonCoherent
      ? dmaAllocNoncontiguous(context, device, size, gfpOf('GFP_KERNEL'), attrs)
      : dmaAllocAttrs(context, device, size, gfpOf('GFP_KERNEL'), attrs);
    const how = isNonCoherent ? 'pages' : 'attrs';
    const kept = keep(state, by, device, taken, { size, attrs, by: how, holder: 'vb2' });
    if (kept.ret >= 0) {
      planes.push(kept.ret);
      continue;
    }
    printk.print(3, `${devPrefix(records, device.name)} ${linux.dma.vb2Failed(size)}`);
    giveBack(state, by, planes.toReversed());
    return kept;
  }
  return planes;
}

function freeQueue(state: KernelState, by: string, { buffers }: Vb2Queue): void {
  giveBack(state, by, buffers.flat());
}

function giveBack(state: KernelState, by: string, ids: readonly number[]): void {
  for (const id of ids) {
    const buffer = deviceBuffer(state.records, id);
    if (buffer !== undefined) release(state, by, buffer);
  }
}

/** Forgets the queue of a device that is gone with its buffers. */
export const forgetQueue = (records: Records, device: string): void => records.delete(queueKey(device));

export interface DrmDevRegister {
  readonly device: string;
  /** The name and the version that its driver gives: `imx-drm`, `1.0.0`. */
  readonly name: string;
  readonly version: string;
  /** Its date, which lines told up to Linux 6.6. */
  readonly date: string;
}

/** drm_dev_register(): the device gets a card. */
export function drmDevRegister(state: KernelState, _by: string, call: DrmDevRegister): SyscallResult {
  const { records, printk } = state;
  const device = driven(state, call.device);
  if ('ret' in device) return device;
  if (!drmNodes(records).some((node) => node.device === device.name)) {
    registerDrmDevice(records, device.name);
  }
  const minor = drmNodes(records).find((node) => node.device === device.name)?.minor ?? 0;
  const date = profileIn(records).linux.dma.drmDate ? ` ${call.date}` : '';
  printk.print(
    6,
    `[drm] Initialized ${call.name} ${call.version}${date} for ${device.name} on minor ${minor}`,
  );
  return ok(0);
}

export interface DrmCreateDumb {
  readonly device: string;
  readonly width: number;
  readonly height: number;
  readonly bpp: number;
}

/** Bits a pixel that are a format's; of others the helper guesses. */
const FORMATS: ReadonlySet<number> = new Set([1, 2, 4, 8, 15, 16, 24, 32]);
/** Those that it guesses without a word. */
const GUESSED: ReadonlySet<number> = new Set([10, 12, 30, 64]);
/** Pitches of Linux 6.18 are multiples of that. */
const PITCH_ALIGN = 8n;

/** DRM_IOCTL_MODE_CREATE_DUMB: drm_mode_create_dumb() and the GEM DMA helper, silently. `ret` as of dma_alloc_attrs(). */
export function drmCreateDumb(state: KernelState, by: string, call: DrmCreateDumb): SyscallResult {
  const { records } = state;
  const device = driven(state, call.device);
  if ('ret' in device) return device;
  const [width, height, bpp] = [call.width, call.height, call.bpp].map(BigInt) as [bigint, bigint, bigint];
  const { page } = geometryOf(records);
  if (!isCountable(width, height, bpp, page)) {
    return fail('EINVAL', { kind: 'dumb-size', width: call.width, height: call.height, bpp: call.bpp });
  }
  const pitch = dumbPitch(state, device, width, call.bpp);
  const size = roundUp(pitch * height, page);
  const told = profileIn(records).linux.dma.dumb === 'bits' ? pitch * height : size;
  const attrs = DMA_ATTRS.DMA_ATTR_WRITE_COMBINE | DMA_ATTRS.DMA_ATTR_NO_WARN;
  const gfp = parseGfp('GFP_KERNEL|__GFP_NOWARN') ?? gfpOf('GFP_KERNEL');
  const taken = dmaAllocAttrs(driverContext(state, by), device, size, gfp, attrs);
  const dumb = { pitch: Number(pitch), told };
  return keep(state, by, device, taken, { size, attrs, by: 'attrs', holder: 'drm', dumb });
}

/** The checks of 32 bits: drm_mode_create_dumb(). */
export function isCountable(width: bigint, height: bigint, bpp: bigint, page: bigint): boolean {
  if (width === 0n || height === 0n || bpp === 0n || bpp > U32_MASK - 8n) return false;
  const stride = width * ((bpp + 7n) / 8n);
  if (stride > U32_MASK || height > U32_MASK / stride) return false;
  return BigInt.asUintN(32, roundUp(height * stride, page)) !== 0n;
}

/** Bytes of a line. */
export function dumbPitch(state: KernelState, device: Device, width: bigint, bpp: number): bigint {
  const { dumb } = profileIn(state.records).linux.dma;
  const inBits = (width * BigInt(bpp) + 7n) / 8n;
  if (dumb === 'bits') return inBits;
  if (!FORMATS.has(bpp) && !GUESSED.has(bpp)) {
    const text = `[drm] Unknown color mode ${bpp}; guessing buffer size.`;
    state.printk.printOnce('drm-color-mode', 4, `${devPrefix(state.records, device.name)} ${text}`);
  }
  // Pixels of a format with less than a byte share bytes.
  const pitch = bpp < 8 && FORMATS.has(bpp) ? inBits : width * BigInt(Math.ceil(bpp / 8));
  return dumb === 'format-by-8' ? roundUp(pitch, PITCH_ALIGN) : pitch;
}
