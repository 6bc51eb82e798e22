import * as z from 'zod';
import { readBytes } from '../../program/byte-moves.ts';
import type { KeptBytes } from '../../session/kept-bytes.ts';
import type { Action } from '../action.ts';
import type { Expect } from '../expect-form.ts';
import { endedAs, spanWords } from '../export/byte-runs.ts';
import { hexWord, textWord } from '../export/words.ts';
import { callerAt } from '../moment.ts';
import { lengthOf, placeOf, spanOf } from '../place.ts';
import { BadValue } from '../problem.ts';
import { ref, refOr, size, text } from '../value-forms.ts';

const schema = () =>
  refOr(
    z.strictObject({ from: ref, offset: size.optional(), length: size.optional(), by: text.optional() }),
    'a place, or { from, offset, length }',
  );

/** What one step reads. */
const MAX_READ = 1n << 30n;
/** Read bytes that an export shows as they are. */
const SHOWN = 64;

/** What `expect.value` can ask of bytes: how many are not zero, and their sum. */
function countBytes(bytes: Uint8Array): { nonzero: number; sum: number } {
  let nonzero = 0;
  let sum = 0;
  for (const byte of bytes) {
    if (byte !== 0) nonzero++;
    sum += byte;
  }
  return { nonzero, sum };
}

/** What was read: as it is where it is short, and else its checksum, if the journal has one. */
function readExpect(kept: KeptBytes, sha256: (bytes: Uint8Array) => string): Expect {
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

export const read: Action<typeof schema> = {
  text: 'Loads bytes; with `by` a device does it. What they must be: expect bytes, text, sha256 or value.',
  schema,
  expects: ['fault', 'bytes', 'sha256', 'text', 'value'],
  numbers: ['length', 'nonzero', 'sum'],
  compile: (value, values, path) => {
    const given = typeof value === 'object' ? value : { from: value };
    const reach = placeOf(given.from, given.by, values, typeof value === 'object' ? [...path, 'from'] : path);
    const span = spanOf(given, values, path);
    return function* (at) {
      const place = reach(at);
      const size = lengthOf(at, place, { ...span(at), access: 'read' }, path) ?? 0n;
      if (size > MAX_READ) {
        const message = `${size} bytes are more than a step reads: 1 GiB`;
        throw new BadValue({ code: 'scenario-too-long', message, path });
      }
      const outcome = yield* readBytes(callerAt(at), place, span(at));
      const { bytes } = outcome;
      if (bytes === undefined) return outcome;
      return {
        ret: outcome.ret,
        bytes,
        get value() {
          return { length: bytes.length, ...countBytes(bytes) };
        },
      };
    };
  },
  export: {
    access: (run, target, sha256) => {
      if (run.access !== 'read') return undefined;
      const { place, span } = spanWords(target, target.offset, run.length, true);
      return {
        action: { read: { from: place, ...span } },
        expect: run.fault === undefined ? readExpect(run.kept, sha256) : endedAs(run),
      };
    },
  },
};
