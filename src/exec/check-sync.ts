/**
 * `--check-sync`: finds what real programs write outside of DMA_BUF_IOCTL_SYNC, and lets the hazard model know of all that
 * they write. Their stores are seen by nobody, so a copy of each mapped buffer is kept, and compared where something
 * depends on it:
 *
 * ```
 *   START|WRITE      END|WRITE                 START        device reads, munmap, exit …
 *   ────┤   in the bracket   ├───── outside ─────┤ ───── outside ──────┤
 *       └─ compare           └─ compare          └─ compare            └─ compare
 * ```
 *
 * Each time costs a read of the whole buffer, and memory for what of it is not zero. Loads are not seen at all: a program
 * that reads what a device wrote without START|READ is not found.
 */
import type { Kernel } from '../kernel/kernel.ts';
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import type { BufferView, MappingView } from '../kernel/views/views.ts';
import type { BufferFiles } from '../session/buffer-files.ts';
import { SessionError } from '../session/session-error.ts';
import {
  DMA_BUF_IOCTL_SYNC,
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_READ,
  DMA_BUF_SYNC_RW,
  DMA_BUF_SYNC_START,
  DMA_BUF_SYNC_WRITE,
  decodeDmaBufSync,
} from '../uapi/dma-buf.ts';
import { PROT_WRITE } from '../uapi/fcntl.ts';
import { Shadow } from './shadow.ts';

/** A buffer that programs map. */
interface Watched {
  /** Its file. */
  readonly name: string;
  readonly shadow: Shadow;
  /** By task: READ and WRITE of the brackets that are open. */
  readonly open: Map<string, number>;
}

/** What ends a bracket, or begins one: the flags of SYNC. */
export interface SyncCall {
  readonly file: number;
  readonly flags: number;
}

const isWritable = ({ shared, prot, parts }: MappingView): boolean =>
  shared && (parts ?? [{ prot }]).some((part) => (part.prot & PROT_WRITE) !== 0);

export class CheckSync {
  readonly #files: BufferFiles;
  /** By the number of the open file. */
  readonly #watched = new Map<number, Watched>();

  /** @param files those of the session's exported buffers */
  constructor(files: BufferFiles) {
    this.#files = files;
  }

  /** To be called before a call of a program is made, in the same transaction. */
  before(kernel: Kernel, task: string, call: Syscall): void {
    switch (call.call) {
      case 'ioctl': {
        const sync = syncOf(kernel, task, call);
        if (sync !== undefined) this.#look(kernel, sync.file, task, sync.flags);
        return;
      }
      case 'munmap':
      case 'mprotect':
      case 'mremap': {
        const file = kernel.mappedFile(task, call.mapping);
        if (file !== undefined) this.#look(kernel, file, task);
        return;
      }
      case 'execve':
      case 'exit':
        this.look(kernel, task);
    }
  }

  /** To be called after it. */
  after(kernel: Kernel, task: string, call: Syscall, { ret }: SyscallResult): void {
    if (ret < 0) return;
    if (call.call === 'ioctl') {
      const sync = syncOf(kernel, task, call);
      if (sync !== undefined) this.#bracket(task, sync);
    } else if (['mmap', 'mprotect', 'mremap', 'fork'].includes(call.call)) this.#watch(kernel);
    else if (['munmap', 'execve', 'exit'].includes(call.call)) this.#forget(kernel, task);
  }

  /**
   * Compares buffers: before a device or a command accesses them.
   *
   * @param task the buffers that it maps, and it wrote to them; absent: all
   */
  look(kernel: Kernel, task?: string): void {
    if (this.#watched.size === 0) return;
    const mapped = task === undefined ? undefined : new Set(kernel.heldBuffers(task).map(({ file }) => file));
    for (const file of [...this.#watched.keys()]) {
      if (mapped === undefined || mapped.has(file)) this.#look(kernel, file, task);
    }
  }

  /** Takes what has changed since `look` for the work of devices and commands. */
  skip(): void {
    // They may have ended buffers, whose names are free.
    this.#files.close();
    for (const [file, watched] of this.#watched) this.#compare(file, watched, () => undefined);
  }

  #watch(kernel: Kernel): void {
    for (const [file, { name }] of kernel.exportedBuffers()) {
      if (this.#watched.has(file)) continue;
      const buffer = kernel.bufferOfFile(file);
      if (buffer?.mappings.some(isWritable) !== true) continue;
      const read = (at: number, into: Uint8Array): void => this.#files.read(name, at, into);
      const shadow = this.#readable(file, name, () => new Shadow(Number(buffer.size), read));
      if (shadow !== undefined) this.#watched.set(file, { name, shadow, open: new Map() });
    }
  }

  #forget(kernel: Kernel, task: string): void {
    for (const [file, { name, open }] of this.#watched) {
      if (!kernel.hasTask(task)) open.delete(task);
      if (kernel.bufferOfFile(file)?.mappings.some(isWritable) === true) continue;
      this.#watched.delete(file);
      this.#files.release(name);
    }
  }

  #bracket(task: string, { file, flags }: SyncCall): void {
    const open = this.#watched.get(file)?.open;
    const isEnd = (flags & DMA_BUF_SYNC_END) !== 0;
    const before = open?.get(task) ?? 0;
    open?.set(task, isEnd ? before & ~flags : before | (flags & DMA_BUF_SYNC_RW));
  }

  /** @param flags of the SYNC that is about to be made, where that is the occasion */
  #look(kernel: Kernel, file: number, task: string | undefined, flags?: number): void {
    const watched = this.#watched.get(file);
    const buffer = watched && kernel.bufferOfFile(file);
    if (watched === undefined || buffer === undefined) return;
    const writer = writerOf(buffer, task);
    let [first, last, count] = [-1, 0, 0];
    this.#compare(file, watched, ({ from, to }, bytes) => {
      if (first < 0) first = from;
      last = to;
      count += to - from;
      if (writer !== undefined) kernel.noteStore(writer, file, BigInt(from), bytes);
    });
    if (count === 0) return;
    const open = [...watched.open.values()].reduce((all, one) => all | one, 0);
    if ((open & DMA_BUF_SYNC_WRITE) !== 0) return;
    kernel.hazards.addUnbracketed({
      task: writer ?? task ?? buffer.maker,
      address: addressOf(kernel, buffer, first),
      length: BigInt(count),
      span: BigInt(last - first),
      bracket: (open & DMA_BUF_SYNC_READ) === 0 ? 'none' : 'read',
      missing: missingCalls(flags),
    });
  }

  #compare(file: number, { name, shadow }: Watched, onChange: Parameters<Shadow['look']>[0]): void {
    this.#readable(file, name, () => shadow.look(onChange));
  }

  /** Reads a buffer's file. One that a program has made unreadable has nothing to tell: it is watched no more. */
  #readable<T>(file: number, name: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      this.#watched.delete(file);
      this.#files.release(name);
      return undefined;
    }
  }
}

/** A DMA_BUF_IOCTL_SYNC of a dma-buf; `undefined` for any other ioctl. */
export function syncOf(
  kernel: Kernel,
  task: string,
  call: Syscall & { readonly call: 'ioctl' },
): SyncCall | undefined {
  const { request, arg, fd } = call;
  if (request !== DMA_BUF_IOCTL_SYNC || !(arg instanceof Uint8Array) || arg.length < 8) return undefined;
  const descriptor = kernel.descriptor(task, fd);
  if (descriptor?.open.kind !== 'dma_buf') return undefined;
  return { file: descriptor.file, flags: Number(decodeDmaBufSync(arg)) };
}

/** The calls that should have been around the write: an END with WRITE is there when it is the occasion. */
function missingCalls(flags: number | undefined): { before: number; after?: number } {
  const before = DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE;
  const ends = DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE;
  const isThere = flags !== undefined && (flags & ends) === ends;
  return isThere ? { before } : { before, after: ends };
}

/** Who can have written: the task at hand when it maps the buffer writable, else who does. */
function writerOf({ mappings }: BufferView, task: string | undefined): string | undefined {
  const writers = mappings.filter(isWritable).map((mapping) => mapping.task);
  return task !== undefined && writers.includes(task) ? task : writers[0];
}

function addressOf(kernel: Kernel, { sgTable }: BufferView, offset: number): bigint {
  const { pageSize, pfnPhys } = kernel.profile.geometry;
  let left = offset;
  for (const { pfn, pages } of sgTable) {
    if (left < pages * pageSize) return pfnPhys(pfn) + BigInt(left);
    left -= pages * pageSize;
  }
  return 0n;
}
