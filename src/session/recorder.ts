/** Writes into the journal what a kernel is made to do, with what an answer alone does not say. */
import type { Access } from '../kernel/access.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Syscall } from '../kernel/syscall.ts';
import type { Records } from '../records.ts';
import { allocatedFd, DMA_HEAP_ALLOCATION_DATA_SIZE, DMA_HEAP_IOCTL_ALLOC } from '../uapi/dma-heap.ts';
import { bootState } from './boot-state.ts';
import { appendJournal, type JournalCall } from './journal.ts';
import { keepBytes } from './kept-bytes.ts';

/** Lines of the kernel log since boot that are kept. */
export const LOG_LINES = 20_000;
/** Reports of the hazard log that are kept. */
export const HAZARDS = 10_000;

/**
 * Hooks into a kernel, for the length of a transaction; who is hooked in already goes on being told.
 *
 * @param onEntry called after each entry, when the kernel holds no record
 */
export function record(kernel: Kernel, records: Records, onEntry: () => void = () => {}): void {
  let log = kernel.printk.nextSeq;
  let hazards = kernel.hazards.nextSeq;
  let given: Uint8Array | undefined;
  // What was logged since the last entry is this entry's: nothing else prints.
  const caused = (): Pick<JournalCall, 'log' | 'hazards'> | undefined => {
    const [lines, reports] = [kernel.printk.nextSeq, kernel.hazards.nextSeq];
    if (lines === log && reports === hazards) return undefined;
    const ranges = {
      ...(log < lines && { log: [log, lines] as const }),
      ...(hazards < reports && { hazards: [hazards, reports] as const }),
    };
    [log, hazards] = [lines, reports];
    return ranges;
  };
  const { onSyscall, onAccess } = kernel;
  kernel.beforeSyscall = (_task, call) => {
    given = isAlloc(call) ? undefined : pointerOf(call)?.slice();
  };
  kernel.onSyscall = (task, call, result) => {
    onSyscall?.(task, call, result);
    const entry = { time: Date.now(), clock: kernel.printk.time, task, call: ownBytes(call), result };
    if (given !== undefined) Object.assign(entry, givenBytes(call, given));
    if (result.ret >= 0) Object.assign(entry, addressOf(kernel, task, call));
    const left = caused();
    if (left !== undefined) Object.assign(entry, left);
    appendJournal(records, entry);
    if (left !== undefined) trimLogs(kernel, records);
    onEntry();
  };
  kernel.onAccess = (made: Access) => {
    onAccess?.(made);
    const { access, place, bytes, fault } = made;
    const unread = access === 'read' && fault !== undefined;
    const kept = unread ? { length: bytes.length } : keepBytes(access, bytes);
    const left = caused();
    appendJournal(records, {
      time: Date.now(),
      clock: kernel.printk.time,
      access,
      place,
      kept,
      ...(fault !== undefined && { fault }),
      ...left,
    });
    if (left !== undefined) trimLogs(kernel, records);
    onEntry();
  };
}

/** The logs are bounded as the journal is, but what boot printed stays. */
function trimLogs(kernel: Kernel, records: Records): void {
  kernel.printk.trim(bootState(records)?.bootLines ?? 0, LOG_LINES);
  kernel.hazards.trim(HAZARDS);
}

/** The caller's memory that a call both reads and writes. */
function pointerOf(call: Syscall): Uint8Array | undefined {
  if (call.call === 'ioctl') return call.arg ?? undefined;
  return call.call === 'poll' ? (call.fds ?? undefined) : undefined;
}

/** The call with its own copy of the caller's bytes, who may change them before the transaction ends. */
function ownBytes(call: Syscall): Syscall {
  const own: Record<string, unknown> = { ...call };
  for (const name in own) {
    const value = own[name];
    if (typeof value === 'object' && value !== null) own[name] = ownValue(value);
  }
  return own as Syscall;
}

function ownValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.slice();
  return Array.isArray(value) ? value.map(ownValue) : value;
}

/** What the pointer led to before the call, where that was something else. */
function givenBytes(call: Syscall, given: Uint8Array): Pick<JournalCall, 'given'> | undefined {
  const left = pointerOf(call);
  return left === undefined || Buffer.compare(left, given) === 0 ? undefined : { given };
}

/** Its argument needs no copy from before: only a success changes it, and had 0 where its descriptor is then. */
function isAlloc(call: Syscall): call is Extract<Syscall, { call: 'ioctl' }> & { readonly arg: Uint8Array } {
  return call.call === 'ioctl' && call.request >>> 0 === DMA_HEAP_IOCTL_ALLOC && call.arg !== null;
}

/** The address that a call made, which no answer of Linux tells. */
function addressOf(
  kernel: Kernel,
  task: string,
  call: Syscall,
): Pick<JournalCall, 'phys' | 'dma'> | undefined {
  if (call.call === 'dma_buf_map_attachment') {
    const dma = kernel.deviceMapping(call.attachment)?.segments[0]?.address;
    return dma === undefined ? undefined : { dma };
  }
  if (!isAlloc(call) || call.arg.length < DMA_HEAP_ALLOCATION_DATA_SIZE) return undefined;
  const phys = kernel.physOf(task, allocatedFd(call.arg));
  return phys === undefined ? undefined : { phys };
}
