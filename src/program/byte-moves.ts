/** What a program does with bytes that it reaches: loads them, stores them, fills them. */
import { type BytePlace, type ByteSpan, type Bytes, findBytes, isReached, useBytes } from './byte-reach.ts';
import type { Caller } from './caller.ts';
import { DONE, hasFailed, type Outcome, type Pieces } from './outcome.ts';

/** What is stored at a time: an access is what evicts cache lines by chance. A multiple of a page, and of 3. */
export const WRITE_PIECE = 3 << 20;
/** What is read between two looks of whoever waits. */
const READ_PIECE = 16 << 20;

/** Which bytes of a place. @see ByteSpan */
type Where = Omit<ByteSpan, 'access'>;

const inPieces = function* (length: number, piece: number, go: (from: number, to: number) => void): Pieces {
  for (let done = 0; done < length; done += piece) {
    if (done > 0) yield;
    go(done, Math.min(done + piece, length));
  }
  return DONE;
};

/**
 * Loads bytes.
 *
 * @param where without a length: to the end, which a device's memory does not have: no bytes then
 */
export function* readBytes(
  caller: Caller,
  place: BytePlace,
  where: Where,
): Pieces<Outcome & { readonly bytes?: Uint8Array }> {
  return yield* useBytes(caller, place, { ...where, access: 'read' }, function* (source, at, length = 0n) {
    const bytes = new Uint8Array(Number(length));
    yield* inPieces(bytes.length, READ_PIECE, (from, to) =>
      source.read(at + BigInt(from), bytes.subarray(from, to)),
    );
    return { ...DONE, bytes };
  });
}

/** Loads bytes into what the caller has: as many as it holds. */
export function* readInto(caller: Caller, place: BytePlace, offset: bigint, into: Uint8Array): Pieces {
  const span = { access: 'read', offset, length: BigInt(into.length) } as const;
  return yield* useBytes(caller, place, span, (source, at) => {
    if (into.length > 0) source.read(at, into);
    return DONE;
  });
}

/** Stores bytes in one access. */
function* store(caller: Caller, place: BytePlace, offset: bigint, bytes: Uint8Array): Pieces {
  const span = { access: 'write', offset, length: BigInt(bytes.length) } as const;
  return yield* useBytes(caller, place, span, (target: Bytes, at): Outcome => {
    if (bytes.length > 0) target.write(at, bytes);
    return DONE;
  });
}

/** How many bytes there are before an access faults; `undefined` where none will, or the first one. */
function roomAt(caller: Caller, place: BytePlace, offset: bigint): bigint | undefined {
  if (place.kind !== 'mapping' && (place.kind !== 'memory' || place.size !== undefined)) return undefined;
  const found = findBytes(caller, place, { access: 'write', offset });
  return isReached(found) ? found.length : undefined;
}

/**
 * Stores bytes as memcpy() does: those that fit, and then it is said of the first one that does not what is wrong.
 *
 * @returns what a past end has `stored` of them, where the kernel refuses and no fault says it
 */
export function* writeBytes(caller: Caller, place: BytePlace, offset: bigint, bytes: Uint8Array): Pieces {
  const part = (from: number, to?: number) =>
    store(caller, place, offset + BigInt(from), bytes.subarray(from, to));
  const room = Number(roomAt(caller, place, offset) ?? bytes.length);
  if (room < bytes.length) {
    const stored = room > 0 ? yield* part(0, room) : DONE;
    return hasFailed(stored) ? stored : yield* part(room, room + 1);
  }
  const outcome = yield* part(0);
  const { why } = outcome;
  if (why?.kind !== 'past-end') return outcome;
  const fits = Number(why.size - offset);
  if (fits <= 0) return { ...outcome, why: { ...why, length: 1n } };
  const stored = yield* part(0, fits);
  return hasFailed(stored) ? stored : { ...outcome, why: { ...why, stored: BigInt(fits) } };
}

/** Stores one byte all over. @param where as of `readBytes` */
export function* fillBytes(caller: Caller, place: BytePlace, where: Where, byte: number): Pieces {
  return yield* useBytes(caller, place, { ...where, access: 'write' }, (target, at, length = 0n) => {
    const size = Number(length);
    const piece = new Uint8Array(Math.min(size, WRITE_PIECE)).fill(byte);
    return inPieces(size, WRITE_PIECE, (from, to) =>
      target.write(at + BigInt(from), piece.subarray(0, to - from)),
    );
  });
}
