/**
 * Ageing: what hours of allocations and frees make of a heap's memory. A task allocates buffers of a mix of sizes,
 * each of which lives for a while; one buffer a step, and one step in eight makes one that lives long. Everything
 * goes through the heap's own node, so that Linux's rules place it; chance comes from a seed.
 *
 *     lifetimes, for a mean of 70:   7 of 8 buffers   1 … 79    (mean 40)
 *                                    1 of 8 buffers   1 … 559   (mean 280)
 */

import type { Kernel } from '../kernel/kernel.ts';
import { nextRandom } from '../kernel/random.ts';
import { NR_OPEN } from '../kernel/task.ts';
import type { HeapView } from '../kernel/views/views.ts';
import type { Geometry } from '../profile/geometry.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../uapi/dma-heap.ts';
import type { Errno } from '../uapi/errno.ts';
import { O_CLOEXEC, O_RDWR } from '../uapi/fcntl.ts';
import { KiB, MiB, type PfnRange, parseSize, parseWhole } from '../units.ts';
import { addTask, type Caller } from './caller.ts';
import { findHeap } from './find-heap.ts';
import { DONE, finish, type Outcome, type Pieces } from './outcome.ts';

/** A size of the mix, and how often it comes. */
export interface AgeSize {
  readonly bytes: bigint;
  readonly weight: number;
}

export interface AgeOptions {
  /** The name of the heap. */
  readonly heap: string;
  /** `DEFAULT_AGE_SIZES` unless given. */
  readonly sizes?: readonly AgeSize[];
  /** Steps that a buffer lives on average; what keeps two thirds of the heap in use unless given. */
  readonly lifetime?: number;
  /** Buffers that are asked for; 12 lifetimes unless given. */
  readonly steps?: number;
  /** 0 unless given. */
  readonly seed?: number;
  /** Whether buffers that live at the end stay; true unless given. */
  readonly keep?: boolean;
}

/** A request that was tried at the end, and given back. */
export interface TriedRequest {
  readonly size: bigint;
  readonly errno?: Errno;
}

export interface AgeReport {
  readonly heap: HeapView;
  readonly sizes: readonly AgeSize[];
  readonly lifetime: number;
  readonly steps: number;
  readonly seed: number;
  readonly allocated: number;
  readonly freed: number;
  /** Requests that failed on the way, by errno. */
  readonly failed: Readonly<Partial<Record<Errno, number>>>;
  /** Buffers of this run that are left. */
  readonly alive: number;
  readonly aliveBytes: bigint;
  /** The heap's largest free run, whatever its alignment. */
  readonly largestRun: bigint;
  /** The largest request that what is free and the heap's alignment allow. */
  readonly largestAligned: bigint;
  readonly tried: readonly TriedRequest[];
}

/** Frames, planes, and what a codec keeps beside them. */
export const DEFAULT_AGE_SIZES: readonly AgeSize[] = [
  { bytes: 4n * KiB, weight: 4 },
  { bytes: 64n * KiB, weight: 3 },
  { bytes: 300n * KiB, weight: 2 },
  { bytes: MiB, weight: 2 },
  { bytes: 3n * MiB, weight: 1 },
];

/** Steps between two looks of whoever waits. */
export const AGE_CHUNK = 256;

/** The steps that an ageing may take. */
export const MAX_AGE_STEPS = 1_000_000;
/** A system heap has more pieces than one wants to wait for. */
const MAX_TRIED = 256n * MiB;
const LONG_LIVED = 1 / 8;

/** A heap that does not exist: nothing was done. */
export class NoHeapToAge extends Error {
  constructor(heap: string) {
    super(`there is no heap ${heap}`);
    this.name = 'NoHeapToAge';
  }
}

/** More sizes than a mix has: every step looks through them. */
const MAX_SIZES = 1000;

/** Reads `4K,64K,1M:3`: sizes, each with its weight after a colon, 1 unless given. @returns `undefined` for no mix */
export function parseAgeSizes(text: string): readonly AgeSize[] | undefined {
  const words = text.split(',');
  if (words.length > MAX_SIZES) return undefined;
  const sizes = words.map((word): AgeSize | undefined => {
    const [size = '', weight = '1', ...more] = word.split(':');
    const bytes = parseSize(size);
    if (bytes === undefined || bytes === 0n || more.length > 0) return undefined;
    return /^[1-9][0-9]{0,5}$/.test(weight.trim()) ? { bytes, weight: Number(weight) } : undefined;
  });
  return sizes.includes(undefined) ? undefined : sizes.filter((size) => size !== undefined);
}

/** Reads a lifetime or a number of steps: 1 at least. */
export function parseAgeSteps(text: string): number | undefined {
  const steps = parseWhole(text, MAX_AGE_STEPS);
  return steps === 0 ? undefined : steps;
}

interface LiveBuffer {
  readonly fd: number;
  readonly bytes: bigint;
}

/** One run of it, which goes on in pieces: each may be a transaction of its own. */
export class Ageing {
  readonly task: string;
  readonly heap: string;
  readonly sizes: readonly AgeSize[];
  readonly lifetime: number;
  readonly steps: number;
  readonly seed: number;
  readonly #keep: boolean;
  #random: number;
  #step = 0;
  #allocated = 0;
  #freed = 0;
  readonly #failed: Partial<Record<Errno, number>> = {};
  /** By the step in which they end. */
  readonly #ends = new Map<number, LiveBuffer[]>();

  /** Starts the task when there is none. @throws NoHeapToAge */
  constructor(kernel: Kernel, task: string, options: AgeOptions) {
    const heap = kernel.heaps().find(({ name }) => name === options.heap);
    if (heap === undefined) throw new NoHeapToAge(options.heap);
    this.task = task;
    this.heap = options.heap;
    this.sizes = options.sizes ?? usualSizes(heap);
    this.lifetime = options.lifetime ?? usualLifetime(heap, this.sizes, kernel.profile.geometry);
    this.steps = options.steps ?? Math.min(Math.max(12 * this.lifetime, 500), MAX_AGE_STEPS);
    this.seed = options.seed ?? 0;
    this.#keep = options.keep ?? true;
    this.#random = this.seed;
    if (!kernel.hasTask(task)) addTask({ kernel, task }, { name: task, nofile: NR_OPEN });
  }

  /** Steps that are done. */
  get done(): number {
    return this.#step;
  }

  /** Goes on for a while. @returns whether more is to come */
  advance(kernel: Kernel, steps = AGE_CHUNK): boolean {
    const end = Math.min(this.#step + steps, this.steps);
    const node = this.#open(kernel);
    for (; this.#step < end; this.#step++) this.#one(kernel, node);
    if (node >= 0) this.#close(kernel, node);
    return this.#step < this.steps;
  }

  /** Frees what is not kept, and looks at what is left of the heap. */
  report(kernel: Kernel): AgeReport {
    if (!this.#keep) {
      for (const buffers of this.#ends.values()) for (const { fd } of buffers) this.#free(kernel, fd);
      this.#ends.clear();
    }
    const before = kernel.heaps().find(({ name }) => name === this.heap);
    if (before === undefined) throw new Error(`heap ${this.heap} has gone`);
    const runs = kernel.freeRuns(this.heap);
    const { pageAlign, pagesToBytes } = kernel.profile.geometry;
    // Those that a fault rule, or somebody else, has closed are not.
    const live = [...this.#ends.values()].flat().filter(({ fd }) => kernel.buffer(this.task, fd));
    return {
      heap: before,
      sizes: this.sizes,
      lifetime: this.lifetime,
      steps: this.#step,
      seed: this.seed,
      allocated: this.#allocated,
      freed: this.#freed,
      failed: this.#failed,
      alive: live.length,
      aliveBytes: live.reduce((sum, { bytes }) => sum + pageAlign(bytes), 0n),
      largestRun: before.region === undefined ? before.largest : pagesToBytes(longest(runs)),
      largestAligned: kernel.largestRequest(this.heap),
      tried: this.#tryAll(kernel, before),
    };
  }

  #one(kernel: Kernel, node: number): void {
    for (const { fd } of this.#ends.get(this.#step) ?? []) this.#free(kernel, fd);
    this.#ends.delete(this.#step);
    const { bytes } = this.#pick();
    const ends = this.#step + this.#lifetime();
    const got = this.#alloc(kernel, node, bytes);
    if (typeof got !== 'number') {
      this.#failed[got.errno] = (this.#failed[got.errno] ?? 0) + 1;
      return;
    }
    this.#allocated++;
    const others = this.#ends.get(ends);
    if (others === undefined) this.#ends.set(ends, [{ fd: got, bytes }]);
    else others.push({ fd: got, bytes });
  }

  #below(end: number): number {
    const { value, state } = nextRandom(this.#random);
    this.#random = state;
    return Math.floor(value * end);
  }

  #pick(): AgeSize {
    let at = this.#below(this.sizes.reduce((sum, { weight }) => sum + weight, 0));
    for (const size of this.sizes) {
      at -= size.weight;
      if (at < 0) return size;
    }
    throw new Error('a mix without a size');
  }

  /** A mean of `lifetime`: half of it is the few that live long. */
  #lifetime(): number {
    const long = this.#below(1 / LONG_LIVED) === 0;
    const mean = long ? this.lifetime / (2 * LONG_LIVED) : this.lifetime / (2 * (1 - LONG_LIVED));
    return 1 + this.#below(Math.max(2 * mean - 1, 1));
  }

  #open(kernel: Kernel): number {
    return kernel.syscall(this.task, { call: 'open', path: `/dev/dma_heap/${this.heap}`, flags: O_RDWR }).ret;
  }

  #close(kernel: Kernel, fd: number): number {
    return kernel.syscall(this.task, { call: 'close', fd }).ret;
  }

  #free(kernel: Kernel, fd: number): void {
    if (this.#close(kernel, fd) === 0) this.#freed++;
  }

  #alloc(kernel: Kernel, fd: number, len: bigint): number | { readonly errno: Errno } {
    const data = { len, fd: 0, fd_flags: O_RDWR | O_CLOEXEC, heap_flags: 0n };
    const arg = encodeDmaHeapAllocationData(data);
    const { errno } = kernel.syscall(this.task, { call: 'ioctl', fd, request: DMA_HEAP_IOCTL_ALLOC, arg });
    return errno === undefined ? decodeDmaHeapAllocationData(arg).fd : { errno };
  }

  /** Powers of two and the sizes of the mix: asked for once more, and given back at once. */
  #tryAll(kernel: Kernel, { size, region, pageSize }: HeapView): readonly TriedRequest[] {
    const most = region === undefined && size > MAX_TRIED ? MAX_TRIED : size;
    const sizes = new Set(this.sizes.map(({ bytes }) => bytes));
    for (let bytes = BigInt(pageSize); bytes <= most; bytes *= 2n) sizes.add(bytes);
    const node = this.#open(kernel);
    const tried = [...sizes]
      .sort((a, b) => (a < b ? -1 : 1))
      .map((bytes): TriedRequest => {
        const got = this.#alloc(kernel, node, bytes);
        if (typeof got !== 'number') return { size: bytes, errno: got.errno };
        this.#close(kernel, got);
        return { size: bytes };
      });
    if (node >= 0) this.#close(kernel, node);
    return tried;
  }
}

/** Those of the usual sizes that a heap has room for eight of. */
function usualSizes({ size }: HeapView): readonly AgeSize[] {
  const fitting = DEFAULT_AGE_SIZES.filter(({ bytes }) => bytes <= size / 8n);
  return fitting.length > 0 ? fitting : DEFAULT_AGE_SIZES.slice(0, 1);
}

const longest = (runs: readonly PfnRange[]): number =>
  runs.reduce((most, { pages }) => Math.max(most, pages), 0);

/** What keeps two thirds of what is free in use. */
function usualLifetime({ free }: HeapView, sizes: readonly AgeSize[], { pageAlign }: Geometry): number {
  const weights = sizes.reduce((sum, { weight }) => sum + BigInt(weight), 0n);
  const total = sizes.reduce((sum, { bytes, weight }) => sum + pageAlign(bytes) * BigInt(weight), 0n);
  return Math.min(Math.max(Number((free * 2n * weights) / (3n * total)), 1), 10_000);
}

/** Ages a heap, in pieces. Where there is no such heap nothing is done: ENOENT. */
export function* ageInPieces(
  { kernel, task }: Caller,
  options: AgeOptions,
): Pieces<Outcome & { readonly report?: AgeReport }> {
  const found = findHeap(kernel, options.heap);
  if (found.heap === undefined) return found;
  const ageing = new Ageing(kernel, task, options);
  while (ageing.advance(kernel)) yield;
  return { ...DONE, report: ageing.report(kernel) };
}

/** Ages a heap in one go. @throws NoHeapToAge */
export function age(kernel: Kernel, task: string, options: AgeOptions): AgeReport {
  const { report } = finish(ageInPieces({ kernel, task }, options));
  if (report === undefined) throw new NoHeapToAge(options.heap);
  return report;
}
