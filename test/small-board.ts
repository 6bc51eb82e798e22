/** Small boards for tests: literals with everything filled in, and a boot of them. */
import { fileURLToPath } from 'node:url';
import type { Board, ReservedMemNode } from '../src/board/board.ts';
import { type BootOutcome, boot } from '../src/kernel/boot/boot.ts';
import type { BootParams } from '../src/kernel/boot/boot-params.ts';
import { Kernel, layoutOf } from '../src/kernel/kernel.ts';
import type { SyscallResult } from '../src/kernel/syscall.ts';
import { procIomem } from '../src/kernel/virtual-files/index.ts';
import { InMemoryPhysMemory } from '../src/mm/phys-memory.ts';
import { Printk } from '../src/printk.ts';
import { MemoryRecords } from '../src/records.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../src/uapi/dma-heap.ts';
import { O_CLOEXEC, O_RDWR } from '../src/uapi/fcntl.ts';
import { GiB, MiB, type PhysRange } from '../src/units.ts';

/** A path below the project's root. */
export const projectPath = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

export const range = (base: bigint, size: bigint): PhysRange => ({ base, size });

/** A /reserved-memory child; `coherent`, `cma` and `plain` give it its usual properties. */
export function node(name: string, given: Partial<ReservedMemNode> = {}): ReservedMemNode {
  return {
    name,
    compatible: ['shared-dma-pool'],
    noMap: false,
    reusable: false,
    linuxCmaDefault: false,
    linuxDmaDefault: false,
    ...given,
  };
}

export const coherent = (name: string, base: bigint, size: bigint): ReservedMemNode =>
  node(name, { reg: [range(base, size)], noMap: true });

export const cma = (
  name: string,
  base: bigint,
  size: bigint,
  given: Partial<ReservedMemNode> = {},
): ReservedMemNode => node(name, { reg: [range(base, size)], reusable: true, ...given });

/** A dynamic CMA region. */
export const dynamicCma = (
  name: string,
  size: bigint,
  given: Partial<ReservedMemNode> = {},
): ReservedMemNode => node(name, { size, reusable: true, ...given });

/** A dynamic plain region: no handler, so that placement alone is seen. */
export const dynamicPlain = (
  name: string,
  size: bigint,
  given: Partial<ReservedMemNode> = {},
): ReservedMemNode => node(name, { size, compatible: [], ...given });

export const RAM_BASE = GiB;

/** 256 MiB of RAM at 1 GiB unless told otherwise, and the given regions. */
export function board(nodes: readonly ReservedMemNode[] = [], given: Partial<Board> = {}): Board {
  return {
    source: 'test board',
    compatible: [],
    addressCells: 2,
    sizeCells: 2,
    memory: [range(RAM_BASE, 256n * MiB)],
    reservedMemory: { addressCells: 2, sizeCells: 2, ranges: true, nodes },
    bootargs: '',
    memReserves: [],
    users: [],
    diagnostics: [],
    ...given,
  };
}

/** Where the tests put what the boot loader brings: at the bottom of RAM, out of the way. */
export const RESERVE = {
  kernel: range(RAM_BASE + 2n * MiB, 8n * MiB),
  dtb: range(RAM_BASE + 10n * MiB, 65536n),
};

/** The lines of /proc/iomem that are not nested. */
export const topLines = (records: MemoryRecords): readonly string[] =>
  procIomem(records).filter((line) => !line.startsWith(' '));

export interface Booted {
  readonly records: MemoryRecords;
  readonly outcome: BootOutcome;
  readonly memory: InMemoryPhysMemory;
  readonly kernel: Kernel;
  /** The log as `<level>text`. */
  readonly log: readonly string[];
}

export const logOf = (records: MemoryRecords, from = 0): string[] =>
  [...new Printk(records).since(from)].filter((l) => !l.suppressed).map((l) => `<${l.level}>${l.text}`);

/** Boots and fails the test when the kernel panics. */
export function bootBoard(given: Board, params: BootParams = {}): Booted {
  const records = new MemoryRecords();
  const outcome = boot(given, { reserve: RESERVE, ...params }, records);
  if (outcome.panic !== undefined) throw new Error(`panic: ${outcome.panic}`);
  const memory = new InMemoryPhysMemory(layoutOf(records));
  return { records, outcome, memory, kernel: new Kernel(records, memory), log: logOf(records) };
}

/** Boots a board that dies, and gives the panic and the log up to it. */
export function bootPanic(given: Board, params: BootParams = {}): { panic: string; log: string[] } {
  const records = new MemoryRecords();
  const { panic } = boot(given, { reserve: RESERVE, ...params }, records);
  if (panic === undefined) throw new Error('the kernel did not panic');
  return { panic, log: logOf(records) };
}

/** What one DMA_HEAP_IOCTL_ALLOC answered. */
export interface AllocResult extends SyscallResult {
  /** The new descriptor, 0 when there is none. */
  readonly fd: number;
}

/** Opens the heap, allocates and closes the heap again, as a program does. */
export function alloc(
  kernel: Kernel,
  heap: string,
  len: bigint,
  given: {
    readonly fd_flags?: number;
    readonly heap_flags?: bigint;
    readonly fd?: number;
    readonly task?: string;
  } = {},
): AllocResult {
  const { task = 'shell' } = given;
  const opened = kernel.syscall(task, { call: 'open', path: `/dev/dma_heap/${heap}`, flags: O_RDWR });
  if (opened.ret < 0) return { ...opened, fd: 0 };
  const arg = encodeDmaHeapAllocationData({
    len,
    fd: given.fd ?? 0,
    fd_flags: given.fd_flags ?? O_RDWR | O_CLOEXEC,
    heap_flags: given.heap_flags ?? 0n,
  });
  const request = DMA_HEAP_IOCTL_ALLOC;
  const result = kernel.syscall(task, { call: 'ioctl', fd: opened.ret, request, arg });
  kernel.syscall(task, { call: 'close', fd: opened.ret });
  return { ...result, fd: decodeDmaHeapAllocationData(arg).fd };
}
