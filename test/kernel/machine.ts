/** A booted board with devices and tasks, and calls on it in few words. */
import type { Report } from '../../src/kernel/coherency/hazard-log.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Syscall, SyscallResult } from '../../src/kernel/syscall.ts';
import { DEFAULT_MAX_SEG_SIZE, type Device } from '../../src/mm/dma/device.ts';
import type { DmaDirection } from '../../src/mm/dma/dma-mapping.ts';
import { DMA_BUF_IOCTL_SYNC, encodeDmaBufSync } from '../../src/uapi/dma-buf.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../../src/uapi/dma-heap.ts';
import { MAP_SHARED, O_CLOEXEC, O_RDONLY, O_RDWR, PROT_READ, PROT_WRITE } from '../../src/uapi/fcntl.ts';
import { KiB, MiB } from '../../src/units.ts';
import { type Booted, board, bootBoard, cma, coherent } from '../small-board.ts';

export const CMA = 'video-cma@48000000';
export const POOL = 'vpu-pool@46000000';
export const HEAPS = ['system', CMA, POOL] as const;

/** A device on no bus that sees all of memory one to one and does not snoop. */
export const device = (name: string, given: Partial<Device> = {}): Device => ({
  name,
  dmaCoherent: false,
  dmaMask: (1n << 40n) - 1n,
  busDmaLimit: 0n,
  dmaRanges: [],
  iommu: false,
  maxSegSize: DEFAULT_MAX_SEG_SIZE,
  importer: 'vb2',
  contiguous: false,
  memoryRegions: [],
  origin: 'added',
  ...given,
});

/** What a task does, in few words; a call that must work throws when it does not. */
export class Task {
  readonly kernel: Kernel;
  readonly name: string;

  constructor(kernel: Kernel, name = 'shell') {
    this.kernel = kernel;
    this.name = name;
  }

  call(call: Syscall): SyscallResult {
    return this.kernel.syscall(this.name, call);
  }

  must(call: Syscall): number {
    const { ret, errno } = this.call(call);
    if (errno !== undefined) throw new Error(`${call.call}: ${errno}`);
    return ret;
  }

  /** DMA_HEAP_IOCTL_ALLOC. @returns the descriptor */
  alloc(heap: string, len: bigint, fd_flags = O_RDWR | O_CLOEXEC): number {
    const node = this.must({ call: 'open', path: `/dev/dma_heap/${heap}`, flags: O_RDONLY });
    const arg = encodeDmaHeapAllocationData({ len, fd: 0, fd_flags, heap_flags: 0n });
    this.must({ call: 'ioctl', fd: node, request: DMA_HEAP_IOCTL_ALLOC, arg });
    this.must({ call: 'close', fd: node });
    return decodeDmaHeapAllocationData(arg).fd;
  }

  sync(fd: number, flags: number): SyscallResult {
    return this.call({ call: 'ioctl', fd, request: DMA_BUF_IOCTL_SYNC, arg: encodeDmaBufSync(flags) });
  }

  map(fd: number, length: bigint, given: { prot?: number; flags?: number; offset?: bigint } = {}): number {
    const { prot = PROT_READ | PROT_WRITE, flags = MAP_SHARED, offset = 0n } = given;
    return this.must({ call: 'mmap', fd, length, prot, flags, offset });
  }

  store(mapping: number, offset: number, bytes: readonly number[] | Uint8Array): void {
    this.kernel.mapping(mapping, this.name).write(BigInt(offset), Uint8Array.from(bytes));
  }

  load(mapping: number, offset: number, length: number): number[] {
    const bytes = new Uint8Array(length);
    this.kernel.mapping(mapping, this.name).read(BigInt(offset), bytes);
    return [...bytes];
  }

  attach(fd: number, name: string): number {
    return this.must({ call: 'dma_buf_attach', fd, device: name });
  }

  mapFor(attachment: number, direction: DmaDirection = 'DMA_BIDIRECTIONAL'): SyscallResult {
    return this.call({ call: 'dma_buf_map_attachment', attachment, direction });
  }

  dmaWrite(attachment: number, offset: number, bytes: readonly number[] | Uint8Array): void {
    this.kernel.deviceMapping(attachment)?.write(BigInt(offset), Uint8Array.from(bytes));
  }

  dmaRead(attachment: number, offset: number, length: number): number[] {
    const bytes = new Uint8Array(length);
    this.kernel.deviceMapping(attachment)?.read(BigInt(offset), bytes);
    return [...bytes];
  }

  /** The whole text of a file. */
  cat(path: string): string {
    const fd = this.must({ call: 'open', path, flags: O_RDONLY });
    const parts: Uint8Array[] = [];
    for (;;) {
      const buf = new Uint8Array(4096);
      const got = this.must({ call: 'read', fd, buf });
      if (got === 0) break;
      parts.push(buf.subarray(0, got));
    }
    this.must({ call: 'close', fd });
    return Buffer.concat(parts).toString();
  }
}

export interface Machine extends Booted {
  readonly shell: Task;
}

/** A CMA area of 16 MiB, a coherent pool of 1 MiB, and the given devices. */
export function machine(
  devices: readonly Device[] = [device('cam'), device('gpu', { dmaCoherent: true })],
  params: Parameters<typeof bootBoard>[1] = {},
  given: Parameters<typeof board>[1] = {},
): Machine {
  const booted = bootBoard(
    board([coherent(POOL, 0x46000000n, 1024n * KiB), cma(CMA, 0x48000000n, 16n * MiB)], given),
    { cmdline: 'cma=0', ...params },
  );
  const shell = new Task(booted.kernel);
  for (const one of devices) shell.must({ call: 'device_add', device: one });
  return { ...booted, shell };
}

function reportWords(report: Report): string {
  switch (report.report) {
    case 'coherency':
      return `${report.hazard.kind} ${report.hazard.victim.name} ${report.hazard.cause} ${report.hazard.length}`;
    case 'stray-dma':
      return `stray-dma ${report.device} ${report.access} ${report.occupant.owner.kind}`;
    case 'dma-fault':
      return `dma-fault ${report.device} ${report.fault.access} ${report.fault.why}`;
    case 'unbracketed-write':
      return `unbracketed-write ${report.task} ${report.bracket} ${report.length}`;
  }
}

/** The reports since the beginning in a few words each: `stale-read cam line-not-cleaned 8`. */
export const reportsOf = (kernel: Kernel): string[] => [...kernel.hazards.since()].map(reportWords);
