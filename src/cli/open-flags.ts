/** The flags of open(2) by name, all that Linux has; `uapi/fcntl.ts` reads those of an allocation. */
import { InvalidArgumentError } from 'commander';
import * as fcntl from '../uapi/fcntl.ts';

const FLAGS: Readonly<Record<string, number>> = {
  O_RDONLY: fcntl.O_RDONLY,
  O_WRONLY: fcntl.O_WRONLY,
  O_RDWR: fcntl.O_RDWR,
  O_CREAT: fcntl.O_CREAT,
  O_EXCL: fcntl.O_EXCL,
  O_NOCTTY: fcntl.O_NOCTTY,
  O_TRUNC: fcntl.O_TRUNC,
  O_APPEND: fcntl.O_APPEND,
  O_NONBLOCK: fcntl.O_NONBLOCK,
  FASYNC: fcntl.FASYNC,
  O_DIRECTORY: fcntl.O_DIRECTORY,
  O_NOFOLLOW: fcntl.O_NOFOLLOW,
  O_DIRECT: fcntl.O_DIRECT,
  O_LARGEFILE: fcntl.O_LARGEFILE,
  O_NOATIME: fcntl.O_NOATIME,
  O_CLOEXEC: fcntl.O_CLOEXEC,
};

const ACCESS = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'] as const;

/** A number as C writes it: decimal, 0x or a leading 0 for octal, as flags are in <fcntl.h>. */
export function parseNumber(text: string): number | undefined {
  if (!/^(0x[0-9a-f]{1,8}|0[0-7]{0,11}|[1-9][0-9]{0,9})$/i.test(text)) return undefined;
  const value = /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
  return value <= 0xffffffff ? value : undefined;
}

/** Names joined by | or a number; `undefined` when it is neither. */
export function parseFlags(text: string): number | undefined {
  const number = parseNumber(text);
  if (number !== undefined) return number;
  let flags = 0;
  for (const word of text.split(/[|,]/).map((part) => part.trim().toUpperCase())) {
    const value = Object.hasOwn(FLAGS, word) ? FLAGS[word] : undefined;
    if (value === undefined) return undefined;
    flags |= value;
  }
  return flags >>> 0;
}

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

/** The names of what is set; unknown bits in hexadecimal. */
export function flagNames(flags: number): string[] {
  const names: string[] = [ACCESS[flags & fcntl.O_ACCMODE] ?? ''];
  let rest = (flags & ~fcntl.O_ACCMODE) >>> 0;
  for (const [name, bit] of Object.entries(FLAGS)) {
    if (bit <= fcntl.O_ACCMODE || (rest & bit) === 0) continue;
    names.push(name);
    rest = (rest & ~bit) >>> 0;
  }
  if (rest !== 0) names.push(`0x${rest.toString(16)}`);
  return names;
}
