/** Mapping a dma-buf, and unmapping it. Models mm/mmap.c (Linux 7.3) as far as dma-bufs go. */
import { refuseCpu } from '../../dma-buf/cpu-access.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import { geometryOf, profileIn } from '../../profile/recorded-profile.ts';
import { MAP_PRIVATE, MAP_TYPE } from '../../uapi/fcntl.ts';
import { checkMmap, checkMmapOffset } from '../mapping.ts';
import type { KernelState } from '../state.ts';
import type { Opened } from './opened.ts';
import { badArgument, fail, ok, type SyscallResult } from './results.ts';

export interface Mmap {
  readonly length: bigint;
  readonly prot: number;
  readonly flags: number;
  readonly offset: bigint;
}

/** What mmap(2) refuses before it looks at the descriptor: sys_mmap(), ksys_mmap_pgoff(). */
export function refuseOffset(state: KernelState, call: Mmap): SyscallResult | undefined {
  const refused = checkMmapOffset(call, geometryOf(state.records));
  return refused && fail(refused.errno, refused.why);
}

/** mmap(2): do_mmap(). `ret` is the mapping's number. */
export function mmap(state: KernelState, { task, descriptor, file }: Opened, call: Mmap): SyscallResult {
  if (file.kind === 'drm') throw new NotModelled("mapping a DRM device's own memory");
  const profile = profileIn(state.records);
  const refused = checkMmap(file, call, profile);
  if (refused !== undefined) return fail(refused.errno, refused.why);
  const noCpu = file.kind === 'dma_buf' ? refuseCpu(state.records, file.backing) : undefined;
  if (noCpu !== undefined) return fail('EINVAL', noCpu);
  const { offset, prot } = call;
  const length = profile.geometry.pageAlign(call.length);
  const shared = (call.flags & MAP_TYPE) !== MAP_PRIVATE;
  const id = state.mappings.add(task, { file: descriptor.file, offset, length, prot, shared });
  if (id === undefined) return fail('ENOMEM');
  state.files.ref(descriptor.file);
  return ok(id);
}

export interface Munmap {
  readonly mapping: number;
}

/** munmap(2) of a whole mapping: do_vmi_munmap(). */
export function munmap(state: KernelState, by: string, { mapping }: Munmap): SyscallResult {
  const record = state.mappings.get(by, mapping);
  if (record === undefined) return badArgument('EINVAL', 'mapping', mapping);
  state.mappings.remove(by, mapping);
  state.fput(record.file, by);
  return ok(0);
}
