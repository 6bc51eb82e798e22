/** Bytes in hexadecimal, as they lie in memory. */
export { parseHexBytes as bytesOfHex } from '../program/hex-bytes.ts';

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
