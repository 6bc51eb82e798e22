/** Fences on a buffer. Models drivers/dma-buf/dma-resv.c (Linux 7.3) as far as those of vgem go. */
import type { DmaBufFile, Fence } from './dma-buf.ts';

/** The fences that have not signalled. @param now logical time, nanoseconds since boot */
export const pendingFences = ({ fences = [] }: DmaBufFile, now: number): readonly Fence[] =>
  fences.filter(({ until }) => until > now);

/** The fences that an access waits for: a reader for writers alone. dma_resv_usage_rw() */
export const fencesBefore = (file: DmaBufFile, writes: boolean, now: number): readonly Fence[] =>
  pendingFences(file, now).filter(({ write }) => write || writes);
