/** Checksums of bytes that come in pieces. */
import type { Hash } from 'node:crypto';

export const ALGORITHMS = ['sha256', 'sha1', 'md5', 'crc32'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export interface Checksum {
  update(bytes: Uint8Array): void;
  /** In hexadecimal, as sha256sum and its like print it. */
  digest(): string;
}

/** IEEE 802.3, as in zip and `crc32`: reflected, so that its polynomial is 0x04c11db7 backwards. */
const POLYNOMIAL = 0xedb88320;

const crcTable = (): Uint32Array =>
  Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : POLYNOMIAL);
    return crc;
  });

/** Not that of node:zlib, which older versions of Node lack. */
function crc32(): Checksum {
  const table = crcTable();
  let crc = 0xffffffff;
  return {
    update(bytes) {
      for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0);
    },
    digest: () => ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, '0'),
  };
}

const hashed = (hash: Hash): Checksum => ({
  update: (bytes) => {
    hash.update(bytes);
  },
  digest: () => hash.digest('hex'),
});

/** Makes checksums of a kind. */
export async function checksums(algorithm: Algorithm): Promise<() => Checksum> {
  if (algorithm === 'crc32') return crc32;
  // Loaded only here: other commands start faster without it.
  const { createHash } = await import('node:crypto');
  return () => hashed(createHash(algorithm));
}
