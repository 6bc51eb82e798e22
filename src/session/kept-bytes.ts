/**
 * What the journal keeps of bytes: enough to make them again where that is cheap, and else enough to tell
 * whether others are the same.
 *
 *     one byte all over          its value                     whatever the length
 *     short ones                 as they are                   64 KiB of what was written, 64 bytes of what was read
 *     longer ones                length and SHA-256         up to 256 KiB
 *     all others                 their length: a checksum would take four times as long as the bytes' own way
 */
import { createRequire } from 'node:module';

export type KeptBytes =
  | { readonly length: number; readonly fill: number }
  | { readonly length: number; readonly bytes: Uint8Array }
  | { readonly length: number; readonly sha256: string }
  | { readonly length: number; readonly omitted: true }
  /** Nothing was read: the access faulted. */
  | { readonly length: number };

/** Written bytes are needed to do it again. */
const MAX_WRITTEN = 65_536;
/** Read ones are only compared: as they are where that is hardly longer than their checksum. */
const MAX_READ = 64;

/** A checksum is several times slower than memory. */
const MAX_HASHED = 262_144;

/** Loaded when first needed: it takes longer to load than most commands take to run. */
let crypto: typeof import('node:crypto') | undefined;

/** SHA-256 in hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  // Not by import(), which is asynchronous, and in a bundle there is no module that a path could start from.
  crypto ??= createRequire(process.execPath)('node:crypto') as typeof import('node:crypto');
  return crypto.createHash('sha256').update(bytes).digest('hex');
}

/** Whether all bytes are the same: memcmp with itself, one byte on, which ends where they differ. */
const isFill = (bytes: Uint8Array): boolean =>
  bytes.length > 0 && Buffer.compare(bytes.subarray(1), bytes.subarray(0, -1)) === 0;

/** The journal's own copy. */
export function keepBytes(access: 'read' | 'write', bytes: Uint8Array): KeptBytes {
  const { length } = bytes;
  if (isFill(bytes)) return { length, fill: bytes[0] ?? 0 };
  const limit = access === 'write' ? MAX_WRITTEN : MAX_READ;
  if (length <= limit) return { length, bytes: bytes.slice() };
  return length <= MAX_HASHED ? { length, sha256: sha256(bytes) } : { length, omitted: true };
}
