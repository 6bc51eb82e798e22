/**
 * A number written to a file of debugfs. Models fs/libfs.c: simple_attr_write() and lib/kstrtox.c:
 * kstrtoull() (Linux 7.3).
 */
import type { Errno } from '../../uapi/errno.ts';
import { U64_MASK } from '../../units.ts';

/** What of a write is looked at: the buffer less its terminator. */
const SET_BUF = 23;

/**
 * Reads the number: an optional `+`, digits in base 16 after `0x`, 8 after `0`, else 10, and one newline.
 */
export function parseSimpleAttribute(bytes: Uint8Array): bigint | { readonly errno: Errno } {
  const text = String.fromCharCode(...bytes.subarray(0, SET_BUF));
  const [line = ''] = text.split('\0');
  const match = /^\+?(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))\n?$/.exec(line);
  if (match === null) return { errno: 'EINVAL' };
  const [, hexadecimal, octal, decimal] = match;
  const value = BigInt(
    hexadecimal !== undefined ? `0x${hexadecimal}` : octal !== undefined ? `0o${octal}` : (decimal ?? ''),
  );
  return value > U64_MASK ? { errno: 'ERANGE' } : value;
}
