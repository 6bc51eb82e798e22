/**
 * The text of a paste as lines that marks are taken from: blanks take their place, so that every character that stays
 * keeps its line and column.
 */

const LONGEST = 4000;

export interface Remark {
  readonly code: string;
  /** From 1. */
  readonly line: number;
  readonly message: string;
  /** What is not known of memory because of it. */
  readonly lacks?: string;
}

export const isBlank = (line: string): boolean => line.trim() === '';

/** As many blanks. */
export const blanked = (line: string): string => ' '.repeat(line.length);

export const countOf = (count: number, what: string): string => `${count} ${count === 1 ? what : `${what}s`}`;

export class PastedLines {
  /** The lines without the marks that were taken from their beginning. */
  readonly lines: string[];
  readonly remarks: Remark[] = [];
  /** As many blanks as were taken from each. */
  readonly #margins: string[];

  constructor(text: string) {
    this.lines = text.split('\n');
    this.#margins = this.lines.map(() => '');
  }

  get text(): string {
    return this.lines.map((line, index) => `${this.#margins[index]}${line}`).join('\n');
  }

  /** Takes off what a pattern finds at the beginning of lines. @returns on how many lines, and the first of them */
  takePrefix(pattern: RegExp): { readonly count: number; readonly first: number } {
    let [count, first] = [0, 0];
    for (const [index, line] of this.lines.entries()) {
      const length = isBlank(line) ? 0 : (pattern.exec(line)?.[0].length ?? 0);
      if (length === 0) continue;
      this.#margins[index] += blanked(line.slice(0, length));
      this.lines[index] = line.slice(length);
      if (count++ === 0) first = index + 1;
    }
    return { count, first };
  }

  /** The part of the lines with anything on them that begins so, from 0 to 1. */
  shareOf(pattern: RegExp): number {
    let [all, found] = [0, 0];
    for (const line of this.lines) {
      if (isBlank(line)) continue;
      all++;
      if (pattern.test(line)) found++;
    }
    return all === 0 ? 0 : found / all;
  }

  /** Leaves out lines. One remark tells of all. */
  leaveOut(code: string, what: string, isOut: (line: string, index: number) => boolean): void {
    let [count, first] = [0, 0];
    for (const [index, line] of this.lines.entries()) {
      if (isBlank(line) || !isOut(line, index)) continue;
      this.lines[index] = blanked(line);
      if (count++ === 0) first = index + 1;
    }
    if (count > 0)
      this.remarks.push({ code, line: first, message: `${countOf(count, 'line')} left out: ${what}` });
  }
}

/** Where a mark stands, or the end of the line. */
function endOf(line: string, mark: string, from: number): number {
  const at = line.indexOf(mark, from);
  return at < 0 ? line.length : at + mark.length - 1;
}

/** The name before a brace, without labels. */
const nodeName = (text: string): string => text.slice(text.lastIndexOf(':') + 1).trim();

/** Follows the nodes that lines open and close; braces in strings, comments and paths (`&{/soc}`) are none. */
export class OpenNodes {
  /** The names of the nodes that are open, the outermost first. */
  readonly names: string[] = [];
  /** How many braces closed nothing. */
  unopened = 0;

  /** Of a line longer than people write only the beginning is looked at. */
  follow(whole: string): void {
    const line = whole.slice(0, LONGEST);
    let from = 0;
    for (let at = 0; at < line.length; at++) {
      const char = line[at];
      if (char === '"') at = endOf(line, '"', at + 1);
      else if (char === '&' && line[at + 1] === '{') at = endOf(line, '}', at + 2);
      else if (char === '/' && line[at + 1] === '/') return;
      else if (char === '/' && line[at + 1] === '*') at = endOf(line, '*/', at + 2);
      else if (char === '{' || char === '}') {
        if (char === '}') this.unopened += this.names.pop() === undefined ? 1 : 0;
        else this.names.push(nodeName(line.slice(from, at)));
        from = at + 1;
      } else if (char === ';') from = at + 1;
    }
  }
}
