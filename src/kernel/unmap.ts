/** Taking addresses from a task, whatever is mapped there. Models mm/vma.c: do_vmi_munmap() (Linux 7.3). */
import { BACKENDS } from '../dma-buf/backends.ts';
import { geometryOf, profileIn } from '../profile/recorded-profile.ts';
import { type AddressRange, higher, lower, MAX_MAP_COUNT } from './address-space.ts';
import { badArgument, fail, ok, type SyscallResult } from './calls/results.ts';
import { areaOf, type MappingPart, type MappingRecord, type NumberedMapping } from './mapping-table.ts';
import type { KernelState } from './state.ts';

/** The parts of a mapping with those inside of a range changed, or gone where that is `undefined`. */
export function cutParts(
  record: MappingRecord,
  { start, end }: AddressRange,
  inside: (part: MappingPart) => MappingPart | undefined,
): MappingPart[] {
  const [first, last] = [start - record.start, end - record.start];
  return record.parts.flatMap((part) => {
    const from = higher(part.from, first);
    const to = lower(part.to, last);
    if (from >= to) return [part];
    const changed = inside({ ...part, from, to });
    return [
      ...(part.from < from ? [{ ...part, to: from }] : []),
      ...(changed === undefined ? [] : [changed]),
      ...(to < part.to ? [{ ...part, from: to }] : []),
    ];
  });
}

/** Whether a mapping is one of frames: VM_PFNMAP. */
export function mapsFrames(state: KernelState, { file }: MappingRecord): boolean {
  const open = state.files.get(file);
  if (open?.kind !== 'dma_buf') return false;
  const { backend, declared } = open.backing;
  return BACKENDS[backend].mapsFrames(profileIn(state.records).linux, declared);
}

/** The mapping that has an area at an address. */
export function mappingAt(state: KernelState, task: string, address: bigint): NumberedMapping | undefined {
  return state.mappings.overlapping(task, { start: address, end: address + 1n })[0];
}

/**
 * Unmaps whatever is there; nothing is no error.
 *
 * @param range whole pages
 * @returns ENOMEM where an area would become two and the task may have no more
 */
export function unmapRange(state: KernelState, task: string, range: AddressRange): SyscallResult | undefined {
  const hit = state.mappings.overlapping(task, range);
  const splits = hit.some(([, record]) =>
    record.parts.some((part) => {
      const area = areaOf(record, part);
      return area.start < range.start && range.end < area.end;
    }),
  );
  if (splits && state.mappings.space(task).areas >= MAX_MAP_COUNT) return fail('ENOMEM');
  const { page } = geometryOf(state.records);
  for (const [id, record] of hit) {
    const parts = cutParts(record, range, () => undefined);
    if (parts.length > 0) {
      state.mappings.setParts(task, id, record, parts, page);
    } else {
      state.mappings.remove(task, id);
      state.fput(record.file, task);
    }
  }
  return undefined;
}

/** The same with the checks of munmap(2). @param length bytes, rounded up to pages */
export function unmapChecked(state: KernelState, task: string, start: bigint, length: bigint): SyscallResult {
  const { geometry, arch } = profileIn(state.records);
  const bytes = length & geometry.wordMax;
  if (start % geometry.page !== 0n || start < 0n) return badArgument('EINVAL', 'offset', start);
  if (start > arch.taskSize || bytes === 0n || bytes > arch.taskSize - start)
    return badArgument('EINVAL', 'length', length);
  const end = start + geometry.pageAlign(bytes);
  return unmapRange(state, task, { start, end }) ?? ok(0);
}
