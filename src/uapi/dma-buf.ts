/** include/uapi/linux/dma-buf.h: requests on a dma-buf's descriptor. */
import { IOC_READ, IOC_WRITE, ioc } from './ioctl.ts';

/** The longest name with its terminator. */
export const DMA_BUF_NAME_LEN = 32;

/** _IOW('b', 1, __u32) and _IOW('b', 1, __u64): the same request, seen from 32 and 64 bits. */
export const DMA_BUF_SET_NAME_A = ioc(IOC_WRITE, 0x62, 1, 4);
export const DMA_BUF_SET_NAME_B = ioc(IOC_WRITE, 0x62, 1, 8);

/** struct dma_buf_sync { __u64 flags; } */
export const DMA_BUF_SYNC_READ = 1;
export const DMA_BUF_SYNC_WRITE = 2;
export const DMA_BUF_SYNC_RW = 3;
/** START is the absence of END. */
export const DMA_BUF_SYNC_START = 0;
export const DMA_BUF_SYNC_END = 4;
export const DMA_BUF_SYNC_VALID_FLAGS_MASK = DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END;

/** _IOW('b', 0, struct dma_buf_sync): 0x40086200. */
export const DMA_BUF_IOCTL_SYNC = ioc(IOC_WRITE, 0x62, 0, 8);
/** _IOWR('b', 2, struct dma_buf_export_sync_file { __u32 flags; __s32 fd; }): 0xc0086202. */
export const DMA_BUF_IOCTL_EXPORT_SYNC_FILE = ioc(IOC_READ | IOC_WRITE, 0x62, 2, 8);
/** _IOW('b', 3, struct dma_buf_import_sync_file { __u32 flags; __s32 fd; }): 0x40086203. */
export const DMA_BUF_IOCTL_IMPORT_SYNC_FILE = ioc(IOC_WRITE, 0x62, 3, 8);

/** The flags of DMA_BUF_IOCTL_SYNC in words. */
export interface SyncWords {
  readonly start?: boolean;
  readonly end?: boolean;
  readonly read?: boolean;
  readonly write?: boolean;
}

/** What is wrong with them: not just one of start and end; neither read nor write. */
export type SyncProblem = 'phase' | 'access';

/** The flags that the words mean, or why they mean none. Linux refuses a call without an access (EINVAL). */
export function dmaBufSyncFlags({
  start = false,
  end = false,
  read = false,
  write = false,
}: SyncWords): number | SyncProblem {
  if (start === end) return 'phase';
  if (!read && !write) return 'access';
  const access = (read ? DMA_BUF_SYNC_READ : 0) | (write ? DMA_BUF_SYNC_WRITE : 0);
  return access | (end ? DMA_BUF_SYNC_END : DMA_BUF_SYNC_START);
}

/** The bytes of a struct dma_buf_sync. */
export function encodeDmaBufSync(flags: bigint | number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(flags), true);
  return bytes;
}

/** @param bytes at least 8 of them */
export const decodeDmaBufSync = (bytes: Uint8Array): bigint =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true);

/** struct dma_buf_export_sync_file and dma_buf_import_sync_file. */
export interface DmaBufSyncFile {
  readonly flags: number;
  readonly fd: number;
}

export function encodeDmaBufSyncFile({ flags, fd }: DmaBufSyncFile): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, flags, true);
  view.setInt32(4, fd, true);
  return bytes;
}

/** @param bytes at least 8 of them */
export function decodeDmaBufSyncFile(bytes: Uint8Array): DmaBufSyncFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { flags: view.getUint32(0, true), fd: view.getInt32(4, true) };
}
