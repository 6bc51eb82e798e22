import { verb } from '../verb.ts';
import { PROTECTION, RANGE } from './mapping-words.ts';

/** mprotect(2), also of a part of a mapping. */
export const mprotect = verb({
  call: 'mprotect',
  place: { before: 'poll' },
  summary: 'mprotect(2): change what a part of a mapping allows',
  description:
    'mprotect(2) of any range from a place in a mapping on. A descriptor that cannot be written has no writable mapping; dmaheap kernels tells which kernels let a buffer be executed.',
  examples: [
    'dmaheap call mprotect 1 0 4096 PROT_READ',
    "dmaheap call mprotect map:1 4K 8K 'PROT_READ|PROT_WRITE'",
  ],
  arguments: {
    ...RANGE,
    length: { kind: 'size', text: 'bytes, rounded up to pages' },
    prot: PROTECTION,
  },
});
