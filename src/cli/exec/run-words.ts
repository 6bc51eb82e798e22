/** What the server of `dmaheap exec` tells of a run, in the words of `dmaheap leaks`, `dmaheap hazards` and of commands that failed. */
import type { RunWords } from '../../exec/run-words.ts';
import type { BufferView } from '../../kernel/views/views.ts';
import { formatSize } from '../../units.ts';
import { explainFailure } from '../explain/explain-failure.ts';
import { explainGroup, groupReports } from '../explain/explain-hazard.ts';
import { holders } from '../render/buffers.ts';
import { runText } from '../render/run-text.ts';

function made({ ino, size, heap, name, maker, call }: BufferView): string {
  const named = name === undefined ? '' : `, named ${name}`;
  return `buffer ${ino} of ${heap}, ${formatSize(size)}${named}: made by ${maker}, call ${call}`;
}

export const RUN_WORDS: RunWords = {
  failure: explainFailure,
  leak: (buffer) => {
    const held = holders(buffer).join('; ');
    return `${made(buffer)}; held by ${held === '' ? 'nobody' : held}`;
  },
  unfreed: (buffer, task) => `${made(buffer)}; never closed: Linux freed it when ${task} ended`,
  scenario: (report) => runText(report),
  hazards: (reports) => groupReports(reports).map((group) => explainGroup(group).join('\n')),
};
