import { MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from '../../uapi/fcntl.ts';
import { verb } from '../verb.ts';
import { bitNames, joined, RANGE } from './mapping-words.ts';

const FLAGS = { MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP };
const TEXT = 'MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP joined by |, or a number';

/** mremap(2): shorter, longer or elsewhere. */
export const mremap = verb({
  call: 'mremap',
  place: { before: 'poll' },
  summary: 'mremap(2): prints the number of the mapping, another one where it moved',
  description:
    'mremap(2): makes a mapping shorter or longer, or moves it. Most heaps map frames, which never become longer: which, depends on kernel and heap. Prints the number of the mapping, which is another one where it has moved.',
  examples: ['dmaheap call mremap 1 0 32K 16K 0', 'dmaheap call mremap 1 0 8K 8K 3 map:2+64K'],
  arguments: {
    ...RANGE,
    old_len: { kind: 'size', text: 'bytes; 0 maps the same pages once more' },
    new_len: { kind: 'size', text: 'bytes' },
    flags: {
      kind: 'flags',
      parse: joined(FLAGS),
      names: bitNames(FLAGS),
      text: TEXT,
      expected: TEXT,
      form: TEXT,
    },
    new_addr: {
      kind: 'address',
      text: 'where, with MREMAP_FIXED: a number, map:N or map:N+BYTES',
      default: 0n,
      optional: true,
    },
  },
  returns: 'mapping',
});
