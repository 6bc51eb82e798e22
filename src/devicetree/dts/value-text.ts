/**
 * Values as source: in the form in which they were written where that is known, guessed from the bytes where it
 * is not, as dtc guesses: treesource.c: guess_value_type().
 */
import { byteString } from '../value.ts';
import type { ValueMark } from './origin.ts';
import type { ValueForm } from './pieces.ts';

/** A part of a value in brackets or quotes of its own. */
export interface ValuePart {
  readonly start: number;
  readonly end: number;
  /** Undefined when only its bytes are known. */
  readonly form?: ValueForm | undefined;
}

/** The text of a reference, `&label` or `&{/path}`; undefined when the number in its cell says more. */
export type ReferenceText = (mark: ValueMark, cell: number) => string | undefined;

interface Brackets {
  readonly open: string;
  readonly close: string;
  /** Bytes of an element. */
  readonly width: 1 | 2 | 4 | 8;
}

const BRACKETS: Readonly<Record<'bytes' | 'cells16' | 'cells32' | 'cells64', Brackets>> = {
  bytes: { open: '[', close: ']', width: 1 },
  cells16: { open: '/bits/ 16 <', close: '>', width: 2 },
  cells32: { open: '<', close: '>', width: 4 },
  cells64: { open: '/bits/ 64 <', close: '>', width: 8 },
};

/** Prints a value that is not empty, by its bytes alone: `"text"`, `<0x1 0x2>` or `[01 02]`. */
export function printValue(value: Uint8Array): string {
  if (isStringList(value)) return stringList(value);
  return inBrackets(value, value.length % 4 === 0 ? 'cells32' : 'bytes');
}

/** The parts of a blob's value: each phandle that is known for one, and what lies between. */
export function partsBetween(value: Uint8Array, marks: readonly ValueMark[]): readonly ValuePart[] {
  const parts: ValuePart[] = [];
  let at = 0;
  for (const { offset } of marks) {
    if (offset > at) parts.push({ start: at, end: offset });
    parts.push({ start: offset, end: offset + 4, form: 'cells32' });
    at = offset + 4;
  }
  if (at < value.length) parts.push({ start: at, end: value.length });
  return parts;
}

/** Each cell in brackets of its own, unless they are strings: a list that grew entry by entry. */
export const cellsApart = (value: Uint8Array): readonly ValuePart[] =>
  value.length % 4 > 0 || isStringList(value)
    ? [{ start: 0, end: value.length }]
    : Array.from({ length: value.length / 4 }, (_, i) => ({
        start: i * 4,
        end: i * 4 + 4,
        form: 'cells32' as const,
      }));

/**
 * Prints a value part by part, with its labels and references.
 *
 * @param parts in order, and together the whole value
 * @param labels those that are to be printed, in order
 */
export function printParts(
  value: Uint8Array,
  parts: readonly ValuePart[],
  labels: readonly ValueMark[],
  reference: (offset: number) => string | undefined,
): string {
  let next = 0;
  const labelsUpTo = (offset: number, leadingToo: boolean): string => {
    let text = '';
    for (; next < labels.length; next++) {
      const label = labels[next];
      if (label === undefined || label.offset > offset) break;
      if (label.offset === offset && label.leads === true && !leadingToo) break;
      text += ` ${label.ref}:`;
    }
    return text;
  };
  let text = '';
  for (const { start, end, form } of parts) {
    if (start === end) continue;
    text += `${labelsUpTo(start, false)} `;
    const bytes = value.subarray(start, end);
    if (form === 'text') text += quoted(bytes);
    else if (form === undefined || form === 'file') text += printValue(bytes);
    else {
      text += inBrackets(bytes, form, (at, index) => {
        const before = labelsUpTo(start + at, true);
        // dtc parts cells by a space, label or not, and bytes only where no label stands between.
        const space = index > 0 && (before === '' || form === 'cells32') ? ' ' : '';
        return { before: space + before, reference: form === 'cells32' ? reference(start + at) : undefined };
      });
    }
    if (end < value.length) text += ',';
  }
  return (text + labelsUpTo(value.length, true)).slice(1);
}

/** What stands before an element, and what stands for it. */
type Element = (
  at: number,
  index: number,
) => { readonly before: string; readonly reference?: string | undefined };

const PLAIN: Element = (_, index) => ({ before: index === 0 ? '' : ' ' });

function inBrackets(bytes: Uint8Array, form: keyof typeof BRACKETS, element: Element = PLAIN): string {
  const { open, close, width } = BRACKETS[form];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = open;
  for (let at = 0, index = 0; at + width <= bytes.length; at += width, index++) {
    const { before, reference } = element(at, index);
    text += before + (reference ?? number(view, at, width));
  }
  return text + close;
}

function number(view: DataView, at: number, width: Brackets['width']): string {
  if (width === 1) return digits(view.getUint8(at));
  if (width === 2) return `0x${digits(view.getUint16(at))}`;
  return `0x${digits(width === 4 ? view.getUint32(at) : view.getBigUint64(at))}`;
}

const digits = (value: number | bigint): string => value.toString(16).padStart(2, '0');

/** Whether every byte is printable, a control character that has an escape, or a NUL, and NULs end strings. */
function isStringList(value: Uint8Array): boolean {
  if (value.at(-1) !== 0) return false;
  let nuls = 0;
  for (const byte of value) {
    if (byte === 0) nuls++;
    else if ((byte < 7 || byte > 13) && (byte < 0x20 || byte > 0x7e)) return false;
  }
  return nuls <= value.length - nuls;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\\': '\\\\',
  '"': '\\"',
};

const stringList = (value: Uint8Array): string => {
  const ends = [...value.keys()].filter((at) => value[at] === 0);
  return ends
    .map((end, i) => quoted(value.subarray(i === 0 ? 0 : (ends[i - 1] ?? 0) + 1, end + 1)))
    .join(', ');
};

/** One string with the NUL that ends it, which is not printed. */
function quoted(bytes: Uint8Array): string {
  const text = byteString(bytes.subarray(0, -1));
  return `"${Array.from(text, (character, i) => ESCAPES[character] ?? escaped(character, text[i + 1])).join('')}"`;
}

/** A character without an escape of its own; a NUL before a digit would be read with it when it were `\0`. */
function escaped(character: string, next = ''): string {
  if (character >= ' ' && character <= '~') return character;
  if (character === '\0' && !/[0-7]/.test(next)) return '\\0';
  return `\\x${digits(character.charCodeAt(0))}`;
}
