import { verb } from '../verb.ts';

export const munmap = verb({
  call: 'munmap',
  place: { after: 'mmap' },
  summary: 'take a mapping away',
  action: 'munmap(2) of a whole mapping.',
  description: 'Unmaps what mmap mapped. The last reference to a buffer frees it.',
  examples: ['dmaheap munmap 1'],
  arguments: {
    mapping: { kind: 'mapping', text: 'its number, as mmap printed it; map:N means the same' },
  },
});
