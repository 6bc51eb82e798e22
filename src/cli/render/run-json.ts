/** What scenarios came to, as JSON: dmaheap.run/1. */
import { speaksUnverified } from '../../profile/profile.ts';
import type { EndReport, LiveBuffer, RunReport, StepReport } from '../../scenario/index.ts';
import { bufferJson, hazardJson, logJson } from '../json/json.ts';
import { stepReasons } from './run-text.ts';

type Json = Readonly<Record<string, unknown>>;

const aliveJson = ({ buffer, madeBy }: LiveBuffer): Json => ({
  ...bufferJson(buffer),
  step: madeBy?.number ?? null,
  position: madeBy?.position ?? null,
});

const stepJson = (step: StepReport): Json => ({
  number: step.number,
  verdict: step.verdict,
  position: step.position ?? null,
  path: step.path,
  task: step.task,
  action: step.action,
  text: step.text,
  vars: step.vars,
  ret: step.ret,
  errno: step.errno ?? null,
  fault: step.fault?.name ?? null,
  follows: step.follows ?? null,
  mismatches: step.mismatches,
  note: step.note ?? null,
  reason: step.verdict === 'passed' ? [] : stepReasons(step),
  log: step.log.map(logJson),
  hazards: step.hazards.map(hazardJson),
  alive: step.alive?.map(aliveJson) ?? [],
});

const endJson = (end: EndReport): Json => ({
  verdict: end.verdict,
  position: end.position ?? null,
  mismatches: end.mismatches,
  alive: end.alive?.map(aliveJson) ?? [],
  hazards: end.hazards.map(hazardJson),
});

const fileJson = (report: RunReport): Json => ({
  file: report.file,
  title: report.title ?? null,
  verdict: report.verdict,
  profile: report.profile,
  ...(speaksUnverified(report.profile) && { unverified: true }),
  board: report.board,
  seed: report.seed,
  steps: report.steps,
  calls: report.calls,
  time: report.time,
  results: report.reports().map(stepJson),
  untold: report.untold,
  end: report.end === undefined ? null : endJson(report.end),
  panic: report.panic?.message ?? null,
  cause: report.panic?.cause ?? null,
  warnings: report.warnings,
});

/** @param total how many there were, those that were not run included */
export function runJson(reports: readonly RunReport[], total: number): Json {
  const count = (verdict: RunReport['verdict']) =>
    reports.filter((report) => report.verdict === verdict).length;
  return {
    schema: 'dmaheap.run/1',
    passed: count('passed'),
    failed: count('failed'),
    unfinished: count('unfinished'),
    not_run: total - reports.length,
    files: reports.map(fileJson),
  };
}
