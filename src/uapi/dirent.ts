/** include/linux/dirent.h: struct linux_dirent64 as bytes, what getdents64(2) fills its buffer with. */

export const DT_CHR = 2;
export const DT_DIR = 4;
export const DT_REG = 8;
export const DT_LNK = 10;

/** struct linux_dirent64. */
export interface Dirent {
  readonly d_ino: bigint;
  /** Where the next entry begins. */
  readonly d_off: bigint;
  readonly d_type: number;
  readonly d_name: string;
}

/** d_ino, d_off, d_reclen, d_type. */
const HEADER = 19;

/** One entry, padded to 8 bytes. */
export function encodeDirent(entry: Dirent): Uint8Array {
  const name = new TextEncoder().encode(entry.d_name);
  const length = Math.ceil((HEADER + name.length + 1) / 8) * 8;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, entry.d_ino, true);
  view.setBigInt64(8, entry.d_off, true);
  view.setUint16(16, length, true);
  view.setUint8(18, entry.d_type);
  bytes.set(name, HEADER);
  return bytes;
}

/** The entries in `bytes`. */
export function decodeDirents(bytes: Uint8Array): Dirent[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Dirent[] = [];
  for (let at = 0; at + HEADER < bytes.length; ) {
    const length = view.getUint16(at + 16, true);
    const name = bytes.subarray(at + HEADER, at + length);
    entries.push({
      d_ino: view.getBigUint64(at, true),
      d_off: view.getBigInt64(at + 8, true),
      d_type: view.getUint8(at + 18),
      d_name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
    });
    at += length;
  }
  return entries;
}
