/** The flags of open(2) by name, all that Linux has; `uapi/fcntl.ts` reads those of an allocation. */
import { InvalidArgumentError } from 'commander';
import { parseFlags } from '../profile/open-flag-words.ts';

export { flagNames, parseFlags } from '../profile/open-flag-words.ts';
export { parseNumber } from '../uapi/call-names.ts';

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
