/** Loads, stores and DMA as steps: `read`, `write` and `fill`, through a buffer's descriptor where a task mapped it for that. */
import type { AccessPlace } from '../../kernel/access.ts';
import type { JournalAccess } from '../../session/journal.ts';
import { type KeptBytes, sha256 } from '../../session/kept-bytes.ts';
import { MAP_SHARED, PROT_READ, PROT_WRITE } from '../../uapi/fcntl.ts';
import { formatHex, formatSize } from '../../units.ts';
import type { Expect, Place, Step } from '../form.ts';
import type { Cursor, Draft } from './draft.ts';
import { isAccess, isCall } from './history.ts';
import { hexWord, sizeWord, textWord } from './words.ts';

/** What bytes that the journal does not have are replaced by. */
const STAND_IN = 0xa5;
/** Read bytes that are shown as they are. */
const SHOWN = 64;

/** Accesses of one kind that follow each other without a gap, of the same byte all over when there are several. */
interface Run {
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
interface Target {
  /** The place as a step names it, and where in it the bytes begin. */
  place(
    offset: bigint,
    length: bigint,
  ): { readonly place: Place; readonly offset?: bigint; readonly by?: string };
  /** For two runs to be neighbours it must be the same. */
  readonly whose: string;
  readonly offset: bigint;
}

type Told = Omit<Draft, 'entries' | 'task'>;

function accessStep({ access, length, kept, fault }: Run, target: Target): Told {
  const where = (offset: bigint, size: bigint, withLength: boolean) => {
    const { place, offset: begin, by } = target.place(offset, size);
    return {
      place,
      span: {
        ...(begin !== undefined && begin !== 0n && { offset: sizeWord(begin) }),
        // An address has its length in itself.
        ...(withLength && begin !== undefined && { length: sizeWord(size) }),
        ...(by !== undefined && { by }),
      },
    };
  };
  const ended: Expect = fault === undefined ? {} : { fault };
  if (access === 'read') {
    const { place, span } = where(target.offset, length, true);
    return {
      action: { read: { from: place, ...span } },
      expect: fault === undefined ? readExpect(kept) : ended,
    };
  }
  if ('bytes' in kept) {
    const { place, span } = where(target.offset, length, false);
    const text = textWord(kept.bytes);
    const bytes = text === undefined ? { bytes: hexWord(kept.bytes) } : { text };
    return { action: { write: { to: place, ...span, ...bytes } }, expect: ended };
  }
  const known = 'fill' in kept;
  const byte = known ? kept.fill : STAND_IN;
  const build = (offset: bigint, size: bigint): Pick<Draft, 'action' | 'comment'> => {
    const { place, span } = where(offset, size, true);
    const action: Step = { fill: { to: place, ...span, byte } };
    return known ? { action } : { action, comment: standInComment(size) };
  };
  const what = `${target.whose} ${known ? byte : 'unknown'}`;
  return {
    ...build(target.offset, length),
    expect: ended,
    ...(!known && { standIn: true }),
    ...(fault === undefined && { fill: { what, offset: target.offset, length, build } }),
  };
}

const standInComment = (length: bigint): string =>
  ` ${formatSize(length)} of other bytes were written here: the journal keeps none longer than 64 KiB.`;

/** What was read: as it is where it is short, and else its checksum, if the journal has one. */
function readExpect(kept: KeptBytes): Expect {
  if ('fill' in kept) {
    if (kept.fill === 0) return { value: { nonzero: 0 } };
    const bytes = new Uint8Array(kept.length).fill(kept.fill);
    return kept.length <= SHOWN ? { bytes: hexWord(bytes) } : { sha256: sha256(bytes) };
  }
  if ('sha256' in kept) return { sha256: kept.sha256 };
  if (!('bytes' in kept)) return {};
  const text = textWord(kept.bytes);
  return text === undefined ? { bytes: hexWord(kept.bytes) } : { text };
}

/** mmap, one access to all of it, munmap: an access to the buffer. */
export function bufferAccess(cursor: Cursor): Draft | undefined {
  const { history, at, names } = cursor;
  const mapped = history.entries[at];
  if (!isCall(mapped) || mapped.call.call !== 'mmap' || mapped.result.ret < 0) return undefined;
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
  const told = accessStep(run, {
    place: (offset) => ({ place: buffer, offset }),
    whose: `${task} ${buffer}`,
    offset: call.offset + skip,
  });
  return { ...told, task, entries: run.entries + 1 };
}

/** An access by itself: to a mapping that stays, to memory, or by a device. */
export function bareAccess(cursor: Cursor): Draft | undefined {
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
    const told = accessStep(run, {
      place: (offset) => ({ place: name, offset }),
      whose,
      offset: place.offset,
    });
    return { ...told, entries, task: 'mapping' in place ? place.task : names.anyone };
  }
  const by = 'device' in place ? { by: place.device } : {};
  const told = accessStep(run, {
    place: (address, length) => ({ place: `@${formatHex(address)}:${sizeWord(length)}`, ...by }),
    whose,
    offset: place.address,
  });
  return { ...told, entries, task: 'task' in place ? place.task : names.anyone };
}
