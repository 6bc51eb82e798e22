/** What was read, each thing with the place where it stands; nothing is concluded yet. */
import type { PhysAddr, PhysRange } from '../units.ts';
import type { At } from './line.ts';

/** Something that was read. */
export type Told<T> = T & { readonly at: At };

/** `created CMA memory pool at …`: a handler has taken a region, whose name another line tells. */
export interface CreatedPool extends PhysRange {
  readonly kind: 'cma' | 'coherent';
  /** The size was printed in whole units of so many bytes: what is below one is lost. */
  readonly unit: bigint;
  /** `initialized node N` that followed. */
  readonly name?: string;
}

/** `0x…..0x… (K KiB) map|nomap reusable|non-reusable N`; members behind which the line was cut off are absent. */
export interface RangeLine extends PhysRange {
  readonly noMap?: boolean;
  readonly reusable?: boolean;
  readonly name?: string;
}

/** A region of which the log says that it is none, or no pool. */
export interface RefusedRegion {
  readonly name: string;
  readonly why: 'reserve' | 'no-room' | 'matching' | 'skipped' | 'bypassed' | 'invalid';
  readonly base?: PhysAddr;
}

/** What is free in a CMA area, as a failed allocation lists it. */
export interface FreeList {
  /** Absent where the kernel does not say which. */
  readonly area?: string;
  /** Runs of free pages from the area's start. */
  readonly runs: readonly { readonly start: number; readonly length: number }[];
  /** Pages, where the line says so. */
  readonly free?: number;
  readonly total?: number;
}

export interface Zone {
  readonly name: string;
  /** Absent: empty. */
  readonly range?: PhysRange;
}

/** `Memory: AK/TK available (… RK reserved, CK cma-reserved …)`, KiB. */
export interface MemoryLine {
  readonly available: number;
  readonly total: number;
  readonly cma?: number;
}

export interface IomemLine {
  readonly depth: number;
  readonly start: PhysAddr;
  /** The last byte. */
  readonly end: PhysAddr;
  readonly name: string;
}

/** The files of an area's folder of debugfs. */
export interface CmaFolder {
  readonly name: string;
  readonly at: At;
  count?: number;
  used?: number;
  maxchunk?: number;
  basePfn?: number;
  bitmap?: Uint32Array;
}

/** A dma-buf of bufinfo. */
export interface BufferLine {
  readonly size: bigint;
  /** Of the open file, as a number. */
  readonly flags: number;
  readonly count: number;
  readonly expName: string;
  readonly ino: number;
  readonly name?: string;
  /** The devices that are attached. */
  readonly devices: readonly string[];
}

/** A descriptor of a dma-buf, from /proc/PID/fdinfo. */
export interface HolderLine {
  readonly pid: number;
  readonly fd: number;
  readonly ino?: number;
  readonly size?: bigint;
  readonly expName?: string;
  readonly name?: string;
}

export interface Facts {
  readonly releases: Told<{ readonly release: string }>[];
  /** `weak`: by what a line looks like; one that names the architecture counts before it. */
  readonly archs: Told<{ readonly arch: string; readonly weak?: boolean }>[];
  /** `Kernel panic` lines: the machine did not live through its boot, or not long. */
  readonly panics: At[];
  readonly models: Told<{ readonly model: string }>[];
  /** `early`: x86's first line, without what the kernel then puts before: it counts where no other is. */
  readonly cmdlines: Told<{ readonly cmdline: string; readonly early?: boolean }>[];
  readonly nodeRanges: Told<PhysRange>[];
  readonly usableRanges: Told<PhysRange>[];
  readonly zones: Told<Zone>[];
  readonly memory: Told<MemoryLine>[];
  readonly pools: Told<CreatedPool>[];
  readonly ranges: Told<RangeLine>[];
  readonly initialized: Told<{ readonly name: string; readonly compatible: string }>[];
  readonly refused: Told<RefusedRegion>[];
  readonly overlaps: Told<PhysRange & { readonly name: string }>[];
  readonly defaultAreas: Told<{ readonly mib: number; readonly base: PhysAddr }>[];
  readonly failedDefault: Told<{ readonly mib: number }>[];
  readonly atomicPools: Told<{ readonly kib: number }>[];
  readonly freeLists: Told<FreeList>[];
  /** Requests that CMA areas could not answer. */
  readonly failures: Told<{ readonly area?: string; readonly pages: number }>[];
  readonly coherentHeaps: Told<{ readonly name: string }>[];
  readonly iomem: Told<IomemLine>[];
  readonly meminfo: Map<string, Told<{ readonly kib: number }>>;
  readonly buddy: Told<{ readonly zone: string; readonly free: readonly number[] }>[];
  readonly heapNodes: Told<{ readonly name: string; readonly minor?: number; readonly mode?: string }>[];
  readonly folders: Map<string, CmaFolder>;
  readonly buffers: Told<BufferLine>[];
  readonly holders: Told<HolderLine>[];
  readonly tasks: Map<number, string>;
  /** Lines of a .config, as they stand. */
  readonly config: Told<{ readonly text: string }>[];
  /** Properties of the live device tree, by their paths below its root. */
  readonly properties: Map<string, { readonly at: At; readonly bytes: readonly number[] }>;
  /** What a capture could not read. */
  readonly notRead: Told<{ readonly what: string }>[];
  /** Which log forms were seen: for the release where none is named. */
  readonly logLines: Told<{ readonly message: string }>[];
  /** What cannot be read although it looks as if it could. */
  readonly doubts: Told<{ readonly message: string }>[];
  /** Forms of files by which releases differ, as `release-by-log.ts` has them. */
  readonly signs: Set<string>;
  /** How many lines no reader knew. */
  unknown: number;
  /** The lines that were read, by what they are. */
  readonly counts: Map<string, number>;
}

export const noFacts = (): Facts => ({
  releases: [],
  archs: [],
  panics: [],
  models: [],
  cmdlines: [],
  nodeRanges: [],
  usableRanges: [],
  zones: [],
  memory: [],
  pools: [],
  ranges: [],
  initialized: [],
  refused: [],
  overlaps: [],
  defaultAreas: [],
  failedDefault: [],
  atomicPools: [],
  freeLists: [],
  failures: [],
  coherentHeaps: [],
  iomem: [],
  meminfo: new Map(),
  buddy: [],
  heapNodes: [],
  folders: new Map(),
  buffers: [],
  holders: [],
  tasks: new Map(),
  config: [],
  properties: new Map(),
  notRead: [],
  logLines: [],
  doubts: [],
  signs: new Set(),
  unknown: 0,
  counts: new Map(),
});
