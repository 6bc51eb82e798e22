import * as z from 'zod';
import { writeBytes } from '../../program/byte-moves.ts';
import type { Action, ValueOf } from '../action.ts';
import { endedAs, spanWords } from '../export/byte-runs.ts';
import { hexWord, textWord } from '../export/words.ts';
import { bytesOfHex } from '../hex.ts';
import { callerAt, type Getter } from '../moment.ts';
import { placeOf } from '../place.ts';
import type { Path } from '../problem.ts';
import { hex, ref, size, text } from '../value-forms.ts';
import type { Values } from '../values.ts';

const schema = () =>
  z.strictObject(
    {
      to: ref,
      offset: size.optional(),
      bytes: hex.optional(),
      text: text.optional(),
      file: text.optional(),
      by: text.optional(),
    },
    { error: '{ to, bytes }' },
  );

/** What is written: of bytes, text and file just one. */
function sourceOf(
  { bytes, text, file }: ValueOf<typeof schema>,
  values: Values,
  path: Path,
): Getter<Uint8Array> {
  const given = [bytes, text, file].filter((one) => one !== undefined).length;
  if (given !== 1) {
    const message =
      given === 0 ? 'write has bytes, text or file' : 'write has one of bytes, text and file, not several';
    values.problem(path, 'scenario-exclusive', message, 'bytes: "00112233", text: hello, file: frame.raw');
  }
  if (bytes !== undefined)
    return values.read(bytes, [...path, 'bytes'], bytesOfHex, 'pairs of hexadecimal digits');
  if (file !== undefined) return values.file(file, [...path, 'file']);
  const encoder = new TextEncoder();
  const words = values.text(text ?? '', [...path, 'text']);
  return (at) => encoder.encode(words(at));
}

export const write: Action<typeof schema> = {
  text: 'Stores bytes: { to: a, bytes: "0011" }',
  schema,
  expects: ['fault'],
  compile: (value, values, path) => {
    const reach = placeOf(value.to, value.by, values, [...path, 'to']);
    const offset = values.optionalSize(value.offset, [...path, 'offset']);
    const from = sourceOf(value, values, path);
    return (at) => {
      const bytes = from(at);
      return writeBytes(callerAt(at), reach(at), offset?.(at) ?? 0n, bytes);
    };
  },
  export: {
    access: (run, target) => {
      const { access, kept, length } = run;
      if (access !== 'write' || !('bytes' in kept)) return undefined;
      const { place, span } = spanWords(target, target.offset, length, false);
      const text = textWord(kept.bytes);
      const bytes = text === undefined ? { bytes: hexWord(kept.bytes) } : { text };
      return { action: { write: { to: place, ...span, ...bytes } }, expect: endedAs(run) };
    },
  },
};
