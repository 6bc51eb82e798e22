/** What the server of `dmaheap exec` tells of a run, in the words of `dmaheap leaks`, `dmaheap hazards` and of commands that failed. */
import type { RunWords } from '../../exec/run-words.ts';
import { formatSize } from '../../units.ts';
import { explainFailure } from '../explain/explain-failure.ts';
import { explainGroup, groupReports } from '../explain/explain-hazard.ts';
import { holders } from '../render/buffers.ts';

export const RUN_WORDS: RunWords = {
  failure: explainFailure,
  leak: (buffer) => {
    const { ino, size, heap, name, maker, call } = buffer;
    const named = name === undefined ? '' : `, named ${name}`;
    const held = holders(buffer).join('; ');
    return `buffer ${ino} of ${heap}, ${formatSize(size)}${named}: made by ${maker}, call ${call}; held by ${held === '' ? 'nobody' : held}`;
  },
  hazards: (reports) => groupReports(reports).map((group) => explainGroup(group).join('\n')),
};
