/** Loads, stores and DMA in a history: runs of accesses, and the mapping that a task made for just one. */
import type { AccessPlace } from '../../kernel/access.ts';
import type { JournalAccess } from '../../session/journal.ts';
import type { KeptBytes } from '../../session/kept-bytes.ts';
import { MAP_SHARED, PROT_READ, PROT_WRITE } from '../../uapi/fcntl.ts';
import { formatHex } from '../../units.ts';
import type { Expect } from '../expect-form.ts';
import type { Ref } from '../value-forms.ts';
import type { Cursor, Draft } from './draft.ts';
import { isAccess, isCall } from './history.ts';
import { sizeWord } from './words.ts';

/** Accesses of one kind that follow each other without a gap, of the same byte all over when there are several. */
export interface Run {
  readonly access: 'read' | 'write';
  readonly length: bigint;
  readonly kept: KeptBytes;
  readonly fault: string | undefined;
  readonly entries: number;
}

const positionOf = (place: AccessPlace): bigint => ('offset' in place ? place.offset : place.address);

const owner = (place: AccessPlace): string =>
  'mapping' in place
    ? `map ${place.task} ${place.mapping}`
    : 'attachment' in place
      ? `attachment ${place.attachment}`
      : 'task' in place
        ? `memory ${place.task}`
        : `bus ${place.device}`;

/** What one access stores, where it is the same all over; bytes that nobody kept are all replaced alike. */
function fillOf({ access, kept, fault }: JournalAccess): string | undefined {
  if (access !== 'write' || fault !== undefined) return undefined;
  if ('fill' in kept) return String(kept.fill);
  return 'sha256' in kept || 'omitted' in kept ? 'unknown' : undefined;
}

function runAt({ history, at, end, mayJoin }: Cursor, from: number): Run | undefined {
  const first = history.entries[from];
  if (!isAccess(first)) return undefined;
  const { access, kept, fault } = first;
  const what = fillOf(first);
  let length = BigInt(kept.length);
  let entries = 1;
  while (mayJoin && what !== undefined && from + entries < end) {
    const next = history.entries[from + entries];
    if (!isAccess(next) || owner(next.place) !== owner(first.place) || fillOf(next) !== what) break;
    if (positionOf(next.place) !== positionOf(first.place) + length) break;
    // What an access caused is told with it alone.
    if (next.log !== undefined || next.hazards !== undefined || first.hazards !== undefined) break;
    length += BigInt(next.kept.length);
    entries++;
  }
  return { access, length, kept, fault, entries: entries + from - at };
}

/** What the bytes of a run belong to. */
export interface Target {
  /** The place as a step names it, and where in it the bytes begin. */
  place(
    offset: bigint,
    length: bigint,
  ): { readonly place: Ref; readonly offset?: bigint; readonly by?: string };
  /** For two runs to be neighbours it must be the same. */
  readonly whose: string;
  readonly offset: bigint;
}

/** A run as a step. */
export type AccessTold = Omit<Draft, 'entries' | 'task'>;

/** The words of a step for bytes of a target. @param withLength where nothing else says how many */
export function spanWords(target: Target, offset: bigint, length: bigint, withLength: boolean) {
  const { place, offset: begin, by } = target.place(offset, length);
  return {
    place,
    span: {
      ...(begin !== undefined && begin !== 0n && { offset: sizeWord(begin) }),
      // An address has its length in itself.
      ...(withLength && begin !== undefined && { length: sizeWord(length) }),
      ...(by !== undefined && { by }),
    },
  };
}

/** What is expected of a run: that it ends with its fault, if it did. */
export const endedAs = ({ fault }: Run): Expect => (fault === undefined ? {} : { fault });

/** Writes a run at a target as the action that it was. */
export type Tell = (run: Run, target: Target) => AccessTold | undefined;

/** mmap, one access to all of it, munmap: an access to the buffer. */
export function bufferAccess(cursor: Cursor, tell: Tell): Draft | undefined {
  const { history, at, names } = cursor;
  const mapped = history.entries[at];
  if (!isCall(mapped) || mapped.call.call !== 'mmap' || mapped.call.at !== undefined || mapped.result.ret < 0)
    return undefined;
  const { task, call, result } = mapped;
  const run = runAt(cursor, at + 1);
  const first = history.entries[at + 1];
  if (run === undefined || !isAccess(first)) return undefined;
  const { place } = first;
  if (!('mapping' in place) || place.task !== task || place.mapping !== result.ret) return undefined;
  const prot = run.access === 'read' ? PROT_READ : PROT_READ | PROT_WRITE;
  if (call.flags !== MAP_SHARED || call.prot !== prot) return undefined;
  const skip = place.offset;
  if (skip >= history.profile.geometry.page || call.length !== skip + (run.length === 0n ? 1n : run.length))
    return undefined;
  const ended = history.entries[at + run.entries];
  if (at + run.entries >= cursor.end || !isCall(ended) || ended.call.call !== 'munmap') return undefined;
  if (ended.task !== task || ended.call.mapping !== result.ret) return undefined;
  const buffer = names.descriptor(task, call.fd);
  const told = tell(run, {
    place: (offset) => ({ place: buffer, offset }),
    whose: `${task} ${buffer}`,
    offset: call.offset + skip,
  });
  return told && { ...told, task, entries: run.entries + 1 };
}

/** An access by itself: to a mapping that stays, to memory, or by a device. */
export function bareAccess(cursor: Cursor, tell: Tell): Draft | undefined {
  const { history, at, names } = cursor;
  const entry = history.entries[at];
  const run = runAt(cursor, at);
  if (!isAccess(entry) || run === undefined) return undefined;
  const { place } = entry;
  const { entries } = run;
  const whose = owner(place);
  if ('offset' in place) {
    const name =
      'mapping' in place
        ? `map:${names.mapping(place.task, place.mapping)}`
        : `attachment:${names.attachment(place.attachment)}`;
    const told = tell(run, {
      place: (offset) => ({ place: name, offset }),
      whose,
      offset: place.offset,
    });
    return told && { ...told, entries, task: 'mapping' in place ? place.task : names.anyone };
  }
  const by = 'device' in place ? { by: place.device } : {};
  const told = tell(run, {
    place: (address, length) => ({ place: `@${formatHex(address)}:${sizeWord(length)}`, ...by }),
    whose,
    offset: place.address,
  });
  return told && { ...told, entries, task: 'task' in place ? place.task : names.anyone };
}
