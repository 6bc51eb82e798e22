/**
 * What a report's page is given: plain numbers and texts, small enough that ten thousand steps are one page. The page
 * draws the map of a step from the base that holds then, and the buffers that live then.
 */
import type { MapKind } from './map-kinds.ts';

/** Numbers that belong together in a row: `[first, second, first, second …]`. */
export type Flat = readonly number[];

/** The memory without its buffers, from a step on. */
export interface MemoryBase {
  readonly step: number;
  /** First page as the distance from the end of the part before, pages, kind and place: four numbers a part. */
  readonly parts: Flat;
}

/** A region, an area or a pool. */
export interface ReportPlace {
  readonly name: string;
  readonly pfn: number;
  readonly pages: number;
  readonly heaps: readonly string[];
  /** What it is: `CMA`, `pool, no-map`, `reserved`. */
  readonly what: string;
  /** Why it has no heap; absent when all is well. */
  readonly why?: string;
}

/** A dma-buf, from the step that made it to the step that gave it back. */
export interface ReportBuffer {
  readonly ino: number;
  readonly name: string;
  readonly heap: string;
  /** The task that made it. */
  readonly task: string;
  readonly bytes: number;
  /** The step that made it; 0: it was there when the report began. */
  readonly born: number;
  /** The step that gave it back; absent: it lives to the end. */
  readonly died?: number;
  /** First page and pages, in the order of its sg table. */
  readonly runs: Flat;
}

/** A step of a scenario. */
export interface ReportStep {
  readonly text: string;
  /** The task, by its index in `tasks`. */
  readonly task: number;
  /** How it ended, where it did not simply succeed: `ENOMEM`. */
  readonly ended?: string;
  /** Its line in the scenario. */
  readonly line?: number;
}

/** What is free of a heap, whenever it changed. */
export interface HeapSeries {
  readonly heap: string;
  /** Pages that its backend manages. */
  readonly pages: number;
  /** Step, free pages, pages of the largest free block: three numbers a change. */
  readonly points: Flat;
}

/** A line of the kernel log, or what went wrong with shared memory. */
export interface ReportLine {
  readonly step: number;
  /** Nanoseconds since boot. */
  readonly time: number;
  readonly text: string;
}

/** What a check or a failed step says. */
export interface ReportFinding {
  readonly severity: 'error' | 'warning' | 'note';
  /** The check, or the errno. */
  readonly name: string;
  readonly message: string;
  /** The step that it is about, the first of several; absent: the board. */
  readonly step?: number;
  /** How many steps say the same; absent: one. */
  readonly steps?: number;
  /** A region that it is about. */
  readonly place?: string;
  readonly hint?: string;
}

/** What the board and the kernel were. */
export interface ReportInput {
  readonly name: string;
  readonly value: string;
}

/** A text that goes along, packed. */
export interface ReportFile {
  readonly name: string;
  /** gzip as base64. */
  readonly packed: string;
  readonly bytes: number;
}

/** What is different with another kernel or board. */
export interface ReportComparison {
  /** Which Linux, or which board, it was compared with. */
  readonly with: string;
  readonly differences: readonly string[];
}

/** What a run of a scenario left: what `Timeline` makes. */
export interface TimelineData {
  readonly pageSize: number;
  readonly banner: string;
  /** Where there is memory: first page and pages. */
  readonly segments: Flat;
  readonly kinds: readonly MapKind[];
  readonly places: readonly ReportPlace[];
  readonly bases: readonly MemoryBase[];
  /** Changes of memory without buffers that were left out, for there were too many. */
  readonly basesLeftOut: number;
  readonly buffers: readonly ReportBuffer[];
  readonly tasks: readonly string[];
  readonly steps: readonly ReportStep[];
  readonly series: readonly HeapSeries[];
  readonly log: readonly ReportLine[];
  readonly findings: readonly ReportFinding[];
}

/** All that a page shows. */
export interface ReportData extends TimelineData {
  readonly title: string;
  /** What the kernel died of while it booted: then there is no memory to show, and there are no steps. */
  readonly panic?: string;
  readonly inputs: readonly ReportInput[];
  readonly files: readonly ReportFile[];
  readonly comparison?: ReportComparison;
  /** What the report does not have, in sentences. */
  readonly notes: readonly string[];
}
