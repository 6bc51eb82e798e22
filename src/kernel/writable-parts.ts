/** Through which of its mappings a task can have written to a buffer. */
import { PROT_WRITE } from '../uapi/fcntl.ts';
import { higher, lower } from './address-space.ts';
import type { MappingRecord, MappingTable } from './mapping-table.ts';

/** Bytes `[from, to)` of what was written, and where they are in a mapping. */
export interface WritablePart {
  readonly mapping: number;
  readonly record: MappingRecord;
  /** From where the mapping begins. */
  readonly at: bigint;
  readonly from: number;
  readonly to: number;
}

/** Cuts bytes `[offset, offset + length)` of a buffer where shared writable mappings of a task begin and end. */
export function* writableParts(
  mappings: MappingTable,
  task: string,
  file: number,
  offset: bigint,
  length: number,
): Iterable<WritablePart> {
  const areas = mappings.ofTask(task).flatMap(([mapping, record]) => {
    if (record.file !== file || !record.shared) return [];
    const parts = record.parts.filter(({ prot }) => (prot & PROT_WRITE) !== 0);
    return parts.map(({ from, to }) => ({
      mapping,
      record,
      start: record.offset + from,
      end: record.offset + to,
    }));
  });
  areas.sort((a, b) => (a.start < b.start ? -1 : 1));
  const end = offset + BigInt(length);
  let at = offset;
  for (const area of areas) {
    const from = higher(at, area.start);
    const to = lower(end, area.end);
    if (from >= to) continue;
    const { mapping, record } = area;
    yield {
      mapping,
      record,
      at: from - record.offset,
      from: Number(from - offset),
      to: Number(to - offset),
    };
    at = to;
  }
}
