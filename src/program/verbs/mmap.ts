import {
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_TYPE,
} from '../../uapi/fcntl.ts';
import { verb } from '../verb.ts';
import { bitNames, joined, PROTECTION } from './mapping-words.ts';

const TYPES = { MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE };
const FLAGS = { MAP_FIXED, MAP_FIXED_NOREPLACE };

/** The type of a mapping is a number, not bits; no names where there is something that has none. */
function mapNames(value: number): readonly string[] {
  const type = Object.entries(TYPES).flatMap(([name, one]) => (one === (value & MAP_TYPE) ? [name] : []));
  const known = Object.values(FLAGS).reduce((all, flag) => all | flag, MAP_TYPE);
  return type.length === 0 || (value & ~known) !== 0 ? [] : [...type, ...bitNames(FLAGS)(value)];
}

const FLAG_TEXT =
  'MAP_SHARED, MAP_PRIVATE or MAP_SHARED_VALIDATE, with MAP_FIXED or MAP_FIXED_NOREPLACE joined by |, or a number';

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
    "dmaheap call mmap 4 4096 PROT_READ 'MAP_SHARED|MAP_FIXED' 0 map:1+8K",
  ],
  arguments: {
    fd: { kind: 'descriptor', text: 'a descriptor' },
    length: { kind: 'size', text: 'bytes' },
    prot: PROTECTION,
    flags: {
      kind: 'flags',
      parse: joined({ ...TYPES, ...FLAGS }),
      names: mapNames,
      text: FLAG_TEXT,
      expected: FLAG_TEXT,
      form: FLAG_TEXT,
    },
    offset: {
      kind: 'signed',
      text: 'bytes; 0 unless given, -- before a negative one',
      default: 0n,
      optional: true,
    },
    addr: {
      kind: 'address',
      text: 'where, with MAP_FIXED; else a wish: a number, map:N or map:N+BYTES',
      default: 0n,
      optional: true,
    },
  },
  returns: 'mapping',
  // The action mmap says what it can.
  isGeneral: true,
});
