/** A file's text with its line continuations taken out, and the way back to lines and columns. */
import type { SourceFile } from '../source.ts';

/** What a file is to all of its inclusions. */
export class SourceText {
  readonly path: string;
  readonly modified: string | undefined;
  /** The text to read: continued lines are joined, a byte order mark is gone. */
  readonly text: string;
  readonly #original: string;
  /** Offsets in `text` behind which something was taken out, ascending. */
  readonly #splices: number[] = [];
  /** How much had been taken out by each of `#splices`. */
  readonly #removed: number[] = [];
  #lineStarts: number[] | undefined;

  /** Never read again: `#pragma once` or `#import`. */
  once = false;
  /** Never read again while this macro is defined: the whole file stands in `#ifndef … #endif`. */
  guard: string | undefined;

  constructor({ path, text: original, modified }: SourceFile) {
    this.path = path;
    this.modified = modified;
    this.#original = original;
    const pieces: string[] = [];
    let from = original.charCodeAt(0) === 0xfeff ? 1 : 0;
    if (from > 0) {
      this.#splices.push(0);
      this.#removed.push(from);
    }
    let length = 0;
    const start = from;
    if (original.includes('\\')) {
      // gcc takes blanks between the backslash and the line's end, with a warning.
      for (const match of original.matchAll(/\\[ \t\v\f]*\r?\n/g)) {
        pieces.push(original.slice(from, match.index));
        length += match.index - from;
        from = match.index + match[0].length;
        this.#splices.push(length);
        this.#removed.push(from - length);
      }
    }
    if (pieces.length > 0) this.text = pieces.join('') + original.slice(from);
    else this.text = start === 0 ? original : original.slice(start);
  }

  /** Line and column, from 1, of an offset in `text`. */
  position(offset: number): { line: number; column: number } {
    const splice = lastAtOrBelow(this.#splices, offset);
    const at = offset + (splice < 0 ? 0 : (this.#removed[splice] ?? 0));
    const starts = this.#lines();
    const line = lastAtOrBelow(starts, at);
    return { line: line + 1, column: at - (starts[line] ?? 0) + 1 };
  }

  /** The line as it stands in the file, without its end. */
  line(line: number): string | undefined {
    const starts = this.#lines();
    const start = starts[line - 1];
    if (start === undefined) return undefined;
    const end = starts[line];
    return this.#original.slice(start, end === undefined ? undefined : end - 1).replace(/\r$/, '');
  }

  #lines(): number[] {
    if (this.#lineStarts === undefined) {
      const starts = [0];
      for (let at = this.#original.indexOf('\n'); at >= 0; at = this.#original.indexOf('\n', at + 1)) {
        starts.push(at + 1);
      }
      this.#lineStarts = starts;
    }
    return this.#lineStarts;
  }
}

/** The index of the last number at or below `value` in an ascending list, or `-1`. */
export function lastAtOrBelow(list: ArrayLike<number>, value: number, length = list.length): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
