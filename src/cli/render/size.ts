/** Sizes where the number of bytes matters. */
import { formatSize } from '../../units.ts';

/** `8 MiB (8388608)`; bytes that are no whole unit stand alone: `100 B`. */
export function sizeExact(bytes: bigint): string {
  const text = formatSize(bytes);
  return text.endsWith(' B') ? text : `${text} (${bytes})`;
}
