/** Opening and closing descriptors. Models fs/open.c (Linux 7.3). */
import { dmaHeaps } from '../../dma-buf/dma-heap.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import { bootRecord } from '../boot/boot-record.ts';
import { waitingModules } from '../boot/modules.ts';
import { noSuchHeap } from '../missing-heap.ts';
import type { KernelState } from '../state.ts';
import { DescriptorTable } from '../task.ts';
import { badArgument, fail, ok, type SyscallResult } from './results.ts';
import { openPath } from './virtual-calls.ts';

export interface Open {
  readonly path: string;
  readonly flags: number;
  /** The number that the caller's own table gave; -1: none was left. The lowest free one unless given. */
  readonly at?: number;
}

/** open(2): do_sys_openat2(). `ret` is the descriptor. */
export function open(state: KernelState, by: string, { path, flags, at }: Open): SyscallResult {
  const table = new DescriptorTable(state.records, by);
  // The descriptor is taken before the path is looked up.
  if (table.vacancy(at) === undefined)
    return fail('EMFILE', { kind: 'descriptor-limit', limit: table.nofile });
  const file = openPath(state, by, path, flags);
  if ('refused' in file) return explainMissingHeap(state, path, file.refused);
  const fd = state.install(table, state.files.add(file), flags, at);
  if (typeof fd !== 'number') throw new Error('there was room for a descriptor');
  return ok(fd);
}

/** Names the heaps that there are, when a path looks for one that is not. */
function explainMissingHeap({ records }: KernelState, path: string, refused: SyscallResult): SyscallResult {
  const name = /^\/dev\/dma_heap\/([^/]+)$/.exec(path)?.[1];
  if (refused.errno !== 'ENOENT' || name === undefined) return refused;
  const { regions } = bootRecord(records);
  const notLoaded = waitingModules(records);
  return fail('ENOENT', noSuchHeap(name, { heaps: dmaHeaps(records), regions, notLoaded }));
}

export interface Close {
  readonly fd: number;
}

/** close(2): filp_close(). */
export function close(state: KernelState, by: string, { fd }: Close): SyscallResult {
  const file = new DescriptorTable(state.records, by).remove(fd);
  if (file === undefined) return fail('EBADF', { kind: 'bad-descriptor', fd });
  state.fput(file, by);
  return ok(0);
}

/** CLOSE_RANGE_UNSHARE: a task's table is its own already. */
const CLOSE_RANGE_UNSHARE = 2;
const CLOSE_RANGE_CLOEXEC = 4;

export interface CloseRange {
  readonly first: number;
  readonly last: number;
  /** CLOSE_RANGE_UNSHARE and CLOSE_RANGE_CLOEXEC. */
  readonly flags: number;
}

/** close_range(2): numbers that are not open are no error. */
export function closeRange(
  state: KernelState,
  by: string,
  { first, last, flags }: CloseRange,
): SyscallResult {
  const { closeRangeCloexec } = profileIn(state.records).linux;
  const known = CLOSE_RANGE_UNSHARE | (closeRangeCloexec ? CLOSE_RANGE_CLOEXEC : 0);
  if ((flags & ~known) !== 0) return badArgument('EINVAL', 'flags', flags >>> 0);
  if (first > last) return badArgument('EINVAL', 'fd', first);
  const table = new DescriptorTable(state.records, by);
  for (const [fd, { file }] of [...table.entries()]) {
    if (fd < first || fd > last) continue;
    if ((flags & CLOSE_RANGE_CLOEXEC) !== 0) {
      table.setCloexec(fd, true);
      continue;
    }
    table.remove(fd);
    state.fput(file, by);
  }
  return ok(0);
}
