/** Making a mapping shorter or longer, or moving it. Models mm/mremap.c (Linux 7.3), and what it was before 6.17. */
import { profileIn } from '../../profile/recorded-profile.ts';
import { MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from '../../uapi/fcntl.ts';
import { higher, lower, MAX_MAP_COUNT, overlaps } from '../address-space.ts';
import { placeFor } from '../mapping.ts';
import { areaOf, type MappingPart, type MappingRecord, partAt } from '../mapping-table.ts';
import type { KernelState } from '../state.ts';
import { mappingAt, mapsFrames, unmapChecked, unmapRange } from '../unmap.ts';
import { badArgument, fail, ok, type SyscallResult } from './results.ts';

export interface Mremap {
  readonly mapping: number;
  /** Bytes from where mmap put the mapping: where the old range begins. */
  readonly offset: bigint;
  /** Bytes; 0 makes another mapping of the same pages. */
  readonly old_len: bigint;
  readonly new_len: bigint;
  /** MREMAP_MAYMOVE, MREMAP_FIXED and MREMAP_DONTUNMAP. */
  readonly flags: number;
  /** Where it goes, with MREMAP_FIXED; 0 unless given. */
  readonly new_addr?: bigint;
  /** Where the caller's host has it now: no address is looked for. */
  readonly at?: bigint;
}

/** What is asked, in whole pages. */
interface Asked {
  readonly addr: bigint;
  readonly old: bigint;
  readonly next: bigint;
  readonly flags: number;
  readonly to: bigint;
  readonly at: bigint | undefined;
}

/** The area at an address, with its mapping. */
interface Area {
  readonly id: number;
  readonly record: MappingRecord;
  readonly part: MappingPart;
  /** The end of the area, an address. */
  readonly end: bigint;
}

const badFlags = (flags: number) => badArgument('EINVAL', 'flags', flags >>> 0);
const unmapped = (addr: bigint) => fail('EFAULT', { kind: 'not-mapped', addr });

/** mremap(2). `ret` is the number of the mapping, which is another one where it has moved. */
export function mremap(state: KernelState, by: string, call: Mremap): SyscallResult {
  const { geometry, arch, linux } = profileIn(state.records);
  const { page, pageAlign, wordMax } = geometry;
  const named = state.mappings.get(by, call.mapping);
  if (named === undefined) return badArgument('EFAULT', 'mapping', call.mapping);
  const { flags } = call;
  const [old, next] = [pageAlign(call.old_len & wordMax), pageAlign(call.new_len & wordMax)];
  if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0) return badFlags(flags);
  const places = (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) !== 0;
  if (places && (flags & MREMAP_MAYMOVE) === 0) return badFlags(flags);
  const sameLength = linux.mremapMovesMany ? old === next : call.old_len === call.new_len;
  if ((flags & MREMAP_DONTUNMAP) !== 0 && !sameLength) return badArgument('EINVAL', 'new_len', call.new_len);
  const addr = named.start + call.offset;
  if (addr % page !== 0n) return badArgument('EINVAL', 'offset', call.offset);
  if (next === 0n || (linux.mremapMovesMany && next > arch.taskSize))
    return badArgument('EINVAL', 'new_len', call.new_len);
  const asked: Asked = { addr, old, next, flags, to: (call.new_addr ?? 0n) & wordMax, at: call.at };
  if (areaAt(state, by, addr) === undefined) {
    // Since 6.17 the new place is looked at before the old one.
    const first = places && linux.mremapMovesMany ? checkPlace(state, by, asked) : undefined;
    return first ?? unmapped(addr);
  }
  if (places) return moveTo(state, by, asked);
  if (old >= next) return shrink(state, by, asked);
  return grow(state, by, asked);
}

function areaAt(state: KernelState, task: string, address: bigint): Area | undefined {
  const found = mappingAt(state, task, address);
  const part = found && partAt(found[1], address - found[1].start);
  if (found === undefined || part === undefined) return undefined;
  const [id, record] = found;
  return { id, record, part, end: areaOf(record, part).end };
}

/** The area's mapping after a call that left it where it was. */
const stays = (state: KernelState, task: string, addr: bigint): SyscallResult =>
  ok(areaAt(state, task, addr)?.id ?? 0);

/** What lies behind the new length is unmapped, whatever it is. */
function shrink(state: KernelState, task: string, { addr, old, next }: Asked): SyscallResult {
  if (old > next) {
    const cut = unmapChecked(state, task, addr + next, old - next);
    if (cut.ret < 0) return cut;
  }
  return stays(state, task, addr);
}

/** vma_to_resize(), check_prep_vma(): whether the area can become that long. */
function refuseResize(state: KernelState, area: Area, asked: Asked): SyscallResult | undefined {
  const { addr, old, next, flags } = asked;
  const frames = mapsFrames(state, area.record);
  if (old === 0n && !area.record.shared) return badArgument('EINVAL', 'old_len', 0n);
  if ((flags & MREMAP_DONTUNMAP) !== 0) {
    if (profileIn(state.records).linux.dontunmapAnonymous) return badFlags(flags);
    if (frames) return fail('EINVAL', { kind: 'frame-mapping' });
  }
  if (old > area.end - addr) return unmapped(area.end);
  if (next === old) return undefined;
  return frames ? fail('EFAULT', { kind: 'frame-mapping' }) : undefined;
}

/** In its place where there is room behind, else elsewhere where it may move. */
function grow(state: KernelState, task: string, asked: Asked): SyscallResult {
  const { addr, old, next, flags, at } = asked;
  if (at !== undefined) {
    // The host has put it there, so that nothing else can stand there any more.
    const start = at === addr ? addr + old : at;
    const full = unmapRange(state, task, { start, end: at + next });
    if (full !== undefined) return full;
  }
  const area = areaAt(state, task, addr);
  if (area === undefined) return unmapped(addr);
  const refused = refuseResize(state, area, asked);
  if (refused !== undefined) return refused;
  const { arch, geometry } = profileIn(state.records);
  const space = state.mappings.space(task);
  const behind = { start: area.end, end: addr + next };
  if (old === area.end - addr && (at === undefined ? space.isFree(behind) : at === addr)) {
    const { id, record, part } = area;
    const longer = { ...part, to: addr + next - record.start };
    const parts = record.parts.map((one) => (one === part ? longer : one));
    state.mappings.setParts(task, id, record, parts, geometry.page);
    return stays(state, task, addr);
  }
  if ((flags & MREMAP_MAYMOVE) === 0) return fail('ENOMEM', { kind: 'no-room-beside' });
  const place = at === undefined ? placeFor(0n, next, 0, arch.taskSize, geometry, space) : { address: at };
  return 'errno' in place ? fail(place.errno, place.why) : move(state, task, area, asked, place.address);
}

/** Whether the new place can be one at all: mremap_to(), since 6.17 check_mremap_params(). */
function checkPlace(state: KernelState, task: string, asked: Asked): SyscallResult | undefined {
  const { addr, old, next, to } = asked;
  const { geometry, arch } = profileIn(state.records);
  const bad = () => badArgument('EINVAL', 'addr', to);
  if (to % geometry.page !== 0n) return bad();
  if (next > arch.taskSize || to > arch.taskSize - next) return bad();
  if (overlaps({ start: addr, end: addr + old }, { start: to, end: to + next })) return bad();
  if (state.mappings.space(task).areas + 2 >= MAX_MAP_COUNT - 3) return fail('ENOMEM');
  return undefined;
}

/** MREMAP_FIXED and MREMAP_DONTUNMAP. */
function moveTo(state: KernelState, task: string, asked: Asked): SyscallResult {
  const { addr, old, next, flags, to } = asked;
  const refused = checkPlace(state, task, asked);
  if (refused !== undefined) return refused;
  const { mremapMovesMany } = profileIn(state.records).linux;
  if (!mremapMovesMany) return moveArea(state, task, asked);
  if ((flags & MREMAP_FIXED) === 0 || old !== next) {
    const area = areaAt(state, task, addr);
    return (
      (area === undefined ? unmapped(addr) : refuseResize(state, area, asked)) ?? moveArea(state, task, asked)
    );
  }
  // remap_move(): area by area, with the gaps between them.
  let made: SyscallResult | undefined;
  for (const area of areasIn(state, task, addr, addr + old)) {
    const from = higher(area.start, addr);
    const length = lower(area.end, addr + old) - from;
    const one = { ...asked, addr: from, old: length, next: length, to: to + (from - addr) };
    const found = areaAt(state, task, from);
    const result =
      (found === undefined ? unmapped(from) : refuseResize(state, found, one)) ?? moveArea(state, task, one);
    if (result.ret < 0) return result;
    made ??= result;
  }
  return made ?? unmapped(addr);
}

const areasIn = (state: KernelState, task: string, start: bigint, end: bigint) =>
  state.mappings
    .overlapping(task, { start, end })
    .flatMap(([, record]) => record.parts.map((part) => areaOf(record, part)))
    .filter((area) => overlaps(area, { start, end }))
    .sort((a, b) => (a.start < b.start ? -1 : 1));

/** mremap_to(): what stands in the way goes first, also where the move then fails. */
function moveArea(state: KernelState, task: string, asked: Asked): SyscallResult {
  const { addr, old, next, flags, to } = asked;
  const { arch, geometry } = profileIn(state.records);
  if ((flags & MREMAP_FIXED) !== 0) {
    const cleared = unmapChecked(state, task, to, next);
    if (cleared.ret < 0) return cleared;
  }
  if (old > next) {
    const cut = unmapChecked(state, task, addr + next, old - next);
    if (cut.ret < 0) return cut;
  }
  const area = areaAt(state, task, addr);
  if (area === undefined) return unmapped(addr);
  const shorter = { ...asked, old: lower(old, next) };
  const refused = refuseResize(state, area, shorter);
  if (refused !== undefined) return refused;
  if ((flags & MREMAP_FIXED) !== 0) return move(state, task, area, shorter, to);
  const place =
    asked.at === undefined
      ? placeFor(to, next, 0, arch.taskSize, geometry, state.mappings.space(task))
      : { address: asked.at };
  return 'errno' in place ? fail(place.errno, place.why) : move(state, task, area, shorter, place.address);
}

/** move_vma(): a mapping of the same pages elsewhere, and the old one goes unless it is to stay. */
function move(state: KernelState, task: string, area: Area, asked: Asked, start: bigint): SyscallResult {
  const { addr, old, next, flags } = asked;
  const { id, record, part } = area;
  const { page } = profileIn(state.records).geometry;
  if (state.mappings.space(task).areas >= MAX_MAP_COUNT - 3) return fail('ENOMEM');
  const skip = addr - record.start;
  const parts = [{ from: 0n, to: next, prot: part.prot }];
  const made = state.mappings.add(task, { ...record, start, offset: record.offset + skip, parts });
  if (made === undefined) return fail('ENOMEM');
  state.files.ref(record.file);
  if (!record.shared) state.mappings.moveCopies(task, id, made, Number(skip / page), Number(old / page));
  if (old > 0n && (flags & MREMAP_DONTUNMAP) === 0) unmapRange(state, task, { start: addr, end: addr + old });
  return ok(made);
}
