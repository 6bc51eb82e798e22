/**
 * A dma-buf: memory that a heap handed out, behind an open file. Models drivers/dma-buf/dma-buf.c
 * (Linux 7.3).
 */
import type { LinuxVersion } from '../profile/linux-version.ts';
import { profileIn } from '../profile/recorded-profile.ts';
import type { Records } from '../records.ts';
import { recordKey } from '../records.ts';
import type { Pfn, PfnRange } from '../units.ts';
import type { Charge } from './account.ts';
import type { HeapBacking } from './backends.ts';
import { FrameOwners } from './frame-owners.ts';

/** A fence of a device's file on a buffer. */
export interface Fence {
  /** The number of the DRM device's open file, and its number for the fence. */
  readonly drm: number;
  readonly id: number;
  /** Of a writer: readers wait as well. */
  readonly write: boolean;
  /** Logical time, nanoseconds since boot, when it signals by itself. */
  readonly until: number;
}

/** What flock(2) has taken for an open file. */
export type FileLock = 'shared' | 'exclusive';

/** struct dma_buf and its struct file, as a record. */
export interface DmaBufFile {
  readonly kind: 'dma_buf';
  /** The inode number, counting from 1 at boot. */
  readonly ino: number;
  /** exp_name: the heap node it was allocated from. */
  readonly expName: string;
  /** Bytes, whole pages. */
  readonly size: bigint;
  /** f_flags: the access mode, and what F_SETFL has added. */
  flags: number;
  readonly backing: HeapBacking;
  /** The sg table: pieces in order. */
  readonly sgTable: readonly PfnRange[];
  /** Absent: nobody is charged. */
  readonly charge?: Charge;
  /** References: descriptors, mappings and importers. */
  count: number;
  /** The number of the call that made it. */
  readonly call: number;
  /** The task that made that call. */
  readonly maker: string;
  /** DMA_BUF_SET_NAME. */
  name?: string;
  /** What fchmod(2) and fchown(2) have made of its inode. */
  mode?: number;
  owner?: { readonly uid: number; readonly gid: number };
  /** Fences that devices have put on it and that may not have signalled yet. */
  fences?: readonly Fence[];
  lock?: FileLock;
}

/** The name of the exporter that a buffer shows: of a declared heap what was declared, whatever mainline's show. */
export const exporterOf = ({ backing, expName }: DmaBufFile, { exporter }: LinuxVersion): string =>
  backing.declared?.exporter ?? exporter ?? expName;

/** An open heap node. */
export interface HeapFile {
  readonly kind: 'dma_heap';
  /** The name of the node in /dev/dma_heap. */
  readonly heap: string;
  /** f_flags. */
  flags: number;
  count: number;
  lock?: FileLock;
}

/** A file of /proc, /sys or a directory, made when it is read. */
export interface VirtualOpenFile {
  readonly kind: 'virtual';
  readonly path: string;
  /** Opened as a directory. */
  readonly directory: boolean;
  /** f_flags. */
  flags: number;
  /** f_pos: bytes; of a directory the number of the next entry. */
  pos: bigint;
  count: number;
  lock?: FileLock;
}

/** A place in the file tree without the file: what O_PATH opens. */
export interface PathFile {
  readonly kind: 'path';
  readonly path: string;
  readonly directory: boolean;
  /** f_flags: O_PATH, and whether links at the end are followed. */
  flags: number;
  count: number;
  lock?: FileLock;
}

/** A fence as a descriptor: struct sync_file. Nothing here ever fences a buffer, so it has signalled. */
export interface SyncFile {
  readonly kind: 'sync_file';
  /** f_flags. */
  flags: number;
  count: number;
  lock?: FileLock;
}

/** An open node of a DRM device: struct drm_file. */
export interface DrmFile {
  readonly kind: 'drm';
  /** The node in /dev/dri. */
  readonly node: string;
  readonly device: string;
  /** Its handles of imported buffers, and their attachments. */
  readonly handles: readonly (readonly [handle: number, attachment: number])[];
  /** Its handles of buffers of the device's own. */
  readonly dumbs?: readonly (readonly [handle: number, dumb: DumbBuffer])[];
  /** Numbers that it has given to fences: the last one. */
  readonly lastFence?: number;
  /** f_flags. */
  flags: number;
  count: number;
  lock?: FileLock;
}

/** A buffer that a DRM device has made. */
export interface DumbBuffer {
  /** Bytes, whole pages. */
  readonly size: bigint;
  /** The number of the file that it is exported as. */
  readonly file?: number;
}

/** What a task's descriptors 0 to 2 are: a terminal, a pipe, whatever the caller had. */
export interface StreamFile {
  readonly kind: 'stream';
  /** f_flags. */
  flags: number;
  count: number;
  lock?: FileLock;
}

/** struct file, as a record under its number. */
export type OpenFile = DmaBufFile | HeapFile | VirtualOpenFile | SyncFile | DrmFile | PathFile | StreamFile;

const PREFIX = 'file/';
const fileKey = (id: number): string => recordKey('file', id);
const COUNTERS = 'files';

interface Counters {
  nextFile: number;
  nextIno: number;
  /** How many dma-bufs of each heap there are. */
  dmaBufs: (readonly [heap: string, count: number])[];
}

/** All open files of all tasks. */
export class FileTable {
  readonly #records: Records;
  readonly #owners: FrameOwners;

  constructor(records: Records) {
    this.#records = records;
    this.#owners = new FrameOwners(records);
  }

  get(id: number): OpenFile | undefined {
    return this.#records.get<OpenFile>(fileKey(id));
  }

  put(id: number, file: OpenFile): void {
    this.#records.put(fileKey(id), file);
  }

  /** Opens a file and returns its number; nobody refers to it yet. */
  add(file: OpenFile): number {
    return this.#add(this.#counters(), file);
  }

  /** A new dma-buf, under the next inode number of the dmabuf file system. @returns the number of its file */
  addDmaBuf(file: Omit<DmaBufFile, 'kind' | 'ino'>): number {
    const counters = this.#counters();
    return this.#add(counters, { kind: 'dma_buf', ino: counters.nextIno++, ...file });
  }

  #add(counters: Counters, file: OpenFile): number {
    const id = counters.nextFile++;
    if (file.kind === 'dma_buf') countDmaBuf(counters, file.expName, 1);
    this.#records.put(COUNTERS, counters);
    this.put(id, file);
    if (file.kind === 'dma_buf') this.#owners.add(id, file.sgTable);
    return id;
  }

  /** Another reference: get_file(). */
  ref(id: number): void {
    const file = this.#existing(id);
    file.count++;
    this.put(id, file);
  }

  /**
   * One reference less: fput().
   *
   * @returns the file when that was the last one, for the caller to release what it holds
   */
  unref(id: number): OpenFile | undefined {
    const file = this.#existing(id);
    file.count--;
    if (file.count > 0) {
      this.put(id, file);
      return undefined;
    }
    this.#records.delete(fileKey(id));
    if (file.kind === 'dma_buf') {
      this.#owners.remove(file.sgTable);
      const counters = this.#counters();
      countDmaBuf(counters, file.expName, -1);
      this.#records.put(COUNTERS, counters);
    }
    return file;
  }

  /** The dma-bufs, oldest first, with their files' numbers. */
  *dmaBufs(): Iterable<readonly [id: number, file: DmaBufFile]> {
    for (const [key, file] of this.#records.list<OpenFile>(PREFIX)) {
      if (file.kind === 'dma_buf') yield [Number(key.slice(PREFIX.length)), file];
    }
  }

  /** The other open files of a file's inode. @param inodeOf what those of one inode have in common, if there are several */
  ofInode(id: number, inodeOf: (file: OpenFile) => string | undefined): readonly OpenFile[] {
    const file = this.get(id);
    const inode = file && inodeOf(file);
    if (inode === undefined) return [];
    return [...this.#records.list<OpenFile>(PREFIX)].flatMap(([key, other]) =>
      Number(key.slice(PREFIX.length)) !== id && inodeOf(other) === inode ? [other] : [],
    );
  }

  /** How many dma-bufs of each heap there are; costs the heaps. */
  dmaBufCounts(): ReadonlyMap<string, number> {
    return new Map(this.#counters().dmaBufs);
  }

  /** The dma-buf that has a page frame. */
  dmaBufAt(pfn: Pfn): readonly [id: number, file: DmaBufFile] | undefined {
    const id = this.#owners.at(pfn)?.file;
    const file = id === undefined ? undefined : this.get(id);
    return id !== undefined && file?.kind === 'dma_buf' ? [id, file] : undefined;
  }

  /** The dma-bufs that have frames of a range. */
  dmaBufsIn(range: PfnRange): readonly (readonly [id: number, file: DmaBufFile])[] {
    const ids = new Set(this.#owners.within(range).map(({ file }) => file));
    return [...ids].flatMap((id) => {
      const file = this.get(id);
      return file?.kind === 'dma_buf' ? [[id, file] as const] : [];
    });
  }

  #existing(id: number): OpenFile {
    const file = this.get(id);
    if (file === undefined) throw new Error(`file ${id} is not open`);
    return file;
  }

  #counters(): Counters {
    return (
      this.#records.get<Counters>(COUNTERS) ?? {
        nextFile: 1,
        nextIno: profileIn(this.#records).linux.firstIno,
        dmaBufs: [],
      }
    );
  }
}

function countDmaBuf(counters: Counters, heap: string, change: number): void {
  const at = counters.dmaBufs.findIndex(([name]) => name === heap);
  const [, count] = counters.dmaBufs[at] ?? [heap, 0];
  const changed = [heap, count + change] as const;
  counters.dmaBufs = at < 0 ? [...counters.dmaBufs, changed] : counters.dmaBufs.with(at, changed);
}
