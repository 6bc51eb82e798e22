import * as z from 'zod';
import { fillBytes } from '../../program/byte-moves.ts';
import { formatSize } from '../../units.ts';
import type { Action } from '../action.ts';
import { endedAs, spanWords } from '../export/byte-runs.ts';
import { callerAt } from '../moment.ts';
import { lengthOf, placeOf, spanOf } from '../place.ts';
import { ref, size, text, whole } from '../value-forms.ts';

const schema = () =>
  z.strictObject(
    { to: ref, offset: size.optional(), length: size.optional(), byte: whole, by: text.optional() },
    { error: '{ to, byte }' },
  );

/** What bytes that the journal does not have are replaced by. */
const STAND_IN = 0xa5;

const standInComment = (length: bigint): string =>
  ` ${formatSize(length)} of other bytes were written here: the journal keeps none longer than 64 KiB.`;

export const fill: Action<typeof schema> = {
  text: 'Stores one byte over and over: { to: a, byte: 0xff }',
  schema,
  expects: ['fault'],
  compile: (value, values, path) => {
    const reach = placeOf(value.to, value.by, values, [...path, 'to']);
    const span = spanOf(value, values, path);
    const byte = values.byte(value.byte, [...path, 'byte']);
    return (at) => {
      const place = reach(at);
      lengthOf(at, place, { ...span(at), access: 'write' }, path);
      return fillBytes(callerAt(at), place, span(at), byte(at));
    };
  },
  export: {
    access: (run, target) => {
      const { access, kept, length, fault } = run;
      if (access !== 'write' || 'bytes' in kept) return undefined;
      const known = 'fill' in kept;
      const byte = known ? kept.fill : STAND_IN;
      const build = (offset: bigint, size: bigint) => {
        const { place, span } = spanWords(target, offset, size, true);
        const action = { fill: { to: place, ...span, byte } };
        return known ? { action } : { action, comment: standInComment(size) };
      };
      const what = `${target.whose} ${known ? byte : 'unknown'}`;
      return {
        ...build(target.offset, length),
        expect: endedAs(run),
        ...(!known && { standIn: true }),
        ...(fault === undefined && { fill: { what, offset: target.offset, length, build } }),
      };
    },
  },
};
