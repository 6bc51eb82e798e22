/** What is said of a run when it is over: only where there is something to say. */

import { escapeText } from '../../escape-text.ts';
import type { RunGranted, RunSummary } from '../../exec/watch-client.ts';
import { counted } from '../../units.ts';
import { EXIT_EXEC, EXIT_NOT_FOUND } from '../exit-code.ts';
import type { Ink } from '../terminal/ink.ts';

/** What `--fail-on` may name. */
export const FAIL_ON = ['leaks', 'hazards'] as const;
export type FailOn = (typeof FAIL_ON)[number];

export interface RunOutcome extends RunGranted {
  /** Whether --seccomp-io was given. */
  readonly seccompIo: boolean;
  readonly command: readonly string[];
  /** COMMAND's own exit code, 128+n for a signal. */
  readonly code: number;
  /** The session's directory where it is kept. */
  readonly session?: string;
  readonly summary: RunSummary;
  /** What of `--fail-on` was found, and a scenario that did not pass. */
  readonly failed: readonly (FailOn | 'scenario')[];
}

const NOT_OPENED =
  'note: this run opened no heap. A static program, or one that makes raw system calls (Go)? Try --carrier seccomp\n';

const BYTES =
  'read, write, sendfile and splice of a buffer are made on its file here, which grants them (--seccomp-io asks)';
const REST =
  'chdir to /dev/dma_heap is ENOENT, a poll of buffers alone does not wait, a refused MAP_FIXED leaves no hole';

/** How answers differ from the kernel's where the supervisor carried a program. */
const differences = ({ summary, seccompIo }: Pick<RunOutcome, 'summary' | 'seccompIo'>): string[] =>
  summary.supervised && summary.opened ? [...(seccompIo ? [] : [BYTES]), REST] : [];

/** More of a sort are counted: `--json` has all. */
const SHOWN = 20;

function told(lines: readonly { readonly text: string }[]): string {
  const more = lines.length - SHOWN;
  return [
    ...lines.slice(0, SHOWN).map(({ text }) => `  ${text.split('\n').map(escapeText).join('\n  ')}\n`),
    ...(more > 0 ? [`  and ${more} more: --json has all\n`] : []),
  ].join('');
}

/** Whether nothing was run: these codes are the supervisor's. */
export const neverRan = ({ code, summary }: Pick<RunOutcome, 'code' | 'summary'>): boolean =>
  !summary.opened && code >= EXIT_EXEC && code <= EXIT_NOT_FOUND;

/** @param hints whether what may have gone wrong is guessed at: not for a program that could not be carried otherwise */
export function runSummaryText(outcome: RunOutcome, hints: boolean, ink: Ink): string {
  const { opened, leaks, hazards, scenario } = outcome.summary;
  return [
    ...(opened || !hints || neverRan(outcome) ? [] : [NOT_OPENED]),
    ...differences(outcome).map((text) => `note: by seccomp ${text}: docs/exec-seccomp.md\n`),
    ...(leaks.length === 0 ? [] : [`${ink.warn(counted(leaks.length, 'leak'))}:\n${told(leaks)}`]),
    ...(hazards.length === 0 ? [] : [`${ink.warn(counted(hazards.length, 'hazard'))}:\n${told(hazards)}`]),
    ...(scenario === undefined ? [] : [scenario.text]),
  ].join('');
}

/** The same as JSON. */
export const runReportJson = ({ summary, ...run }: RunOutcome) => ({
  schema: 'dmaheap.exec/1',
  profile: run.profile,
  session: run.session ?? null,
  command: run.command,
  task: run.task,
  exit_code: run.code,
  opened: summary.opened,
  differs: differences({ summary, ...run }),
  leaks: summary.leaks,
  reports: summary.hazards,
  scenario: summary.scenario ?? null,
  failed: run.failed,
  entries: { from: run.entry, to: summary.entry },
});
