/**
 * What mail, consoles and logs put in front of lines: quote marks, time stamps, line numbers.
 */
import { countOf, isBlank, type PastedLines } from './pasted-lines.ts';

/** So many of the lines must begin with a mark that it is taken for one. */
const MOST = 0.6;
/** Marks before marks: a quoted log of a quoted log. */
const ROUNDS = 8;

const CLOCK = String.raw`\d{1,2}:\d\d:\d\d(?:[.,]\d+)?`;
const DATE = String.raw`\d{4}-\d\d-\d\d`;
const ZONE = String.raw`(?:Z|[+-]\d\d:?\d\d)?`;

const STAMPS: readonly RegExp[] = [
  // printk, with a level and what prints threads or processors before it
  /^\s*(?:<\d+>)?\[ *\d+\.\d{3,9}\](?:\[ *[TC]\d+\])?:? ?/,
  // terminal programs
  new RegExp(`^\\s*\\[(?:${DATE}[ T])?${CLOCK}${ZONE}\\]:? ?`),
  // dmesg -T
  new RegExp(`^\\s*\\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \\d]\\d ${CLOCK} \\d{4}\\] ?`),
  // syslog, journald: a host and who speaks
  new RegExp(`^\\s*[A-Z][a-z]{2} [ \\d]\\d ${CLOCK} \\S+ [^\\s:]+: ?`),
  new RegExp(`^\\s*${DATE}T${CLOCK}${ZONE} \\S+ [^\\s:]+: ?`),
  // logcat
  new RegExp(`^\\s*\\d\\d-\\d\\d ${CLOCK} +\\d+ +\\d+ [A-Z] [^:]*: ?`),
  new RegExp(`^\\s*(?:${DATE}[ T])?${CLOCK}${ZONE}(?: ->|:|,)? ?`),
];

const QUOTE = /^[ \t]*(?:> ?)+/;
const NUMBER = /^\s*(\d+)(?:[:|] ?|\t| +\|? ?)/;

/** Whether lines are numbered, one after the other. */
function areNumbered(lines: readonly string[]): boolean {
  let [all, next, last] = [0, 0, -1];
  for (const line of lines) {
    if (isBlank(line)) continue;
    all++;
    const number = Number(NUMBER.exec(line)?.[1] ?? -2);
    if (number === last + 1) next++;
    last = number;
  }
  return all > 2 && next >= 0.8 * (all - 1);
}

/** Takes them off, those before others first. */
export function takeFrontMarks(paste: PastedLines): void {
  const take = (code: string, pattern: RegExp, what: string): boolean => {
    if (paste.shareOf(pattern) < MOST) return false;
    const { count, first } = paste.takePrefix(pattern);
    paste.remarks.push({ code, line: first, message: `${what} taken from ${countOf(count, 'line')}` });
    return true;
  };
  for (let round = 0; round < ROUNDS; round++) {
    const took =
      take('assumed-quote-marks', QUOTE, 'quote marks (">")') ||
      STAMPS.some((stamp) => take('assumed-time-stamps', stamp, 'time stamps')) ||
      (areNumbered(paste.lines) && take('assumed-line-numbers', NUMBER, 'line numbers'));
    if (!took) return;
  }
}
