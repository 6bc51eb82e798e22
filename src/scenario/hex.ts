/** Bytes in hexadecimal, as they lie in memory. Without Buffer, which only Node has. */
export { parseHexBytes as bytesOfHex } from '../program/hex-bytes.ts';

export const hexOf = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
