import * as z from 'zod';
import { applyOverlayTo } from '../../program/apply-overlay.ts';
import type { Action, ValueOf } from '../action.ts';
import { hexWord } from '../export/words.ts';
import { bytesOfHex } from '../hex.ts';
import { callerAt, type Getter } from '../moment.ts';
import type { Path } from '../problem.ts';
import { hex, text } from '../value-forms.ts';
import type { Values } from '../values.ts';

const schema = () =>
  z.union([text, z.strictObject({ bytes: hex }, { error: '{ bytes }' })], {
    error: 'a compiled overlay: a file, or { bytes: hexadecimal digits }',
  });

function blobOf(value: ValueOf<typeof schema>, values: Values, path: Path): Getter<Uint8Array> {
  return typeof value === 'object'
    ? values.read(value.bytes, [...path, 'bytes'], bytesOfHex, 'pairs of hexadecimal digits')
    : values.file(String(value), path);
}

export const overlay: Action<typeof schema> = {
  text: 'Applies a compiled overlay to the running kernel: camera.dtbo',
  schema,
  compile: (value, values, path) => {
    const blob = blobOf(value, values, path);
    return (at) => {
      const { effects: _, ...outcome } = applyOverlayTo(callerAt(at), blob(at));
      return outcome;
    };
  },
  export: {
    withoutTask: true,
    calls: {
      of_overlay_fdt_apply: ({ call }) => ({ action: { overlay: { bytes: hexWord(call.overlay) } } }),
    },
  },
};
