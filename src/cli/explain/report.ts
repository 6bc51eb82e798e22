/** What is said of a command that did not end well: as text for standard error, and as one JSON object. */
import type { Diagnostic } from '../../diagnostic.ts';
import { escapeText } from '../../escape-text.ts';
import type { LogLine } from '../../printk.ts';
import { errnoNumber, strerror } from '../../uapi/errno.ts';
import { EXIT_BUG, exitCode } from '../exit-code.ts';
import { BootPanic, CallFailed, type FailedCall, UnreadableInput } from '../failures.ts';
import { logJson, modeText, regionJson } from '../json/json.ts';
import { renderDiagnostic } from '../render/diagnostic.ts';
import { droppedNote, renderLogLine, splitLog } from '../render/log.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { explainOutcome } from './explain-failure.ts';

/** An error of one of our own families as the bundles see it: told apart by name (see `exitCode`). */
interface NamedError extends Error {
  readonly code?: string;
  readonly hint?: string | undefined;
  readonly diagnostics?: readonly Diagnostic[];
}

const asError = (thrown: unknown): NamedError =>
  thrown instanceof Error ? thrown : new Error(`thrown: ${String(thrown)}`);

const indent = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join('');

function renderLog(lines: readonly LogLine[], ink: Ink): string {
  const { shown, dropped } = splitLog(lines);
  const text = shown.map((line) => `${renderLogLine(line, false, ink)}\n`).join('');
  return dropped === 0 ? text : `${text}(${droppedNote(dropped)})\n`;
}

const reasons = (call: FailedCall): string[] => [...explainOutcome(call), ...(call.notes ?? [])];

function callText(call: FailedCall, ink: Ink): string {
  const head = `${escapeText(call.what)}: ${ink.bad(call.errno)} (${strerror(call.errno)})\n`;
  const more = call.context?.lines ?? [];
  return head + indent([...reasons(call).map(escapeText), ...more]) + renderLog(call.log ?? [], ink);
}

/** The text for standard error; empty when there is nothing to say. */
export function errorText(thrown: unknown, ink: Ink = NO_INK): string {
  const error = asError(thrown);
  const tag = ink.bad('error:');
  const hint = error.hint === undefined ? '' : indent([escapeText(error.hint)]);
  if (error instanceof CallFailed) return error.calls.map((call) => callText(call, ink)).join('');
  // The log's last line is the panic's own.
  if (error instanceof BootPanic) {
    const { cause, warnings } = error.outcome;
    const told = [...warnings, ...(cause === undefined ? [] : [cause])];
    return renderLog(error.log, ink) + told.map((one) => renderDiagnostic(one, ink)).join('');
  }
  switch (error.name) {
    case 'ClosedPipe':
      return '';
    case 'InvalidInput':
      return (error.diagnostics ?? []).map((diagnostic) => renderDiagnostic(diagnostic, ink)).join('');
  }
  if (exitCode(thrown) !== EXIT_BUG) return `${tag} ${escapeText(error.message)}\n${hint}`;
  return `${tag} this is a bug in dmaheap, not in what you did\n\n${error.stack ?? error.message}\n\nPlease report it with the text above, the command and, if you can, the board.\n`;
}

/** The numbers of a failure under keys as the kernel would spell them: `free_pages`. */
export const whyJson = (call: Pick<FailedCall, 'why'>): Record<string, unknown> | null =>
  call.why === undefined
    ? null
    : Object.fromEntries(
        Object.entries(call.why).map(([key, value]) => [
          key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
          key === 'mode' ? modeText(value) : value,
        ]),
      );

/** The one shape of an error: what a kind of them has not is null or empty. */
const shaped = (code: string, message: string, more: Readonly<Record<string, unknown>>) => ({
  code,
  message,
  hint: null,
  errno: null,
  number: null,
  why: null,
  reason: [],
  log: [],
  file: null,
  diagnostics: [],
  stack: null,
  ...more,
});

const callJson = (call: FailedCall) =>
  shaped('call-failed', `${call.what}: ${call.errno} (${strerror(call.errno)})`, {
    errno: call.errno,
    number: errnoNumber(call.errno),
    why: whyJson(call),
    reason: reasons(call),
    log: (call.log ?? []).map(logJson),
  });

/** The codes of errors that have none of their own. */
const CODES: Readonly<Record<string, string>> = {
  BootPanic: 'panic',
  UsageError: 'usage',
  BusError: 'bus-error',
  IommuFault: 'iommu-fault',
  SegmentationFault: 'segmentation-fault',
  KernelOops: 'kernel-oops',
  NotModelled: 'not-modelled',
};

function errorMembers(thrown: unknown): Record<string, unknown> {
  const error = asError(thrown);
  if (error instanceof CallFailed) {
    const [first, ...more] = error.calls;
    if (first === undefined) return {};
    return {
      error: callJson(first),
      ...(more.length === 0 ? {} : { more: more.map(callJson) }),
      ...(first.context && { context: first.context.json }),
      ...first.done,
    };
  }
  const { name, message, hint = null, diagnostics = [] } = error;
  const more = {
    hint,
    diagnostics,
    ...(error instanceof BootPanic && { log: error.log.map(logJson) }),
    ...(error instanceof UnreadableInput && { file: error.file }),
  };
  const code = Object.hasOwn(CODES, name) ? CODES[name] : (error.code ?? diagnostics[0]?.code);
  if (exitCode(thrown) === EXIT_BUG) return { error: shaped('bug', message, { stack: error.stack ?? null }) };
  const said = error instanceof BootPanic ? `Kernel panic - not syncing: ${message}` : message;
  const shape = shaped(code ?? 'invalid-input', said, more);
  if (!(error instanceof BootPanic)) return { error: shape };
  const { cause = null, warnings, regions = [] } = error.outcome;
  return { error: { ...shape, cause }, warnings, regions: regions.map(regionJson) };
}

/** The object for standard output with --json. */
export const errorJson = (thrown: unknown): Record<string, unknown> => ({
  schema: 'dmaheap.error/1',
  ...errorMembers(thrown),
});
