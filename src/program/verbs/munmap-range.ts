import { verb } from '../verb.ts';
import { RANGE } from './mapping-words.ts';

/** munmap(2) of a range; the verb munmap takes all of a mapping. */
export const munmapRange = verb({
  call: 'munmap',
  place: { before: 'poll' },
  summary: 'munmap(2) of a part of a mapping, or of more than one',
  description:
    'munmap(2) of any range from a place in a mapping on: the mapping keeps the rest, and its number. What is not mapped is no error.',
  examples: ['dmaheap call munmap 1 12K 8K'],
  arguments: {
    ...RANGE,
    length: { kind: 'size', text: 'bytes, rounded up to pages' },
  },
});
