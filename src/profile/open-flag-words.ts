/**
 * The words of open(2)'s flags as users write and read them. Four of them have numbers of each architecture's own
 * (arch/ARCH/include/uapi/asm/fcntl.h), so that a word is a number only where a kernel is at hand. Options and scenarios
 * are read before: there it is checked alone whether a text is one.
 */
import * as names from '../uapi/call-names.ts';
import type { ArchOpenFlags } from '../uapi/fcntl.ts';
import { ARM64 } from './arm64.ts';

/** Reads words for an architecture; `undefined` for a text that is none. */
export type ReadWords = (text: string, openFlags: ArchOpenFlags) => number | undefined;

/** Names joined by | or a number. */
export const parseFlags: ReadWords = names.parseFlags;

/** The third argument of fcntl(2): a number, FD_CLOEXEC, or flags of open(2). */
export const parseFcntlArgument: ReadWords = names.parseFcntlArgument;

/** Whether a text is words or a number: all architectures know the same words. */
export const areWords = (text: string, read: ReadWords): boolean => read(text, ARM64.openFlags) !== undefined;

/** The names of what is set; unknown bits in hexadecimal, and without an architecture those that differ. */
export const flagNames = (flags: number, openFlags?: ArchOpenFlags): string[] =>
  names.flagNames(flags, openFlags);

/** The same in one word: `O_RDWR|O_CLOEXEC`. */
export const formatFlags = (flags: number, openFlags?: ArchOpenFlags): string =>
  flagNames(flags, openFlags).join('|');
