/** Mapping a dma-buf, and unmapping it. Models mm/mmap.c and mm/vma.c (Linux 7.3) as far as dma-bufs go. */
import { refuseCpu } from '../../dma-buf/cpu-access.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import { geometryOf, profileIn } from '../../profile/recorded-profile.ts';
import { MAP_PRIVATE, MAP_TYPE, PROT_EXEC, PROT_READ, PROT_WRITE } from '../../uapi/fcntl.ts';
import { checkExporter, checkMmap, checkMmapOffset, type MmapArguments } from '../mapping.ts';
import type { KernelState } from '../state.ts';
import { unmapChecked, unmapRange } from '../unmap.ts';
import type { Opened } from './opened.ts';
import { badArgument, fail, ok, type SyscallResult } from './results.ts';

export type Mmap = MmapArguments;

/** What mmap(2) refuses before it looks at the descriptor: sys_mmap(), ksys_mmap_pgoff(). */
export function refuseOffset(state: KernelState, call: Mmap): SyscallResult | undefined {
  const refused = checkMmapOffset(call, geometryOf(state.records));
  return refused && fail(refused.errno, refused.why);
}

/**
 * mmap(2): do_mmap(). `ret` is the mapping's number. With MAP_FIXED what stood there goes first: a buffer that then
 * refuses leaves a hole.
 */
export function mmap(state: KernelState, { task, descriptor, file }: Opened, call: Mmap): SyscallResult {
  if (file.kind === 'drm') throw new NotModelled("mapping a DRM device's own memory");
  const profile = profileIn(state.records);
  const checked = checkMmap(file, call, profile, state.mappings.space(task));
  if ('errno' in checked) return fail(checked.errno, checked.why);
  if (file.kind !== 'dma_buf') throw new Error(`${file.kind} has no mmap`);
  const start = checked.address;
  const length = profile.geometry.pageAlign(call.length);
  const full = unmapRange(state, task, { start, end: start + length });
  if (full !== undefined) return full;
  const refused = checkExporter(file, call, profile);
  if (refused !== undefined) return fail(refused.errno, refused.why);
  const noCpu = refuseCpu(state.records, file.backing);
  if (noCpu !== undefined) return fail('EINVAL', noCpu);
  const prot = call.prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
  const shared = (call.flags & MAP_TYPE) !== MAP_PRIVATE;
  const parts = [{ from: 0n, to: length, prot }];
  const { offset } = call;
  const id = state.mappings.add(task, { file: descriptor.file, start, offset, shared, parts });
  if (id === undefined) return fail('ENOMEM');
  state.files.ref(descriptor.file);
  return ok(id);
}

/**
 * Which addresses: from where mmap put the mapping, `offset` bytes on. They may be any, also those of a hole or of the
 * mapping behind it, as a pointer may.
 */
export interface Munmap {
  readonly mapping: number;
  /** Bytes; 0 unless given. Without offset and length all that is left of the mapping goes, and nothing else. */
  readonly offset?: bigint;
  /** Bytes; to the end of the mapping unless given. */
  readonly length?: bigint;
}

/** munmap(2): do_vmi_munmap(). The last reference to a buffer frees it. */
export function munmap(state: KernelState, by: string, call: Munmap): SyscallResult {
  const { mapping, offset, length } = call;
  const record = state.mappings.get(by, mapping);
  if (record === undefined) return badArgument('EINVAL', 'mapping', mapping);
  if (offset === undefined && length === undefined) {
    state.mappings.remove(by, mapping);
    state.fput(record.file, by);
    return ok(0);
  }
  const start = record.start + (offset ?? 0n);
  const end = record.start + (record.parts.at(-1)?.to ?? 0n);
  return unmapChecked(state, by, start, length ?? end - start);
}
