/** Histories as scenarios. */
import type { Board } from '../../board/board.ts';
import { bootWords } from './boot-words.ts';
import type { History } from './history.ts';
import { type ScenarioParts, scenarioYaml } from './scenario-yaml.ts';
import { type ExportedSteps, exportSteps, type Range } from './steps.ts';
import { withoutUnknown } from './unknown-bytes.ts';

export { readBundle } from './bundle-read.ts';
export { type BundleParts, writeBundle } from './bundle-write.ts';
export { type History, historyOf } from './history.ts';
export { touchedMemory } from './touched-memory.ts';

export interface ExportRequest extends Range {
  readonly title: string;
  /** What was assumed of the board, where memory depends on it: sentences. */
  readonly assumed?: readonly string[];
  readonly board: ScenarioParts['board'];
  /** The board itself, to find out what cannot be expected. */
  readonly parsed?: Board;
}

export interface Exported extends Pick<ExportedSteps, 'unsaid' | 'standIns'> {
  readonly yaml: string;
  readonly steps: number;
}

/** A history as a scenario in YAML, with expectations on what it did and on what came of it. */
export function exportScenario(
  history: History,
  { title, board, assumed, parsed, ...range }: ExportRequest,
): Exported {
  const { steps: all, unsaid, standIns } = exportSteps(history, range);
  const boot = bootWords(history.params);
  const steps =
    standIns > 0 && parsed !== undefined ? withoutUnknown(all, parsed, boot, history.params.vendor) : all;
  const isWhole = range.to === undefined || range.to >= history.entries.length - 1;
  const yaml = scenarioYaml({
    title,
    board,
    steps,
    ...(boot && { boot }),
    ...(assumed && { assumed }),
    ...(isWhole && { expect: history.end }),
  });
  return { yaml, steps: steps.length, unsaid, standIns };
}
