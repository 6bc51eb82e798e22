/**
 * What went wrong with shared memory, kept like a log: stale reads, lost writes, DMA that hit what the device
 * has no mapping of, and DMA that reached nothing. Linux keeps no such log; a developer finds these with a logic analyser.
 */
import type { Attachment, AttachmentTable } from '../../dma-buf/attachment.ts';
import type { FileTable } from '../../dma-buf/dma-buf.ts';
import type { DmaFault } from '../../mm/dma/dma-access.ts';
import type { Accessor, Hazard } from '../../mm/dma/hazard.ts';
import type { Printk } from '../../printk.ts';
import { geometryOf } from '../../profile/recorded-profile.ts';
import { type Records, recordKey } from '../../records.ts';
import {
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_READ,
  DMA_BUF_SYNC_START,
  DMA_BUF_SYNC_WRITE,
} from '../../uapi/dma-buf.ts';
import type { PhysAddr } from '../../units.ts';
import { findDevice } from '../device-table.ts';
import { FileHolders } from '../file-holders.ts';
import { type Occupant, offsetInBuffer } from '../views/occupant.ts';

/** A buffer as a report names it. */
export interface ReportedBuffer {
  readonly ino: number;
  readonly heap: string;
  readonly name?: string;
  /** Where in the buffer the bytes begin. */
  readonly offset: bigint;
  /** A descriptor of it: in the task concerned, else in any. */
  readonly holder?: { readonly task: string; readonly fd: number };
}

/** The call that would have prevented a hazard, and between which accesses it belonged. */
export interface MissingSync {
  /** The task that should have made it. */
  readonly task: string;
  /** The flags of DMA_BUF_IOCTL_SYNC. */
  readonly flags: number;
  /** After this access … */
  readonly after: Accessor;
  /** … and before that one. */
  readonly before: Accessor;
}

/** Why no DMA_BUF_IOCTL_SYNC would have helped. */
export type NoSyncHelps =
  /** The device has no attachment to the buffer: it ran past the end of another one, or has detached. */
  | 'not-attached'
  /** It is attached and not mapped: unmapping it did not invalidate, because its direction said "to device". */
  | 'not-mapped'
  /** The bytes belong to no buffer. */
  | 'no-buffer';

export interface CoherencyReport {
  readonly report: 'coherency';
  readonly seq: number;
  /** Logical time in nanoseconds since boot. */
  readonly time: number;
  readonly hazard: Hazard;
  readonly buffer?: ReportedBuffer;
  readonly missing?: MissingSync;
  readonly noSyncHelps?: NoSyncHelps;
}

/** DMA outside of everything that the device has mapped. */
export interface StrayReport {
  readonly report: 'stray-dma';
  readonly seq: number;
  readonly time: number;
  readonly device: string;
  readonly access: 'read' | 'write';
  /** The device's own address of the first byte. */
  readonly dmaAddress: bigint;
  readonly occupant: Occupant;
  /** The buffer that was hit. */
  readonly buffer?: ReportedBuffer;
}

/** DMA that reached nothing: a bus error, or an IOMMU fault. */
export interface FaultReport {
  readonly report: 'dma-fault';
  readonly seq: number;
  readonly time: number;
  readonly device: string;
  readonly fault: DmaFault;
  /** Never: what is not reached is no buffer. */
  readonly buffer?: undefined;
}

/**
 * A real program wrote to what it mapped outside of DMA_BUF_IOCTL_SYNC with WRITE. Found by comparing, at the next
 * border: a program's stores are seen by nobody.
 */
export interface UnbracketedReport {
  readonly report: 'unbracketed-write';
  readonly seq: number;
  readonly time: number;
  /** Who was at the border; where several tasks map the buffer it may have been another. */
  readonly task: string;
  /** Where the first byte lies that changed. */
  readonly address: PhysAddr;
  /** How many bytes changed. */
  readonly length: bigint;
  /** From the first of them to the last. */
  readonly span: bigint;
  /** The bracket that it was in: none, or one without WRITE. */
  readonly bracket: 'none' | 'read';
  /** The flags of the calls that were missing, or that lacked WRITE: before the write, and after it. */
  readonly missing: { readonly before?: number; readonly after?: number };
  readonly buffer?: ReportedBuffer;
}

export type Report = CoherencyReport | StrayReport | FaultReport | UnbracketedReport;

type Unnumbered<T> = T extends Report ? Omit<T, 'seq' | 'time'> : never;

const STATE = 'hazards';

interface HazardState {
  /** The number that the next report gets. */
  readonly next: number;
  /** The number of the first that is kept. */
  readonly first: number;
}

/** What reports are made from. */
interface Surroundings {
  readonly records: Records;
  readonly printk: Printk;
  readonly files: FileTable;
  readonly attachments: AttachmentTable;
}

export class HazardLog {
  readonly #state: Surroundings;

  constructor(state: Surroundings) {
    this.#state = state;
  }

  /** The number that the next report gets: a mark to collect a call's reports by `since`. */
  get nextSeq(): number {
    return this.#numbers().next;
  }

  /** How many reports `trim` dropped: the first ones. */
  get dropped(): number {
    return this.#numbers().first;
  }

  #numbers(): HazardState {
    return this.#state.records.get<HazardState>(STATE) ?? { next: 0, first: 0 };
  }

  /** Drops the oldest reports when there are many, some at a time, so that about `newest` stay. */
  trim(newest: number): void {
    const { next, first } = this.#numbers();
    const end = next - newest;
    if (end - first < newest / 16) return;
    for (let seq = first; seq < end; seq++) this.#state.records.delete(recordKey('hazard', seq));
    this.#state.records.put<HazardState>(STATE, { next, first: end });
  }

  /** The reports from number `seq` on. */
  *since(seq = 0): Iterable<Report> {
    const { next, first } = this.#numbers();
    for (let i = Math.max(seq, first); i < next; i++) {
      const report = this.#state.records.get<Report>(recordKey('hazard', i));
      if (report !== undefined) yield report;
    }
  }

  /** Says of each hazard of one access which buffer it is in and which call was missing. */
  add(hazards: readonly Hazard[]): void {
    for (const hazard of hazards) this.#put(this.#explain(hazard));
  }

  /** Reports DMA that hit what the device has no mapping of. */
  addStray(device: string, access: 'read' | 'write', dmaAddress: bigint, occupant: Occupant): void {
    const { owner } = occupant;
    const buffer = owner.kind === 'buffer' ? this.#bufferAt(occupant.range.base) : undefined;
    this.#put({
      report: 'stray-dma',
      device,
      access,
      dmaAddress,
      occupant,
      ...(buffer && { buffer: buffer.reported }),
    });
  }

  /** Reports DMA that reached nothing. */
  addFault(device: string, fault: DmaFault): void {
    this.#put({ report: 'dma-fault', device, fault });
  }

  /** Reports what a real program wrote outside of a bracket. */
  addUnbracketed(found: Omit<Unnumbered<UnbracketedReport>, 'report' | 'buffer'>): void {
    const buffer = this.#bufferAt(found.address, found.task)?.reported;
    this.#put({ report: 'unbracketed-write', ...found, ...(buffer && { buffer }) });
  }

  #put(report: Unnumbered<Report>): void {
    const { records, printk } = this.#state;
    const { next: seq, first } = this.#numbers();
    records.put(recordKey('hazard', seq), { ...report, seq, time: printk.time });
    records.put<HazardState>(STATE, { next: seq + 1, first });
  }

  #explain(hazard: Hazard): Unnumbered<CoherencyReport> {
    const report = { report: 'coherency' as const, hazard };
    const task = [hazard.victim, hazard.culprit].find(({ kind }) => kind === 'task')?.name;
    const found = this.#bufferAt(hazard.address, task);
    if (found === undefined) return { ...report, noSyncHelps: 'no-buffer' };
    const device = [hazard.victim, hazard.culprit].find(({ kind }) => kind === 'device')?.name;
    const buffer = found.reported;
    const helps = found.attachments.some((attachment) => this.#maintains(attachment, hazard, device));
    if (helps || device === undefined) return { ...report, buffer, missing: missingSync(hazard) };
    const attached = found.attachments.some((attachment) => attachment.device === device);
    return { ...report, buffer, noSyncHelps: attached ? 'not-mapped' : 'not-attached' };
  }

  /**
   * Whether a SYNC of the buffer does for this attachment what the hazard lacked: for every mapped device that
   * does not snoop it maintains the lines, whoever wrote; a bounce buffer is its own device's.
   */
  #maintains(attachment: Attachment, { cause }: Hazard, device: string | undefined): boolean {
    if (attachment.mapped === undefined) return false;
    if (cause.startsWith('bounce')) return attachment.device === device;
    return findDevice(this.#state.records, attachment.device)?.dmaCoherent === false;
  }

  #bufferAt(
    address: PhysAddr,
    task?: string,
  ): { readonly reported: ReportedBuffer; readonly attachments: readonly Attachment[] } | undefined {
    const { files, attachments } = this.#state;
    const geometry = geometryOf(this.#state.records);
    const [id, file] = files.dmaBufAt(geometry.pfnDown(address)) ?? [];
    const offset = file && offsetInBuffer(file, address, geometry);
    if (id === undefined || file === undefined || offset === undefined) return undefined;
    const holder = this.#holderOf(id, task);
    const { ino, expName, name } = file;
    const reported: ReportedBuffer = {
      ino,
      heap: expName,
      offset,
      ...(name !== undefined && { name }),
      ...(holder && { holder }),
    };
    return { reported, attachments: attachments.ofFile(id) };
  }

  #holderOf(file: number, preferred?: string): ReportedBuffer['holder'] {
    const holders = new FileHolders(this.#state.records);
    const own = preferred === undefined ? undefined : holders.of(file, 'fd', preferred)[0];
    const holder = own ?? holders.of(file, 'fd')[0];
    return holder && { task: holder.task, fd: holder.number };
  }
}

/**
 * Which DMA_BUF_IOCTL_SYNC was missing.
 *
 * ```
 *   CPU writes │ END|WRITE missing   │ device reads            stale read of the device
 *   device writes │ START|READ missing │ CPU reads             stale read of the CPU
 *   CPU writes │ END|WRITE missing   │ START|READ, unmap       the CPU's write is thrown away
 *   CPU writes │ END|WRITE missing   │ device writes, clean    the device's write is overwritten
 *   device writes │ START|READ missing │ CPU writes, clean     the device's write is overwritten
 * ```
 */
function missingSync({ cause, victim, culprit, dirty }: Hazard): MissingSync {
  const end = DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE;
  const start = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ;
  switch (cause) {
    case 'line-not-invalidated':
    case 'bounce-not-copied-back':
      return { task: victim.name, flags: start, after: culprit, before: victim };
    case 'line-not-cleaned':
    case 'bounce-not-copied-in':
      return { task: culprit.name, flags: end, after: culprit, before: victim };
    case 'dirty-line-invalidated':
    case 'bounce-overwrote-cpu':
      return { task: victim.name, flags: end, after: victim, before: culprit };
    case 'line-written-back':
    case 'bounce-overwrote-device':
      return dirty === true
        ? { task: culprit.name, flags: end, after: culprit, before: victim }
        : { task: culprit.name, flags: start, after: victim, before: culprit };
  }
}
