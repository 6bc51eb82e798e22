/** What the handles of a DRM device's file stand for: buffers that it has imported, and buffers of its own. Models
 *  drivers/gpu/drm/drm_gem.c (Linux 7.3). */
import type { DrmFile, DumbBuffer } from '../../dma-buf/dma-buf.ts';
import type { KernelState } from '../state.ts';

/** The attachment of an imported buffer. */
export const attachmentOf = (state: KernelState, { handles }: DrmFile, handle: number) =>
  state.attachments.get(handles.find(([known]) => known === handle)?.[1] ?? -1);

/** A buffer of the device's own. */
export const dumbOf = ({ dumbs = [] }: DrmFile, handle: number): DumbBuffer | undefined =>
  dumbs.find(([known]) => known === handle)?.[1];

/** The number of the file that a handle's buffer is as a dma-buf, where it is one. */
export const fileOf = (state: KernelState, drm: DrmFile, handle: number): number | undefined =>
  attachmentOf(state, drm, handle)?.file ?? dumbOf(drm, handle)?.file;

export const hasHandle = ({ handles, dumbs = [] }: DrmFile, handle: number): boolean =>
  handles.some(([known]) => known === handle) || dumbs.some(([known]) => known === handle);

/** idr_alloc() from 1. */
export function lowestFree({ handles, dumbs = [] }: DrmFile): number {
  const taken = new Set([...handles, ...dumbs].map(([handle]) => handle));
  let free = 1;
  while (taken.has(free)) free++;
  return free;
}
