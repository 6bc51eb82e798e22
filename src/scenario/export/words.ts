/** Numbers and bytes as a person would write them into a scenario. */
import { flagNames } from '../../profile/open-flag-words.ts';
import { formatHex, formatSize } from '../../units.ts';
import { isTemplate } from '../template.ts';
import type { Flags } from '../value-forms.ts';

/** `8M` when it is exact, else the number. */
export function sizeWord(bytes: bigint): string | bigint {
  const text = formatSize(bytes).replace(/ ([KMGT])iB$/, '$1');
  return /[KMGT]$/.test(text) ? text : bytes;
}

/** `0x60000000:2M`. */
export const spanWord = ({ base, size }: { readonly base: bigint; readonly size: bigint }): string =>
  `${formatHex(base)}:${sizeWord(size)}`;

/** Pairs of digits in groups of four bytes, so that they can be counted. */
export const hexWord = (bytes: Uint8Array): string =>
  (
    Buffer.from(bytes)
      .toString('hex')
      .match(/.{1,8}/g) ?? []
  ).join(' ');

/** A text that a scenario takes as it is: `${` would begin a variable. */
export const isPlainText = (text: string): boolean => !isTemplate(text);

/** Bytes that are a short text of printable characters, or `undefined`. */
export function textWord(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0 || bytes.length > 64 || bytes.some((byte) => byte < 0x20 || byte > 0x7e))
    return undefined;
  const text = Buffer.from(bytes).toString('latin1');
  return isPlainText(text) && !/^[/\s]|\s$/.test(text) ? text : undefined;
}

/** Flags of open(2) as words, where the words mean the same number. */
export const flagsWord = (flags: number): Flags => {
  const names = flagNames(flags);
  return names.every((name) => /^[A-Z_]+$/.test(name) && name !== 'O_ACCMODE') ? names.join('|') : flags;
};
