/**
 * Memory as a task's loads and stores see it: System RAM through the data cache, everything else uncached, as
 * arm64 maps it: arch/arm64/mm/mmu.c: phys_mem_access_prot() (Linux 7.3).
 */
import type { DataCache } from '../../mm/dma/cache.ts';
import type { Accessor } from '../../mm/dma/hazard.ts';
import type { Swiotlb } from '../../mm/dma/swiotlb.ts';
import { type MemoryWrite, NO_MEMORY, type PhysMemory } from '../../mm/phys-memory.ts';
import type { Records } from '../../records.ts';
import type { PhysAddr } from '../../units.ts';
import { bootRecord } from '../boot/boot-record.ts';
import type { HazardLog } from './hazard-log.ts';

/** What stands between a task and the arena. */
interface Surroundings {
  readonly records: Records;
  readonly cache: DataCache;
  readonly swiotlb: Swiotlb | undefined;
  readonly coherency: HazardLog;
  evictByChance(address: PhysAddr, length: number): void;
}

export class CpuMemory implements PhysMemory {
  readonly #state: Surroundings;
  readonly #memory: PhysMemory;
  readonly #by: Accessor;

  readonly #cached: boolean;

  /**
   * @param memory the arena behind the cache
   * @param cached whether RAM is mapped so: pgprot_writecombine() is not
   */
  constructor(state: Surroundings, memory: PhysMemory, by: Accessor, cached = true) {
    this.#state = state;
    this.#memory = memory;
    this.#by = by;
    this.#cached = cached;
  }

  read(address: PhysAddr, into: Uint8Array): void {
    const { cache, swiotlb, coherency } = this.#state;
    // The arena refuses what is outside of it, before a line could hold it.
    this.#memory.read(address, into);
    this.#eachPart(address, into.length, (at, from, to, cacheable) => {
      const bytes = into.subarray(from, to);
      if (cacheable) coherency.add(cache.load(at, bytes, this.#by));
      coherency.add(swiotlb?.noteLoad(at, BigInt(bytes.length), this.#by) ?? []);
      if (cacheable) this.#state.evictByChance(at, bytes.length);
    });
  }

  write(address: PhysAddr, from: Uint8Array): void {
    const { cache, swiotlb, coherency } = this.#state;
    this.#memory.read(address, new Uint8Array(Math.min(from.length, 1)));
    this.#eachPart(address, from.length, (at, begin, end, cacheable) => {
      const bytes = from.subarray(begin, end);
      if (cacheable) coherency.add(cache.store(at, bytes, this.#by));
      else this.#memory.write(at, bytes);
      swiotlb?.noteStore(at, BigInt(bytes.length), this.#by);
      if (cacheable) this.#state.evictByChance(at, bytes.length);
    });
  }

  writeAll(writes: readonly MemoryWrite[]): void {
    for (const { address, bytes } of writes) this.write(address, bytes);
  }

  /**
   * Zeroes pages that are handed out anew, and forgets the lines of who had them before.
   *
   * Deviation: the kernel zeroes through the cache; here the zeros count as evicted at once. No device that
   * maps the buffer can tell, because mapping cleans it.
   */
  zero(address: PhysAddr, length: bigint): void {
    if (this.#state.cache.active) this.#state.cache.drop(address, length);
    this.#memory.zero(address, length);
  }

  /** Cuts a range where System RAM begins and ends. */
  #eachPart(
    address: PhysAddr,
    length: number,
    visit: (at: PhysAddr, from: number, to: number, cacheable: boolean) => void,
  ): void {
    const cached = this.#cached && this.#state.cache.active;
    const { iomem } = bootRecord(this.#state.records);
    for (let done = 0; done < length; ) {
      const at = address + BigInt(done);
      const resource = iomem.find(({ start, end }) => at >= start && at <= end);
      const next = iomem.reduce(
        (nearest, { start }) => (start > at && (nearest === undefined || start < nearest) ? start : nearest),
        undefined as PhysAddr | undefined,
      );
      const until = resource === undefined ? next : resource.end + 1n;
      const part = until === undefined ? length - done : Math.min(length - done, Number(until - at));
      visit(at, done, done + part, cached && resource?.name === 'System RAM');
      done += part;
    }
  }
}

/** Memory in which stores of a real program are noted that it has already: what stands before it learns of them. */
export function notedMemory(state: Surroundings, task: string, cached: boolean): PhysMemory {
  const by: Accessor = { kind: 'task', name: task };
  const note = (address: PhysAddr, length: number): void => {
    const { cache, swiotlb } = state;
    if (cached && cache.active) cache.noteStore(address, length, by);
    swiotlb?.noteStore(address, BigInt(length), by);
  };
  return {
    ...NO_MEMORY,
    write: (address, from) => note(address, from.length),
    writeAll: (writes) => {
      for (const { address, bytes } of writes) note(address, bytes.length);
    },
  };
}
