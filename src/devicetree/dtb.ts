/**
 * Device-tree blobs, read and written.
 */
export { decodeDtb } from './dtb-reader.ts';
export { type EncodeDtbOptions, encodeDtb } from './dtb-writer.ts';
