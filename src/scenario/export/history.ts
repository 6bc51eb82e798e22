/** What happened to a kernel since boot, as an export tells it: the journal, and what the logs say of it. */
import type { DeviceTree } from '../../devicetree/tree.ts';
import type { BootParams } from '../../kernel/boot/boot-params.ts';
import { hazardKind, joinReports } from '../../kernel/coherency/joined-reports.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Device } from '../../mm/dma/device.ts';
import type { Profile } from '../../profile/profile.ts';
import type { JournalAccess, JournalCall, JournalEntry } from '../../session/journal.ts';
import type { EndExpect } from '../expect-form.ts';
import { sizeWord } from './words.ts';

export interface History {
  /** Which Linux it happened on. */
  readonly profile: Profile;
  readonly params: BootParams;
  readonly entries: readonly JournalEntry[];
  /** The devices that boot left. */
  readonly devices: readonly Device[];
  /** The board's tree, by whose nodes devices may be described. */
  readonly tree?: DeviceTree;
  /** The lines that entries caused, without those that a rate limit dropped. */
  readonly log: ReadonlyMap<number, readonly string[]>;
  /** What went wrong with shared memory, by entry. */
  readonly hazards: ReadonlyMap<number, readonly Parameters<typeof hazardKind>[0][]>;
  /** What the machine came to after the last entry. */
  readonly end: EndExpect;
}

export const isCall = (entry: JournalEntry | undefined): entry is JournalCall =>
  entry !== undefined && 'call' in entry;
export const isAccess = (entry: JournalEntry | undefined): entry is JournalAccess =>
  entry !== undefined && 'access' in entry;

/** Reads a history from a kernel and its journal, of one moment. */
export function historyOf(
  kernel: Kernel,
  entries: readonly JournalEntry[],
  boot: Pick<History, 'params' | 'devices' | 'tree'>,
): History {
  const log = new Map<number, readonly string[]>();
  const hazards = new Map<number, readonly Parameters<typeof hazardKind>[0][]>();
  for (const entry of entries) {
    if (entry.log !== undefined) {
      const lines = take(kernel.printk.since(entry.log[0]), entry.log[1] - entry.log[0]);
      const shown = lines.filter(({ suppressed }) => suppressed !== true).map(({ text }) => text);
      if (shown.length > 0) log.set(entry.seq, shown);
    }
    if (entry.hazards !== undefined) {
      const reports = take(kernel.hazards.since(entry.hazards[0]), entry.hazards[1] - entry.hazards[0]);
      hazards.set(entry.seq, reports.filter(happensAgain));
    }
  }
  return { ...boot, profile: kernel.profile, entries, log, hazards, end: endOf(kernel) };
}

/** What a real program did between its calls is found while it runs, and not when its calls are made again. */
const happensAgain = ({ report }: Parameters<typeof hazardKind>[0]): boolean =>
  report !== 'unbracketed-write';

function take<T>(from: Iterable<T>, count: number): T[] {
  const taken: T[] = [];
  for (const one of from) {
    if (taken.length === count) break;
    taken.push(one);
  }
  return taken;
}

/** The kinds of several entries' hazards, as a step counts them. */
export const hazardKinds = (history: History, first: number, last: number): string[] => {
  const reports: Parameters<typeof hazardKind>[0][] = [];
  for (let seq = first; seq <= last; seq++) reports.push(...(history.hazards.get(seq) ?? []));
  return joinReports(reports).map(hazardKind);
};

export function logLines(history: History, first: number, last: number): string[] {
  const lines: string[] = [];
  for (let seq = first; seq <= last; seq++) lines.push(...(history.log.get(seq) ?? []));
  return lines;
}

function endOf(kernel: Kernel): EndExpect {
  const buffers = kernel.buffers().length;
  const reports = joinReports([...kernel.hazards.since()].filter(happensAgain)).length;
  const heaps = kernel.heaps().flatMap(({ name, free, largest }) => {
    // YAML of ours has no such key: the one name that a heap may have and an expectation may not.
    if (name === '__proto__') return [];
    return [[name, { free: sizeWord(free), largest: sizeWord(largest) }] as const];
  });
  return { buffers, hazards: reports === 0 ? 'none' : reports, heaps: Object.fromEntries(heaps) };
}
