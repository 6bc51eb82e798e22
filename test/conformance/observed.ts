/** What a replay saw, in the oracle's words: the other side of `Expectations`. */
import type { Json, JsonObject, RecordedHeap } from './oracle-case.ts';

/** /sys/kernel/debug/cma/AREA as texts, without the line's end. */
export interface ObservedArea {
  readonly count: string;
  readonly used: string;
  readonly maxchunk: string;
  readonly order_per_bit: string;
  readonly base_pfn: string;
  readonly bitmap: string;
}

/** One piece of a system-heap buffer: an sg entry. */
export interface ObservedPiece {
  readonly address: bigint;
  readonly pages: number;
}

export type ObservedStep =
  | {
      readonly kind: 'answered';
      /** What came back, under the recorded names. */
      readonly answer: Readonly<Record<string, Json>>;
      /** The sg table of a new buffer, as the library has it. */
      readonly pieces?: readonly ObservedPiece[];
      /** The lines that it caused. */
      readonly log?: readonly ObservedLogLine[];
      /** Other live buffers that share a page with the new one, by inode. */
      readonly overlaps?: readonly number[];
    }
  /** There is no handler for this op. */
  | { readonly kind: 'not-replayed'; readonly op: string }
  /** An op before it was not replayed and has changed what this one sees. */
  | { readonly kind: 'behind'; readonly op: string; readonly cause: string };

export interface ObservedLogLine {
  /** `<6>text`. */
  readonly line: string;
  /** A rate limit dropped it. */
  readonly suppressed: boolean;
}

export interface Observed {
  /** The text after `not syncing: `, when the boot died. Then there is only the log. */
  readonly panic?: string;
  /** Whether the model claims what CmaFree is right after boot. */
  readonly knowsCmaFree: boolean;
  /** The unit of CMA alignment, bytes. */
  readonly pageblock: number;
  readonly log: readonly string[];
  readonly heaps: readonly RecordedHeap[];
  readonly cma: Readonly<Record<string, ObservedArea>>;
  /** The lines of /proc/meminfo that the recordings keep of a boot, KiB. */
  readonly meminfo: JsonObject;
  /** Lines of /proc/iomem. */
  readonly iomem: readonly string[];
  readonly steps: readonly ObservedStep[];
  /** The recorder's names of tasks, by our pids. */
  readonly tasks?: ReadonlyMap<number, string>;
  readonly logAfter: readonly ObservedLogLine[];
  /** The op that was not replayed and may have left lines in the log. */
  readonly logAfterBehind?: string;
}
