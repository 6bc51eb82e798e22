/** What is told of a run in the words of those who print: given to the server, which knows only the facts. */
import type { Failure } from '../dma-buf/failure.ts';
import type { Report } from '../kernel/coherency/hazard-log.ts';
import type { BufferView } from '../kernel/views/views.ts';
import type { RunReport } from '../scenario/index.ts';

export interface RunWords {
  /** Why a call failed, in lines. */
  failure(why: Failure): readonly string[];
  /** A buffer that is still alive, in a line. */
  leak(buffer: BufferView): string;
  /** A buffer that nobody had freed when its last task ended, in a line. */
  unfreed(buffer: BufferView, task: string): string;
  /** What went wrong with shared memory: each story once, of several lines perhaps. */
  hazards(reports: readonly Report[]): readonly string[];
  /** What came of a scenario that was played. */
  scenario(report: RunReport): string;
}

/** Words enough for tests, and for those who read numbers. */
export const PLAIN_WORDS: RunWords = {
  failure: ({ kind }) => [kind],
  leak: ({ ino, heap, size }) => `buffer ${ino} of ${heap}, ${size} bytes`,
  unfreed: ({ ino, heap }, task) => `buffer ${ino} of ${heap}: not freed by ${task}`,
  hazards: (reports) => reports.map(({ report }) => report),
  scenario: ({ file, verdict, failures }) => `${file}: ${verdict}, ${failures.length} failures`,
};
