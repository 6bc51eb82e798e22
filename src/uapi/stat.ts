/** stat(2): the file types, device numbers, and struct stat as bytes, whose layout an architecture's profile has. */

export const S_IFMT = 0o170000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;

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

/** Where a field lies: its offset, and its length of 4 or 8 bytes. */
type StatField = readonly [offset: number, bytes: 4 | 8];

/** An architecture's struct stat. */
export interface StatLayout extends Readonly<Record<keyof Stat, StatField>> {
  /** sizeof(struct stat). */
  readonly size: number;
}

const FIELDS = [
  ...(['st_dev', 'st_ino', 'st_mode', 'st_nlink', 'st_uid', 'st_gid'] as const),
  ...(['st_rdev', 'st_size', 'st_blksize', 'st_blocks'] as const),
];

/** struct stat as bytes, little-endian; a value that its field is too narrow for is cut. */
export function encodeStat(stat: Stat, layout: StatLayout): Uint8Array {
  const bytes = new Uint8Array(layout.size);
  const view = new DataView(bytes.buffer);
  for (const name of FIELDS) {
    const [offset, width] = layout[name];
    const value = BigInt(stat[name]);
    if (width === 8) view.setBigInt64(offset, value, true);
    else view.setUint32(offset, Number(BigInt.asUintN(32, value)), true);
  }
  return bytes;
}

/** @param bytes at least as many as the layout has */
export function decodeStat(bytes: Uint8Array, layout: StatLayout): Stat {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const read = (name: keyof Stat): bigint => {
    const [offset, width] = layout[name];
    return width === 8 ? view.getBigUint64(offset, true) : BigInt(view.getUint32(offset, true));
  };
  return {
    st_dev: read('st_dev'),
    st_ino: read('st_ino'),
    st_mode: Number(read('st_mode')),
    st_nlink: Number(read('st_nlink')),
    st_uid: Number(read('st_uid')),
    st_gid: Number(read('st_gid')),
    st_rdev: read('st_rdev'),
    st_size: read('st_size'),
    st_blksize: Number(read('st_blksize')),
    st_blocks: read('st_blocks'),
  };
}

/** include/uapi/linux/magic.h: f_type of statfs(2). */
export const DMA_BUF_MAGIC = 0x444d4142;
export const TMPFS_MAGIC = 0x01021994;
export const PROC_SUPER_MAGIC = 0x9fa0;
export const SYSFS_MAGIC = 0x62656572;

/** sizeof(struct statfs) of 64 bits: include/uapi/asm-generic/statfs.h. */
export const STATFS_SIZE = 120;
const NAME_MAX = 255n;

/** struct statfs as bytes, of a file system that counts nothing. */
export function encodeStatfs(magic: number, pageSize: number): Uint8Array {
  const bytes = new Uint8Array(STATFS_SIZE);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, BigInt(magic), true);
  view.setBigInt64(8, BigInt(pageSize), true);
  view.setBigInt64(64, NAME_MAX, true);
  view.setBigInt64(72, BigInt(pageSize), true);
  return bytes;
}
