/**
 * What goes wrong between a CPU's cache, or a bounce buffer, and a device, as data: bytes that were read
 * stale, and bytes that were written and are lost. The kernel never sees it; a developer sees a torn frame.
 */
import type { PhysAddr } from '../../units.ts';

/** Who reads or writes memory: a task by its CPU, or a device by DMA. */
export interface Accessor {
  readonly kind: 'task' | 'device';
  /** The task's name, or the device's dev_name(). */
  readonly name: string;
}

/**
 * Which step was missing, or which step did it:
 *
 * - `line-not-invalidated`: the CPU read a line that it held while a device wrote memory under it;
 * - `line-not-cleaned`: a device read memory whose newest bytes were still dirty in the CPU's cache;
 * - `dirty-line-invalidated`: an invalidation threw away bytes that the CPU had written;
 * - `line-written-back`: cleaning or evicting a dirty line put its old bytes over a device's newer ones;
 * - `bounce-not-copied-back`: the CPU read memory while a device's bytes were still in a bounce buffer,
 *   or (lost-write) the bounce buffer was given up with them;
 * - `bounce-not-copied-in`: a device read a bounce buffer that did not have the newest bytes of memory;
 * - `bounce-overwrote-cpu`: copying a bounce buffer back replaced newer bytes in memory;
 * - `bounce-overwrote-device`: copying into a bounce buffer replaced a device's newer bytes there.
 */
export type HazardCause =
  | 'line-not-invalidated'
  | 'line-not-cleaned'
  | 'dirty-line-invalidated'
  | 'line-written-back'
  | 'bounce-not-copied-back'
  | 'bounce-not-copied-in'
  | 'bounce-overwrote-cpu'
  | 'bounce-overwrote-device';

/** One run of bytes with one fate. */
export interface Hazard {
  readonly kind: 'stale-read' | 'lost-write';
  readonly cause: HazardCause;
  /** The first byte in the buffer's memory (for a bounce buffer: in the memory that it stands for). */
  readonly address: PhysAddr;
  readonly length: bigint;
  /** Who read stale bytes, or whose bytes are lost. */
  readonly victim: Accessor;
  /**
   * Stale-read: who wrote the bytes that were not seen. Lost-write: who asked for the maintenance or the
   * copy that replaced them; for a line that was evicted, who had written to it.
   */
  readonly culprit: Accessor;
  /**
   * With `line-not-invalidated` and `line-written-back`: whether the line was dirty already when the
   * device wrote. True: it should have been cleaned before (SYNC END). False: it was filled before and
   * read, or written to, after the device wrote; it should have been invalidated (SYNC START).
   */
  readonly dirty?: boolean;
}

/** Collects the hazards of one operation, and joins neighbouring bytes with the same fate. */
export class HazardList {
  readonly #found: { hazard: Hazard; end: PhysAddr }[] = [];
  /** The last of each fate, which the next bytes may continue. */
  readonly #last = new Map<string, { hazard: Hazard; end: PhysAddr }>();

  /** Adds a run of bytes; runs of one fate come in ascending order if they are to be joined. */
  add(hazard: Hazard): void {
    const fate = fateOf(hazard);
    const last = this.#last.get(fate);
    const end = hazard.address + hazard.length;
    if (last !== undefined && last.end === hazard.address) {
      last.hazard = { ...last.hazard, length: last.hazard.length + hazard.length };
      last.end = end;
      return;
    }
    const entry = { hazard, end };
    this.#found.push(entry);
    this.#last.set(fate, entry);
  }

  addAll(hazards: readonly Hazard[]): void {
    for (const hazard of hazards) this.add(hazard);
  }

  get hazards(): readonly Hazard[] {
    return this.#found.map((entry) => entry.hazard);
  }
}

const fateOf = ({ kind, cause, victim, culprit, dirty }: Hazard): string =>
  JSON.stringify([kind, cause, victim.kind, victim.name, culprit.kind, culprit.name, dirty]);
