/** The parts of a running kernel that its calls work on: views over one set of records and one memory. */
import type { ChargedTask } from '../dma-buf/account.ts';
import { AttachmentTable } from '../dma-buf/attachment.ts';
import { dmaHeapOps } from '../dma-buf/backends.ts';
import { type DrmFile, FileTable } from '../dma-buf/dma-buf.ts';
import type { DmaHeapContext } from '../dma-buf/dma-heap.ts';
import { ExportedBuffers } from '../dma-buf/exported-buffers.ts';
import { DataCache } from '../mm/dma/cache.ts';
import { linesTouched } from '../mm/dma/cache-pages.ts';
import type { DmaContext } from '../mm/dma/dma-mapping.ts';
import { hasSwiotlb, Swiotlb } from '../mm/dma/swiotlb.ts';
import type { PhysMemory } from '../mm/phys-memory.ts';
import { Printk } from '../printk.ts';
import { profileIn } from '../profile/recorded-profile.ts';
import type { Records } from '../records.ts';
import { O_CLOEXEC } from '../uapi/fcntl.ts';
import type { PhysAddr } from '../units.ts';
import { bootRecord } from './boot/boot-record.ts';
import { cgroupOfTask } from './cgroup.ts';
import { CpuMemory } from './coherency/cpu-memory.ts';
import { HazardLog } from './coherency/hazard-log.ts';
import { Faults } from './faults/faults.ts';
import { MappingTable } from './mapping-table.ts';
import { pickVictim } from './oom-kill.ts';
import { nextRandom } from './random.ts';
import type { DescriptorTable } from './task.ts';

const EVICTION = 'evict';
/** For each line that an access touches, how likely another one goes, where lines are evicted by chance. */
const EVICTION_CHANCE = 1 / 16;

/** What calls do that happens to others as well, when a file is closed or a task is ended. */
export interface Consequences {
  exit(state: KernelState, task: string): void;
  releaseDrm(state: KernelState, by: string, id: number, file: DrmFile): void;
}

export class KernelState {
  readonly #consequences: Consequences;
  readonly records: Records;
  /** The arena: what devices and uncached accesses reach. */
  readonly memory: PhysMemory;
  readonly printk: Printk;
  readonly files: FileTable;
  readonly exported: ExportedBuffers;
  readonly mappings: MappingTable;
  readonly attachments: AttachmentTable;
  readonly cache: DataCache;
  /** Absent where boot made no pool. */
  readonly swiotlb: Swiotlb | undefined;
  readonly coherency: HazardLog;
  readonly faults: Faults;
  /** Whom the OOM killer picked in the call that is made. */
  readonly oomKilled: string[] = [];
  /** Tasks that end when the call is over that is made: the OOM killer picked them. */
  readonly dying = new Set<string>();
  /** The number of the call that is made. */
  call = 0;

  constructor(records: Records, memory: PhysMemory, consequences: Consequences) {
    this.#consequences = consequences;
    this.records = records;
    this.memory = memory;
    this.printk = new Printk(records);
    this.files = new FileTable(records);
    this.exported = new ExportedBuffers(records);
    this.mappings = new MappingTable(records, () => profileIn(records).arch.taskSize);
    this.attachments = new AttachmentTable(records);
    this.cache = new DataCache(records, memory, (address) => this.exported.hold(address));
    this.swiotlb = hasSwiotlb(records) ? new Swiotlb(records, memory, this.cache) : undefined;
    this.coherency = new HazardLog(this);
    this.faults = new Faults(records);
  }

  /**
   * Memory as the CPU's accesses on behalf of a task see it; the arena itself where nothing stands before it.
   *
   * @param cached whether the mapping is: what is mapped uncached goes past the cache, RAM or not
   */
  cpuMemory(task: string, cached = true): PhysMemory {
    if (!this.cache.active && this.swiotlb?.active !== true) return this.memory;
    return new CpuMemory(this, this.memory, { kind: 'task', name: task }, cached);
  }

  heapContext(task: string): DmaHeapContext {
    const { records, printk, call, faults } = this;
    return {
      records,
      printk,
      memory: this.cpuMemory(task),
      profile: profileIn(records),
      maker: { task, call },
      caller: this.#charged(task),
      inject: (at, asked) => faults.atAllocation(at, task, call, asked),
    };
  }

  /** A task as cgroups see it. */
  #charged(task: string): ChargedTask {
    const { records, printk, dying, oomKilled } = this;
    return {
      get cgroup() {
        return cgroupOfTask(records, task);
      },
      isDying: () => dying.has(task),
      oomKill: (memcg) => {
        const victim = pickVictim(records, printk, task, memcg);
        if (victim !== undefined) oomKilled.push(victim);
        if (victim === task) dying.add(victim);
        else if (victim !== undefined) this.#consequences.exit(this, victim);
        return victim !== undefined;
      },
    };
  }

  dmaContext(): DmaContext {
    const { records, memory, cache, swiotlb, printk } = this;
    const isRam = (address: PhysAddr) => this.isSystemRam(address);
    return { records, memory, cache, printk, isRam, ...(swiotlb && { swiotlb }) };
  }

  isSystemRam(address: PhysAddr): boolean {
    return bootRecord(this.records).iomem.some(
      ({ name, start, end }) => name === 'System RAM' && address >= start && address <= end,
    );
  }

  /** Drops a reference; the last one gives the pages back: fput(), dma_buf_release(). */
  fput(id: number, task: string): void {
    const file = this.files.unref(id);
    if (file?.kind === 'drm') this.#consequences.releaseDrm(this, task, id, file);
    if (file?.kind !== 'dma_buf') return;
    const exported = this.exported.remove(id);
    if (exported !== undefined) {
      const { name, written } = exported;
      const pieces = this.exported.memoryOf(file.sgTable);
      this.memory.moveIn?.(name, pieces, written);
      // They have no bytes of their own, and nobody is left who could miss them.
      for (const { base, size } of pieces) this.cache.drop(base, size);
    }
    dmaHeapOps(file.backing).release(this.heapContext(task), file.sgTable, file.charge);
  }

  /**
   * The bytes of a dma-buf lie in a file of its own from now on, which a real program can map, until the last reference
   * is gone.
   *
   * @param id the number of the open file
   * @param name the file in the buffers' directory
   */
  exportBuffer(id: number, name: string): void {
    const file = this.files.get(id);
    if (file?.kind !== 'dma_buf') throw new Error(`file ${id} is no dma-buf`);
    const pieces = this.exported.memoryOf(file.sgTable);
    for (const { base, size } of pieces) this.cache.share(base, size);
    const written = this.memory.moveOut?.(name, pieces) ?? false;
    this.exported.add(id, name, written);
  }

  /**
   * A descriptor for a file, or the limit. What is open under the number that the caller's own table gave is closed.
   *
   * @param at @param from as `DescriptorTable.vacancy` has them
   */
  install(
    table: DescriptorTable,
    file: number,
    flags: number,
    at?: number,
    from = 0,
  ): number | { readonly limit: number } {
    const replaced = at === undefined ? undefined : table.remove(at);
    const fd = table.install(file, (flags & O_CLOEXEC) !== 0, at, from);
    if (replaced !== undefined) this.fput(replaced, table.task);
    return fd ?? { limit: table.nofile };
  }

  /**
   * Lets lines go by chance, as a cache of limited size does, where the boot asked for it: so many for each line
   * of an access, that an access in pieces draws the same numbers.
   */
  evictByChance(address: bigint, length: number): void {
    const { evict } = bootRecord(this.records);
    if (evict === undefined || !this.cache.active) return;
    let state = this.records.get<number>(EVICTION) ?? evict;
    const random = (): number => {
      const next = nextRandom(state);
      state = next.state;
      return next.value;
    };
    this.coherency.add(this.cache.evict(random, linesTouched(address, length), EVICTION_CHANCE));
    this.records.put(EVICTION, state);
  }
}
