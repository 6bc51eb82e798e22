/** The flags of open(2) as an option. */
import { InvalidArgumentError } from 'commander';
import { areWords, parseFlags } from '../../profile/open-flag-words.ts';
import type { ArchOpenFlags } from '../../uapi/fcntl.ts';

/** Flags that were given: a number where the kernel's architecture is known. */
export type GivenFlags = (openFlags: ArchOpenFlags) => number;

/** Reads an option. */
export function readFlags(text: string): GivenFlags {
  if (!areWords(text, parseFlags)) {
    throw new InvalidArgumentError(
      'Expected flags of open(2) joined by |, as O_RDWR|O_CLOEXEC, or a number (0 leads octal).',
    );
  }
  return (openFlags) => parseFlags(text, openFlags) ?? 0;
}
