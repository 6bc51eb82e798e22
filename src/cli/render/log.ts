/** The kernel log as dmesg prints it. */

import { escapeText } from '../../escape-text.ts';
import type { LogLine } from '../../printk.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';

const NANOSECONDS = 1_000_000_000;

/** `[    5.000000] text`, the time in seconds since boot; with `raw` the level before it, `<3>`. */
export function renderLogLine(line: LogLine, raw = false, ink: Ink = NO_INK): string {
  const seconds = Math.floor(line.time / NANOSECONDS);
  const micros = Math.floor((line.time % NANOSECONDS) / 1000);
  const stamp = `[${String(seconds).padStart(5)}.${String(micros).padStart(6, '0')}]`;
  const paint = line.level <= 3 ? ink.bad : line.level === 4 ? ink.warn : (text: string) => text;
  return `${raw ? `<${line.level}>` : ''}${ink.dim(stamp)} ${paint(escapeText(line.text))}`;
}

/** The lines that a real log has, and how many more its rate limits dropped. */
export function splitLog(lines: Iterable<LogLine>): { readonly shown: LogLine[]; readonly dropped: number } {
  const shown: LogLine[] = [];
  let dropped = 0;
  for (const line of lines) {
    if (line.suppressed === true) dropped++;
    else shown.push(line);
  }
  return { shown, dropped };
}

/** What is said about lines with numbers of the model's own. */
export const ESTIMATES =
  "of the Memory: line the total, cma-reserved and highmem are as Linux counts them; the other numbers are the model's";

/** What is said about lines that a rate limit dropped. */
export const droppedNote = (dropped: number): string =>
  `${dropped} more ${dropped === 1 ? 'line' : 'lines'} dropped by the rate limit (10 in 5 s); "dmaheap sleep 6" lets time pass`;
