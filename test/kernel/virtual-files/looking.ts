/** A booted board whose files are looked at, and what changes them: without a kernel's calls in between. */
import { readFileSync } from 'node:fs';
import { boardFromTree } from '../../../src/board/from-tree.ts';
import { decodeDtb } from '../../../src/devicetree/dtb.ts';
import { dmaHeapOps } from '../../../src/dma-buf/backends.ts';
import { FileTable } from '../../../src/dma-buf/dma-buf.ts';
import { findDmaHeap } from '../../../src/dma-buf/dma-heap.ts';
import { boot } from '../../../src/kernel/boot/boot.ts';
import type { BootParams } from '../../../src/kernel/boot/boot-params.ts';
import { bootRecord, DEVICE_TREE_RECORD } from '../../../src/kernel/boot/boot-record.ts';
import { type Credentials, DescriptorTable, ROOT } from '../../../src/kernel/task.ts';
import type { VirtualContext, VirtualNode } from '../../../src/kernel/virtual-files/index.ts';
import { lookup } from '../../../src/kernel/virtual-files/index.ts';
import { InMemoryPhysMemory } from '../../../src/mm/phys-memory.ts';
import { Printk } from '../../../src/printk.ts';
import { profileIn } from '../../../src/profile/recorded-profile.ts';
import { MemoryRecords } from '../../../src/records.ts';
import type { Errno } from '../../../src/uapi/errno.ts';
import { O_RDWR } from '../../../src/uapi/fcntl.ts';
import { pageAlign, pfnDown } from '../../pages.ts';
import { projectPath } from '../../small-board.ts';

export const USER: Credentials = { uid: 1000, gid: 1000, groups: [] };

/** One machine and what people do at its shell. */
export class Looking {
  readonly context: VirtualContext;
  readonly table: DescriptorTable;

  /** @param records what boot left */
  constructor(records: MemoryRecords, task = 'shell') {
    const { layout } = bootRecord(records);
    const profile = profileIn(records);
    const memory = new InMemoryPhysMemory(layout);
    this.context = { records, memory, printk: new Printk(records), profile, task };
    this.table = new DescriptorTable(records, task);
  }

  get records(): MemoryRecords {
    return this.context.records as MemoryRecords;
  }

  get files(): FileTable {
    return new FileTable(this.records);
  }

  /** The node, or the errno's name. */
  at(path: string, credentials: Credentials = ROOT, followLast = true): VirtualNode | Errno {
    const found = lookup(this.context, path, credentials, { followLast });
    return 'errno' in found ? found.errno : found.node;
  }

  cat(path: string, credentials: Credentials = ROOT): string {
    const bytes = this.bytes(path, credentials);
    return typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes);
  }

  bytes(path: string, credentials: Credentials = ROOT): string | Uint8Array {
    const node = this.at(path, credentials);
    if (typeof node === 'string') return node;
    if (node.kind !== 'file' || node.read === undefined) throw new Error(`${path} cannot be read`);
    return node.read();
  }

  ls(path: string, credentials: Credentials = ROOT): readonly string[] {
    const node = this.at(path, credentials);
    if (typeof node === 'string') return [node];
    if (node.kind !== 'directory') throw new Error(`${path} is no directory`);
    return node.list();
  }

  /** What a write answers: `undefined` when it was taken. */
  echo(value: string, path: string): Errno | undefined {
    const node = this.at(path);
    if (typeof node === 'string') return node;
    if (node.kind !== 'file' || node.write === undefined) throw new Error(`${path} cannot be written`);
    return node.write(new TextEncoder().encode(value));
  }

  /** Allocates, and gives the descriptor; 0 where there is no room. */
  alloc(
    name: string,
    len: bigint,
    given: { readonly flags?: number; readonly cloexec?: boolean } = {},
  ): number {
    const { records, files } = this;
    const heap = findDmaHeap(records, name);
    if (heap === undefined) throw new Error(`no heap ${name}`);
    const size = pageAlign(len);
    const got = dmaHeapOps(heap.backing).allocate(this.context, BigInt(pfnDown(size)));
    if ('errno' in got) return 0;
    const flags = given.flags ?? O_RDWR;
    const file = files.addDmaBuf({
      expName: name,
      size,
      flags,
      backing: heap.backing,
      sgTable: got.sgTable,
      count: 1,
      call: 0,
      maker: 'shell',
    });
    return this.table.install(file, given.cloexec ?? true) ?? 0;
  }

  /** DMA_BUF_SET_NAME. */
  setName(fd: number, name: string): void {
    const number = this.table.get(fd)?.file ?? 0;
    const file = this.files.get(number);
    if (file?.kind !== 'dma_buf') throw new Error(`descriptor ${fd} is no dma-buf`);
    this.files.put(number, { ...file, name });
  }

  close(fd: number): void {
    const file = this.files.unref(this.table.remove(fd) ?? 0);
    if (file?.kind === 'dma_buf') dmaHeapOps(file.backing).release(this.context, file.sgTable);
  }
}

/** A recorded case, as far as it is used here. */
export interface RecordedStep {
  readonly op: string;
  readonly path?: string;
  readonly text?: string;
  readonly names?: readonly string[];
}
interface RecordedBoot {
  readonly cmdline: string;
  readonly profile: { readonly config: Readonly<Record<string, boolean | number>> };
  readonly reserved_at_boot: Readonly<Record<'kernel' | 'initrd' | 'dtb', readonly [string, string]>>;
  readonly steps: readonly RecordedStep[];
}

export const recorded = (name: string): RecordedBoot =>
  JSON.parse(readFileSync(projectPath(`fixtures/oracle/cases/${name}.json`), 'utf8')) as RecordedBoot;

/** Boots a blob of the recordings with what a case says of its boot. */
export function bootRecorded(board: string, name: string): Looking {
  const { cmdline, profile, reserved_at_boot: reserved } = recorded(name);
  const at = ([base, size]: readonly [string, string]) => ({ base: BigInt(base), size: BigInt(size) });
  const params: BootParams = {
    cmdline,
    // Without hugetlbfs, as the recorded /proc/meminfo shows.
    config: { CONFIG_HUGETLBFS: false, ...profile.config },
    reserve: { kernel: at(reserved.kernel), initrd: at(reserved.initrd), dtb: at(reserved.dtb) },
  };
  const blob = new Uint8Array(readFileSync(projectPath(`fixtures/oracle/boards/${board}.dtb`)));
  const records = new MemoryRecords();
  boot(boardFromTree(decodeDtb(blob, `${board}.dtb`), `${board}.dtb`), params, records);
  records.put(DEVICE_TREE_RECORD, blob);
  return new Looking(records);
}
