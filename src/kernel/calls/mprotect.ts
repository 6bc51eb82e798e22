/** Changing what a mapping allows. Models mm/mprotect.c: do_mprotect_pkey() (Linux 7.3). */
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import {
  mayWrite,
  PROT_EXEC,
  PROT_GROWSDOWN,
  PROT_GROWSUP,
  PROT_READ,
  PROT_SEM,
  PROT_WRITE,
} from '../../uapi/fcntl.ts';
import { lower, MAX_MAP_COUNT } from '../address-space.ts';
import { type MappingPart, type MappingRecord, partAt } from '../mapping-table.ts';
import type { KernelState } from '../state.ts';
import { cutParts, mappingAt, mapsFrames } from '../unmap.ts';
import { badArgument, fail, ok, type SyscallResult } from './results.ts';

/** Which addresses: as of munmap. */
export interface Mprotect {
  readonly mapping: number;
  /** Bytes from where mmap put the mapping. */
  readonly offset: bigint;
  /** Bytes, rounded up to pages; 0 is nothing, and no error. */
  readonly length: bigint;
  /** PROT_READ, PROT_WRITE and PROT_EXEC. */
  readonly prot: number;
}

const ACCESS = PROT_READ | PROT_WRITE | PROT_EXEC;

/** mprotect(2). What lies before a page that refuses, or before a hole, is changed all the same. */
export function mprotect(state: KernelState, by: string, call: Mprotect): SyscallResult {
  const { geometry, arch } = profileIn(state.records);
  const named = state.mappings.get(by, call.mapping);
  if (named === undefined) return badArgument('ENOMEM', 'mapping', call.mapping);
  const prot = call.prot & ~(PROT_GROWSDOWN | PROT_GROWSUP);
  const grows = call.prot & (PROT_GROWSDOWN | PROT_GROWSUP);
  const badProt = (errno: 'EINVAL' | 'EACCES') => badArgument(errno, 'prot', call.prot >>> 0);
  if (grows === (PROT_GROWSDOWN | PROT_GROWSUP)) return badProt('EINVAL');
  const start = named.start + call.offset;
  if (start % geometry.page !== 0n) return badArgument('EINVAL', 'offset', call.offset);
  const length = call.length & geometry.wordMax;
  if (length === 0n) return ok(0);
  const end = start + geometry.pageAlign(length);
  if (end <= start || end > geometry.wordMax) return badArgument('ENOMEM', 'length', call.length);
  if ((prot & arch.protOfCpu) !== 0 && (prot & ~(ACCESS | PROT_SEM | arch.protOfCpu)) === 0)
    throw new NotModelled('a protection that only some CPUs know');
  if ((prot & ~(ACCESS | PROT_SEM)) !== 0) return badProt('EINVAL');
  for (let at = start; at < end; ) {
    const found = mappingAt(state, by, at);
    const part = found && partAt(found[1], at - found[1].start);
    if (found === undefined || part === undefined) return fail('ENOMEM', { kind: 'not-mapped', addr: at });
    // No mapping of a dma-buf grows.
    if (grows !== 0) return badProt('EINVAL');
    const [id, record] = found;
    if (!mayBecome(state, record, prot)) return badProt('EACCES');
    const range = { start: at, end };
    const stop = lower(record.start + part.to, end);
    if (part.prot !== (prot & ACCESS)) {
      const full = protect(state, by, id, record, { ...range, end: stop }, prot & ACCESS);
      if (full !== undefined) return full;
    }
    at = stop;
  }
  return ok(0);
}

/** Whether the mapping may be given this access: VM_MAYREAD, VM_MAYWRITE, VM_MAYEXEC. */
function mayBecome(state: KernelState, { file, shared }: MappingRecord, prot: number): boolean {
  const flags = state.files.get(file)?.flags ?? 0;
  if ((prot & PROT_WRITE) !== 0 && shared && !mayWrite(flags)) return false;
  return (prot & PROT_EXEC) === 0 || !profileIn(state.records).linux.dmaBufNoExec;
}

function protect(
  state: KernelState,
  task: string,
  id: number,
  record: MappingRecord,
  range: { readonly start: bigint; readonly end: bigint },
  prot: number,
): SyscallResult | undefined {
  const cut = cutParts(record, range, (part) => ({ ...part, prot }));
  // Areas of frames are never merged.
  const parts = mapsFrames(state, record) ? cut : merged(cut);
  const areas = state.mappings.space(task).areas + parts.length - record.parts.length;
  if (areas > MAX_MAP_COUNT) return fail('ENOMEM');
  state.mappings.setParts(task, id, record, parts, profileIn(state.records).geometry.page);
  return undefined;
}

/** vma_merge(): neighbours of one protection are one area. */
function merged(parts: readonly MappingPart[]): MappingPart[] {
  const made: MappingPart[] = [];
  for (const part of parts) {
    const last = made.at(-1);
    if (last?.to === part.from && last.prot === part.prot) made[made.length - 1] = { ...last, to: part.to };
    else made.push(part);
  }
  return made;
}
