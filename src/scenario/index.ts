/**
 * Scenarios: a board, steps and what is expected of them, run in memory.
 *
 * ```ts
 * const source = readScenario(text, 'gate.yaml');
 * const report = runScenario(await prepareScenario(source, { loadBoard, readFile }));
 * ```
 *
 * Loads libraries for YAML, schemas and regular expressions: import it only when there is a scenario.
 */

export { type AnswerDifference, firstAnswerDifference, StepAnswers } from './answers.ts';
export {
  type BootDifference,
  type Booted,
  bootDifferences,
  bootedBy,
  type Placed,
} from './boot-difference.ts';
export type { ScenarioBoot } from './boot-form.ts';
export type { EndExpect, Expect } from './expect-form.ts';
export type { Scenario } from './form.ts';
export { SCENARIO_FORM } from './form-name.ts';
export type { RunningProgram } from './moment.ts';
export type { BoardInputs, PreparedScenario, ScenarioFiles, ScenarioSource } from './prepare.ts';
export { compileScenario, prepareScenario, vendorOf } from './prepare.ts';
export { type ReadScenario, readScenario } from './read-scenario.ts';
export type { EndReport, LiveBuffer, Mismatch, Panic, RunReport, StepPlace, StepReport } from './report.ts';
export { type RunningMachine, type RunOptions, runScenario, ScenarioRun, type SeenStep } from './run.ts';
export { ending, type Seen } from './seen.ts';
export type { Step } from './step-form.ts';
export { stepText } from './step-text.ts';
