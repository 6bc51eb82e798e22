/** Reports of shared memory that tell one story: a buffer in pieces, a read in chunks, two stories in turn. */
import type { Report } from './hazard-log.ts';

/** Joins reports that tell one story about neighbouring bytes. */
export function joinReports(reports: Iterable<Report>): Report[] {
  const joined: Report[] = [];
  const lastOf = new Map<string, number>();
  for (const report of reports) {
    const told = storyOf(report);
    const at = lastOf.get(told);
    const before = at === undefined ? undefined : joined[at];
    const both = before && joinTwo(before, report);
    if (at !== undefined && both !== undefined) {
      joined[at] = both;
      continue;
    }
    lastOf.set(told, joined.length);
    joined.push(report);
  }
  return joined;
}

/** What is said of a report beside the place. */
export function storyOf(report: Report): string {
  const buffer = { ...report.buffer, offset: 0 };
  switch (report.report) {
    case 'coherency': {
      const { hazard, missing, noSyncHelps } = report;
      return JSON.stringify([{ ...hazard, address: 0, length: 0 }, buffer, missing, noSyncHelps]);
    }
    case 'stray-dma': {
      const { device, access, occupant } = report;
      return JSON.stringify([device, access, { ...occupant.owner, offset: 0 }, buffer]);
    }
    case 'dma-fault': {
      const { device, fault } = report;
      return JSON.stringify([device, fault.kind, fault.access, fault.why]);
    }
    case 'unbracketed-write': {
      const { task, bracket, missing } = report;
      return JSON.stringify([report.report, task, bracket, missing, buffer]);
    }
  }
}

function joinTwo(first: Report, next: Report): Report | undefined {
  const end = first.buffer && first.buffer.offset + reportLength(first);
  if (end !== next.buffer?.offset) return undefined;
  if (first.report === 'coherency' && next.report === 'coherency') {
    // Of no buffer: neighbours in memory are one.
    if (end === undefined && first.hazard.address + first.hazard.length !== next.hazard.address)
      return undefined;
    return { ...first, hazard: { ...first.hazard, length: first.hazard.length + next.hazard.length } };
  }
  if (first.report !== 'stray-dma' || next.report !== 'stray-dma') return undefined;
  const { range } = first.occupant;
  if (range.base + range.size !== next.occupant.range.base) return undefined;
  const whole = { base: range.base, size: range.size + next.occupant.range.size };
  return { ...first, occupant: { ...first.occupant, range: whole } };
}

/** How many bytes a report is about. */
export function reportLength(report: Report): bigint {
  switch (report.report) {
    case 'coherency':
      return report.hazard.length;
    case 'stray-dma':
      return report.occupant.range.size;
    case 'dma-fault':
      return 1n;
    case 'unbracketed-write':
      return report.length;
  }
}

/** What kind of thing went wrong. */
export const hazardKind = (
  report: Report,
): 'stale-read' | 'lost-write' | Exclude<Report['report'], 'coherency'> =>
  report.report === 'coherency' ? report.hazard.kind : report.report;
