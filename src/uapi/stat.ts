/** include/uapi/asm-generic/stat.h: struct stat of a 64-bit architecture as bytes. */

export const S_IFMT = 0o170000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;

/** sizeof(struct stat). */
export const STAT_SIZE = 128;

/** struct stat, less the times, which the emulator does not keep. */
export interface Stat {
  readonly st_dev: bigint;
  readonly st_ino: bigint;
  readonly st_mode: number;
  readonly st_nlink: number;
  readonly st_uid: number;
  readonly st_gid: number;
  readonly st_rdev: bigint;
  readonly st_size: bigint;
  readonly st_blksize: number;
  readonly st_blocks: bigint;
}

/** A device number as stat(2) gives it: new_encode_dev(). */
export const makedev = (major: number, minor: number): bigint =>
  BigInt((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12));

export function encodeStat(stat: Stat): Uint8Array {
  const bytes = new Uint8Array(STAT_SIZE);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, stat.st_dev, true);
  view.setBigUint64(8, stat.st_ino, true);
  view.setUint32(16, stat.st_mode, true);
  view.setUint32(20, stat.st_nlink, true);
  view.setUint32(24, stat.st_uid, true);
  view.setUint32(28, stat.st_gid, true);
  view.setBigUint64(32, stat.st_rdev, true);
  view.setBigInt64(48, stat.st_size, true);
  view.setInt32(56, stat.st_blksize, true);
  view.setBigInt64(64, stat.st_blocks, true);
  return bytes;
}

/** @param bytes at least 128 of them */
export function decodeStat(bytes: Uint8Array): Stat {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    st_dev: view.getBigUint64(0, true),
    st_ino: view.getBigUint64(8, true),
    st_mode: view.getUint32(16, true),
    st_nlink: view.getUint32(20, true),
    st_uid: view.getUint32(24, true),
    st_gid: view.getUint32(28, true),
    st_rdev: view.getBigUint64(32, true),
    st_size: view.getBigInt64(48, true),
    st_blksize: view.getInt32(56, true),
    st_blocks: view.getBigInt64(64, true),
  };
}
