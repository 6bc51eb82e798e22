import {
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  PROT_EXEC,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from '../../uapi/fcntl.ts';
import { parseWhole } from '../../units.ts';
import { verb } from '../verb.ts';

/** Reads a number, or words of a table joined by |. */
const joined =
  (names: Readonly<Record<string, number>>) =>
  (text: string): number | undefined => {
    const number = parseWhole(text, 0xffffffff);
    if (number !== undefined) return number;
    const bits = text.toUpperCase().split('|');
    if (!bits.every((word) => Object.hasOwn(names, word))) return undefined;
    return bits.reduce((all, word) => all | (names[word] ?? 0), 0);
  };

const MAPS = { MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE };

/** The type of a mapping is a number, not bits. */
const mapNames = (value: number): readonly string[] =>
  Object.entries(MAPS).flatMap(([name, type]) => (type === value ? [name] : []));

/** mmap(2) with what no other word says: any protection and flags, an offset below 0, a length of 0. */
export const mmap = verb({
  call: 'mmap',
  place: { before: 'poll' },
  summary: 'mmap(2): prints the number of the mapping',
  description:
    'mmap(2) with any protection, flags and offset. Prints the number of the mapping, as dmaheap mmap does.',
  examples: [
    'dmaheap call mmap 4 4096 PROT_READ MAP_SHARED_VALIDATE',
    'dmaheap call mmap -- 4 4096 3 1 -4096',
  ],
  arguments: {
    fd: { kind: 'descriptor', text: 'a descriptor' },
    length: { kind: 'size', text: 'bytes' },
    prot: {
      kind: 'flags',
      parse: joined({ PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC }),
      text: 'PROT_NONE, PROT_READ, PROT_WRITE joined by |, or a number',
      expected: 'PROT_NONE, PROT_READ, PROT_WRITE joined by |, or a number',
      form: 'PROT_NONE, PROT_READ, PROT_WRITE joined by |, or a number',
    },
    flags: {
      kind: 'flags',
      parse: joined(MAPS),
      names: mapNames,
      text: 'MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE, or a number',
      expected: 'MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE, or a number',
      form: 'MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE, or a number',
    },
    offset: {
      kind: 'signed',
      text: 'bytes; 0 unless given, -- before a negative one',
      default: 0n,
      optional: true,
    },
  },
  returns: 'mapping',
  // The action mmap says what it can.
  isExported: false,
});
