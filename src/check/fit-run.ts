/** A workload allocated on a boot: in a rehearsal, so that the next order begins with the same memory. */
import type { Failure } from '../dma-buf/failure.ts';
import { Kernel } from '../kernel/kernel.ts';
import { NR_OPEN } from '../kernel/task.ts';
import type { HeapView } from '../kernel/views/views.ts';
import { NO_MEMORY } from '../mm/phys-memory.ts';
import { Ageing, DEFAULT_AGE_SIZES } from '../program/age.ts';
import { allocate } from '../program/allocate.ts';
import { addTask } from '../program/caller.ts';
import { finish } from '../program/outcome.ts';
import type { Errno } from '../uapi/errno.ts';
import { bytesOfItem, type WorkItem } from './fit-workload.ts';
import type { Trial } from './trial.ts';

/** Ageing before the workload: buffers of others that come and go. */
export interface FitAge {
  readonly steps: number;
  readonly seed: number;
  /** By heap: how many steps a buffer lives. Fixed, so that a larger region is not filled more. */
  readonly lifetimes: ReadonlyMap<string, number>;
}

/** The request that failed. */
export interface FitFailure {
  readonly item: WorkItem;
  /** Which frame of the item, and which buffer of the frame, from 1. */
  readonly frame: number;
  readonly buffer: number;
  readonly size: bigint;
  readonly errno: Errno;
  readonly why?: Failure;
}

export interface FitResult {
  readonly failure?: FitFailure;
  /** The heaps that the workload names, as it leaves them. */
  readonly left: readonly (HeapView & { readonly largestRequest: bigint })[];
}

const TASK = 'fit';
const AGE_TASK = 'age';
/** Steps of an ageing between two looks of whoever waits. */
const AT_ONCE = 512;

/** Others' buffers fill half of what the workload leaves of a heap. */
export function ageOf(trial: Trial, items: readonly WorkItem[], steps: number, seed: number): FitAge {
  const kernel = new Kernel(trial.records, NO_MEMORY);
  const weights = DEFAULT_AGE_SIZES.reduce((sum, { weight }) => sum + weight, 0);
  const mean =
    DEFAULT_AGE_SIZES.reduce((sum, { bytes, weight }) => sum + Number(bytes) * weight, 0) / weights;
  const lifetimes = new Map<string, number>();
  for (const { name, backend, free } of kernel.heaps()) {
    const own = items.filter(({ heap }) => heap === name);
    if (backend === 'system' || own.length === 0) continue;
    const spare = Number(free - own.reduce((sum, item) => sum + bytesOfItem(item), 0n));
    const lifetime = Math.floor(spare / 2 / mean);
    if (lifetime >= 1) lifetimes.set(name, lifetime);
  }
  return { steps, seed, lifetimes };
}

/** Ages the heaps of a kernel. */
function* aged(kernel: Kernel, { steps, seed, lifetimes }: FitAge): Generator<undefined, void> {
  const names = new Set(kernel.heaps().map(({ name }) => name));
  for (const [heap, lifetime] of lifetimes) {
    if (!names.has(heap)) continue;
    const ageing = new Ageing(kernel, AGE_TASK, { heap, lifetime, steps, seed });
    while (ageing.advance(kernel, AT_ONCE)) yield;
  }
}

/** A kernel on which workloads are tried. */
export class FitMachine {
  readonly kernel: Kernel;

  constructor({ records }: Trial) {
    this.kernel = new Kernel(records, NO_MEMORY);
    addTask({ kernel: this.kernel, task: 'shell' }, { name: TASK, nofile: NR_OPEN });
  }

  /** Ages it once, for all that is tried. */
  *age(age: FitAge | undefined): Generator<undefined, void> {
    if (age !== undefined) yield* aged(this.kernel, age);
  }

  /** Allocates the items in their order. @param passOver heaps whose failures do not count */
  run(items: readonly WorkItem[], passOver: (heap: string) => boolean = () => false): FitResult {
    return this.kernel.rehearse((kernel) => {
      const failure = firstFailure(kernel, items, passOver);
      const heaps = new Set(items.map(({ heap }) => heap));
      const left = kernel
        .heaps()
        .filter(({ name }) => heaps.has(name))
        .map((heap) => ({ ...heap, largestRequest: kernel.largestRequest(heap.name) }));
      return { ...(failure && { failure }), left };
    });
  }
}

function firstFailure(
  kernel: Kernel,
  items: readonly WorkItem[],
  passOver: (heap: string) => boolean,
): FitFailure | undefined {
  const caller = { kernel, task: TASK };
  for (const item of items) {
    for (let frame = 1; frame <= item.count; frame++) {
      for (const [i, size] of item.buffers.entries()) {
        const { errno, why } = finish(allocate(caller, { heap: item.heap, size }));
        if (errno === undefined) continue;
        if (passOver(item.heap)) break;
        return { item, frame, buffer: i + 1, size, errno, ...(why && { why }) };
      }
    }
  }
  return undefined;
}
