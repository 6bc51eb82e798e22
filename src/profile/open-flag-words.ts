/**
 * The words of open(2)'s flags as users write and read them. Options and scenarios are read before any kernel is at
 * hand, so their words are those of the architecture that a boot gets unless told otherwise.
 */
import * as names from '../uapi/call-names.ts';
import { ARM64 } from './arm64.ts';

const { openFlags } = ARM64;

/** Names joined by | or a number; `undefined` when it is neither. */
export const parseFlags = (text: string): number | undefined => names.parseFlags(text, openFlags);

/** The third argument of fcntl(2): a number, FD_CLOEXEC, or flags of open(2). */
export const parseFcntlArgument = (text: string): number | undefined =>
  names.parseFcntlArgument(text, openFlags);

/** The names of what is set; unknown bits in hexadecimal. */
export const flagNames = (flags: number): string[] => names.flagNames(flags, openFlags);

/** The same in one word: `O_RDWR|O_CLOEXEC`. */
export const formatFlags = (flags: number): string => flagNames(flags).join('|');
