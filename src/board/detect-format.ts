/**
 * Tells which of the inputs that describe a board a file is, by its content.
 */
import { FDT_MAGIC } from '../devicetree/dtb-header.ts';
import { isDts, textSample } from '../devicetree/foreign-format.ts';

export type BoardFormat = 'dtb' | 'dts' | 'yaml' | 'unknown';

/**
 * The format of a board file: a blob by its magic, source by `/dts-v1/` or an opened root node, any other text
 * YAML. An empty or binary file is `unknown`; `decodeDtb()` says what a binary one probably is.
 */
export function detectFormat(bytes: Uint8Array): BoardFormat {
  if (bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) === FDT_MAGIC)
    return 'dtb';
  const text = bytes.length === 0 ? undefined : textSample(bytes);
  if (text === undefined) return 'unknown';
  return isDts(text) ? 'dts' : 'yaml';
}
