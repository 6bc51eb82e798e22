/** Histories as scenarios. */
import { bootWords } from './boot-words.ts';
import type { History } from './history.ts';
import { type ScenarioParts, scenarioYaml } from './scenario-yaml.ts';
import { type ExportedSteps, exportSteps, type Range } from './steps.ts';

export { type History, historyOf } from './history.ts';

export interface ExportRequest extends Range {
  readonly title: string;
  readonly board: ScenarioParts['board'];
}

export interface Exported extends Pick<ExportedSteps, 'unsaid' | 'standIns'> {
  readonly yaml: string;
  readonly steps: number;
}

/** A history as a scenario in YAML, with expectations on what it did and on what came of it. */
export function exportScenario(history: History, { title, board, ...range }: ExportRequest): Exported {
  const { steps, unsaid, standIns } = exportSteps(history, range);
  const boot = bootWords(history.params);
  const isWhole = range.to === undefined || range.to >= history.entries.length - 1;
  const yaml = scenarioYaml({
    title,
    board,
    steps,
    ...(boot && { boot }),
    ...(isWhole && { expect: history.end }),
  });
  return { yaml, steps: steps.length, unsaid, standIns };
}
