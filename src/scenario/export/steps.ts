/** A history as the steps of a scenario: what several calls were together, with what came of it as expectations. */
import { DEFAULT_NOFILE, isTaskName, ROOT } from '../../kernel/task.ts';
import type { JournalCall } from '../../session/journal.ts';
import { sha256 } from '../../session/kept-bytes.ts';
import type { Action } from '../action.ts';
import { ACTIONS } from '../actions/index.ts';
import type { Expect } from '../expect-form.ts';
import type { AnyStep } from '../step.ts';
import { bareAccess, bufferAccess, type Tell } from './byte-runs.ts';
import type { Cursor, Draft, Unsaid } from './draft.ts';
import type { Exporter, Said, Say } from './exporter.ts';
import { type History, hazardKinds, isAccess, isCall, logLines } from './history.ts';
import { Names } from './names.ts';

/** Which entries of the journal are told, by their numbers. */
export interface Range {
  /** What came before is done, and nothing of it is expected. */
  readonly from?: number;
  /** The last one. */
  readonly to?: number;
}

export interface ExportedStep {
  readonly step: AnyStep;
  /** A comment above it. */
  readonly comment?: string;
}

export interface ExportedSteps {
  readonly steps: readonly ExportedStep[];
  /** Comments in the place of calls that no action says: how many. */
  readonly unsaid: number;
  /** How many steps write other bytes than were written. */
  readonly standIns: number;
}

interface Told extends Draft {
  readonly first: number;
}

const EXPORTERS: readonly Exporter[] = Object.values<Action>(ACTIONS)
  .flatMap(({ export: exporter }) => exporter ?? [])
  // Those that say a call in fewer words are asked first.
  .sort((a, b) => Number(a.general ?? false) - Number(b.general ?? false));

/** Calls that need no task. */
const MACHINE: ReadonlySet<string> = new Set(
  EXPORTERS.flatMap(({ withoutTask, calls = {} }) => (withoutTask === true ? Object.keys(calls) : [])),
);

/** What the first says that says anything. */
function first<T>(ask: (exporter: Exporter) => T | undefined): T | undefined {
  for (const exporter of EXPORTERS) {
    const said = ask(exporter);
    if (said !== undefined) return said;
  }
  return undefined;
}

const tellAccess: Tell = (run, target) => first(({ access }) => access?.(run, target, sha256));

const severalOf = (cursor: Cursor): readonly Draft[] | undefined => first(({ several }) => several?.(cursor));

function sayCall(entry: JournalCall, cursor: Cursor): Said | undefined {
  return first(({ calls = {} }) => {
    const say: Say | undefined = calls[entry.call.call];
    return say?.(entry, cursor);
  });
}

/** Tells a history. */
export function exportSteps(
  history: History,
  { from = 0, to = Number.POSITIVE_INFINITY }: Range = {},
): ExportedSteps {
  const names = new Names();
  const devices = new Map(history.devices.map((device) => [device.name, device]));
  const end = Math.min(history.entries.length, to + 1);
  const mayJoin = !countsCalls(history);
  const told: (Told | Unsaid)[] = [];
  for (let at = 0; at < end; ) {
    // What is told with expectations begins at an entry of its own.
    const cursor = { history, names, devices, at, end: at < from ? Math.min(from, end) : end, mayJoin };
    const all = nextSteps(cursor);
    if (all.length === 0) at++;
    for (const next of all) {
      const last = told.at(-1);
      const joined = mayJoin && last !== undefined && at !== from ? join(history, last, next) : undefined;
      if (joined !== undefined) told[told.length - 1] = joined;
      else told.push('unsaid' in next ? next : { ...next, first: at });
      if (!('unsaid' in next)) names.acts(next.task);
      at += next.entries;
    }
  }
  return finish(history, told, from);
}

/** Whether it matters how many calls and accesses there are: for rules that count them, and lines that go by chance. */
function countsCalls({ params, entries }: History): boolean {
  if (params.evict !== undefined || (params.faults?.length ?? 0) > 0) return true;
  return entries.some((entry) => isCall(entry) && entry.call.call === 'fault_add');
}

function nextSteps(cursor: Cursor): readonly (Draft | Unsaid)[] {
  const { names, history, at } = cursor;
  const entry = history.entries[at];
  const task = names.anyone;
  const all = tell(cursor);
  const [next] = all;
  if (next === undefined) return all;
  if (!('unsaid' in next)) {
    names.takeWaiting(next.task);
    return all;
  }
  if (!isCall(entry) || !names.takeWaiting(entry.task)) return all;
  // The call would have started its task.
  const { unsaid: comment, entries } = next;
  return [{ action: { 'task-add': entry.task }, task, entries, comment, replaced: true }];
}

function tell(cursor: Cursor): readonly (Draft | Unsaid)[] {
  const { history, names, at } = cursor;
  const entry = history.entries[at];
  if (isAccess(entry)) return oneOrNone(bareAccess(cursor, tellAccess));
  if (!isCall(entry)) return [];
  const { task, call, result } = entry;
  // Before the call: it may start a task, or end one.
  const { anyone } = names;
  if (call.call === 'task_add') {
    if (isSelfStarted(cursor, entry)) {
      names.startWithStep(task);
      return [];
    }
  } else if (!names.hasTask(task) && !MACHINE.has(call.call)) {
    return [unsaid(entry, 'no task of that name is there')];
  }
  const several = severalOf(cursor) ?? oneOrNone(bufferAccess(cursor, tellAccess));
  if (several.length > 0) {
    const count = several.reduce((sum, { entries }) => sum + entries, 0);
    const told = history.entries.slice(at, at + count);
    for (const one of told) noteDeath(names, one);
    // What the task had made went with it.
    return told.some(isDeath) ? several.map(withoutPhys) : several;
  }
  const said = sayCall(entry, cursor);
  noteDeath(names, entry);
  if (said === undefined || !isSayable(said.action)) return [unsaid(entry, 'no action says it')];
  const { errno } = result;
  const isThere =
    !MACHINE.has(call.call) || (names.hasTask(task) && !(call.call === 'task_add' && call.name === task));
  const acted = isThere ? task : anyone;
  return [{ ...said, task: acted, entries: 1, ...(errno !== undefined && { expect: { errno } }) }];
}

const oneOrNone = <T>(one: T | undefined): readonly T[] => (one === undefined ? [] : [one]);

function withoutPhys({ expect, ...draft }: Draft): Draft {
  const { phys: _, ...rest } = expect ?? {};
  return { ...draft, expect: rest };
}

/** A step that names a task starts it as this call did: when it is the next one, the call need not be told. */
function isSelfStarted({ history, at, end }: Cursor, { task, call, result }: JournalCall): boolean {
  if (call.call !== 'task_add' || call.name !== task || result.ret < 0 || !isTaskName(task)) return false;
  const { uid, gid, groups } = call.credentials;
  if (call.nofile !== DEFAULT_NOFILE || uid !== ROOT.uid || gid !== ROOT.gid || groups.length > 0)
    return false;
  const next = at + 1 < end ? history.entries[at + 1] : undefined;
  if (isCall(next))
    return next.task === task && next.call.call !== 'task_add' && !MACHINE.has(next.call.call);
  return isAccess(next) && 'task' in next.place && next.place.task === task;
}

/** Whether a fault rule ended the task instead of making the call. */
const isDeath = (entry: History['entries'][number] | undefined): boolean =>
  isCall(entry) && entry.result.why?.kind === 'injected' && 'died' in entry.result.why;

function noteDeath(names: Names, entry: History['entries'][number] | undefined): void {
  if (isCall(entry) && isDeath(entry)) names.endTask(entry.task);
}

/** A scenario has no negative numbers of descriptors and the like. */
function isSayable(value: unknown): boolean {
  if (typeof value === 'number' || typeof value === 'bigint') return value >= 0;
  return typeof value !== 'object' || value === null || Object.values(value).every(isSayable);
}

const unsaid = ({ task, call, result }: JournalCall, why: string): Unsaid => {
  const { call: name, ...given } = call;
  const args = Object.entries(given).map(([key, value]) => `${key}=${argument(value)}`);
  const answer = result.errno ?? String(result.ret);
  return { unsaid: ` ${task} called ${name}(${args.join(', ')}) = ${answer}: ${why}`, entries: 1 };
};

function argument(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return typeof value === 'object' && value !== null ? '…' : JSON.stringify(String(value)).slice(1, -1);
}

/** Two neighbouring pieces of one fill as one, where neither caused anything. */
function join(history: History, last: Told | Unsaid, next: Draft | Unsaid): Told | undefined {
  if ('unsaid' in last || 'unsaid' in next || last.fill === undefined || next.fill === undefined)
    return undefined;
  const { fill } = last;
  if (
    next.task !== last.task ||
    next.fill.what !== fill.what ||
    next.fill.offset !== fill.offset + fill.length
  )
    return undefined;
  const entries = last.entries + next.entries;
  const end = last.first + entries - 1;
  if (hazardKinds(history, last.first, end).length > 0 || logLines(history, last.first, end).length > 0)
    return undefined;
  const length = fill.length + next.fill.length;
  return { ...last, ...fill.build(fill.offset, length), entries, fill: { ...fill, length } };
}

/** Adds who makes the calls, and what the journal's logs say. */
function finish(history: History, told: readonly (Told | Unsaid)[], from: number): ExportedSteps {
  const steps: ExportedStep[] = [];
  let pending: string[] = [];
  for (const one of told) {
    if ('unsaid' in one) {
      pending.push(one.unsaid);
      continue;
    }
    const { action, as, task, first, entries, comment } = one;
    const last = first + entries - 1;
    const expect = first < from ? onlyFailure(one.expect) : fullExpect(history, one.expect, first, last);
    const comments = [...pending, ...(comment === undefined ? [] : [comment])];
    pending = [];
    const step: AnyStep = {
      ...action,
      ...(as !== undefined && { as }),
      ...(task !== 'shell' && { task }),
      ...(Object.keys(expect).length > 0 && { expect }),
    };
    steps.push({ step, ...(comments.length > 0 && { comment: comments.join('\n') }) });
  }
  const drafts = told.filter((one): one is Told => !('unsaid' in one));
  return {
    steps,
    unsaid: told.length - drafts.length + drafts.filter(({ replaced }) => replaced === true).length,
    standIns: drafts.filter(({ standIn }) => standIn === true).length,
  };
}

/** A step that failed must be expected to fail, or the run would end there. */
const onlyFailure = ({ errno, fault }: Expect = {}): Expect => ({
  ...(errno !== undefined && { errno }),
  ...(fault !== undefined && { fault }),
});

function fullExpect(history: History, expect: Expect | undefined, first: number, last: number): Expect {
  const lines = logLines(history, first, last);
  const kinds = hazardKinds(history, first, last);
  return {
    ...expect,
    ...(lines.length > 0 && { log: lines.length === 1 ? (lines[0] ?? '') : lines }),
    ...(kinds.length > 0 && { hazards: kinds }),
  };
}
