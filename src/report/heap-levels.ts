/** What is free of each heap, from step to step. */
import type { HeapView } from '../kernel/views/views.ts';
import type { HeapSeries } from './report-data.ts';

interface Level {
  readonly heap: string;
  readonly size: bigint;
  free: bigint;
  largest: bigint;
  /** Step, free bytes and bytes of the largest free block, whenever they changed. */
  readonly points: [step: number, free: bigint, largest: bigint][];
}

/** Two names of one area are one level, under the first of them. */
const memoryOf = ({ backend, region }: HeapView): string => `${backend} ${region ?? ''}`;

export class HeapLevels {
  readonly #levels = new Map<string, Level>();

  /** @param heaps as they are before the first step */
  constructor(heaps: readonly HeapView[]) {
    this.look(0, heaps);
  }

  /** @returns bytes by which what is free of all of them changed */
  look(step: number, heaps: readonly HeapView[]): number {
    let changed = 0n;
    const seen = new Set<string>();
    for (const heap of heaps) {
      const memory = memoryOf(heap);
      if (seen.has(memory)) continue;
      seen.add(memory);
      const { free, largest } = heap;
      const level = this.#levels.get(memory);
      if (level === undefined) {
        const { name, size } = heap;
        this.#levels.set(memory, { heap: name, size, free, largest, points: [[step, free, largest]] });
      } else if (level.free !== free || level.largest !== largest) {
        changed += free - level.free;
        Object.assign(level, { free, largest });
        level.points.push([step, free, largest]);
      }
    }
    return Number(changed);
  }

  /** All that was seen, in pages. */
  series(pageSize: number): readonly HeapSeries[] {
    const pages = (bytes: bigint): number => Number(bytes) / pageSize;
    return [...this.#levels.values()].map(({ heap, size, points }) => ({
      heap,
      pages: pages(size),
      points: points.flatMap(([step, free, largest]) => [step, pages(free), pages(largest)]),
    }));
  }
}
