/** Reads what somebody pasted, whatever it is and in whatever order: which reader a line is for shows in the line. */
import { type Facts, noFacts } from './facts.ts';
import { type InputText, linesOf } from './line.ts';
import { bufinfo } from './readers/bufinfo.ts';
import { captureLines } from './readers/capture-lines.ts';
import { cmaDebugfs } from './readers/cma-debugfs.ts';
import { configLines } from './readers/config.ts';
import { deviceTreeFiles } from './readers/device-tree-files.ts';
import { fdinfo } from './readers/fdinfo.ts';
import { freeLists } from './readers/free-lists.ts';
import { heapNodes } from './readers/heap-nodes.ts';
import { identityLines } from './readers/identity-lines.ts';
import { iomemLines } from './readers/iomem.ts';
import { memoryLines } from './readers/memory-lines.ts';
import { procCounters } from './readers/proc-counters.ts';
import { atOf, type Reader } from './readers/reader.ts';
import { regionLines } from './readers/region-lines.ts';

/** Those that go by the path first: what stands in a file that is named can be nothing else. */
const readers = (): readonly Reader[] => [
  captureLines,
  deviceTreeFiles,
  cmaDebugfs,
  fdinfo(),
  identityLines,
  regionLines(),
  freeLists(),
  memoryLines,
  iomemLines,
  procCounters,
  heapNodes,
  bufinfo(),
  configLines,
];

/** Log lines kept for what they look like. */
const MOST_LOG_LINES = 20_000;

/** Reads inputs in the order in which they are given; of what is told twice the later one counts, where order matters. */
export function readFacts(inputs: readonly InputText[]): Facts {
  const facts = noFacts();
  for (const input of inputs) {
    const all = readers();
    for (const line of linesOf(input)) {
      const isBlank = line.raw.trim() === '';
      if (isBlank && !deviceTreeFiles.read(line, facts)) continue;
      if (isBlank) continue;
      const reader = all.find((one) => one.read(line, facts));
      if (reader === undefined) {
        facts.unknown++;
        continue;
      }
      facts.counts.set(reader.what, (facts.counts.get(reader.what) ?? 0) + 1);
      if (reader.what === 'kernel log' && facts.logLines.length < MOST_LOG_LINES) {
        facts.logLines.push({ message: line.message, at: atOf(line) });
      }
    }
    for (const reader of all) reader.end?.(facts);
  }
  return facts;
}

/** Whether anything was read that a board or a state could be made of. */
export const isEmpty = (facts: Facts): boolean => facts.counts.size === 0;
