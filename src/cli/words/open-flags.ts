/** The flags of open(2) as an option. */
import { InvalidArgumentError } from 'commander';
import { parseFlags } from '../../profile/open-flag-words.ts';

/** Reads an option. */
export function readFlags(text: string): number {
  const flags = parseFlags(text);
  if (flags === undefined) {
    throw new InvalidArgumentError(
      'Expected flags of open(2) joined by |, as O_RDWR|O_CLOEXEC, or a number (0 leads octal).',
    );
  }
  return flags;
}
