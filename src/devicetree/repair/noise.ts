/**
 * Lines around and between those of a source: prompts, fences, what boot loaders and dtc say, sentences; and characters
 * that web pages and terminals make of others.
 */
import { blanked, isBlank, OpenNodes, type PastedLines } from './pasted-lines.ts';

/** Longer lines are none of these. */
const LONGEST = 400;

const FENCE = /^\s*(?:```|~~~)/;
const COMMAND = '(?:sudo )?(?:cat|dtc|fdtdump|fdtget|grep|sed|head|less|more|ls|adb|cd|find|ssh)';
const HOST = '[\\w.-]+@[\\w.-]+[: ][^#$%>]{0,80}[#$%]';
const PROMPT = new RegExp(`^\\s*(?:(?:${HOST}|[$#%])\\s+${COMMAND}\\b|${HOST}\\s*$)`);
/** What stands outside of nodes in what a console shows, and is source. */
const OF_SOURCE = /[{}]|^\s*(?:\/dts-v1\/|\/plugin\/|\/memreserve\/|\/include\/|#\s*\w|\/[/*]|\*)/;
const LOADER_PROMPT =
  /^\s*(?:[\w.()-]{0,30} ?(?:=>|[>#])\s*(?:fdt|md|print|printenv|setenv|load|bootm|booti|run|tftp|ext4load|fatload)\b|(?:[\w-]{0,30}=>|[\w-]{0,20}u-boot[\w-]{0,20}>)\s*$)/i;
const LOADER_SAYS =
  /^\s*(?:Working FDT set to|## (?:Flattened|Booting|Loading)|libfdt fdt_|The address of the fdt is|Hit any key|\d+ bytes read in|Loading Device Tree|Using Device Tree)/;
const DTC_SAYS = /^\s*(?:<\w+>|[\w./+-]+)(?::\d+[\d.-]*)?: (?:Warning|ERROR) \(\w+\): |^\s+also defined at /;
const LIST = /\bfdt\s+l(?:i(?:s(?:t)?)?)?\b/;
const CUT =
  /^\s*(?:\/[/*]\s*)?(?:\[?(?:\.{3,}|\u2026)\]?|[-=<>%8 ]*(?:snip(?:ped)?|cut)[-=<>%8 ]*)(?:\s*\*\/)?[;\s]*$/i;
const SENTENCE = /^\s*[A-Za-z][\w',.()!?/-]*(?:\s+[\w',.()!?/-]+)+\s*[:.!?]?\s*$/;

/** The marks of a command of a web page or terminal, and what they stand for, as many characters. */
const CHARACTERS: readonly (readonly [found: RegExp, meant: (found: string) => string, what: string])[] = [
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals write them
  [/\u001b\[[0-9;]*[A-Za-z]/g, (found) => ' '.repeat(found.length), 'colours of a terminal'],
  [/[\u00a0\u2007\u202f\u200b\ufeff]/g, () => ' ', 'blanks that are none'],
  [/[\u201c\u201d\u201e]/g, () => '"', 'typographic quotes'],
  [/&(?:lt|gt|amp);/g, (found) => entity(found), 'HTML entities'],
];

/** An ampersand stands before a name, so it goes to the right. */
const entity = (found: string): string => (found === '&amp;' ? '    &' : found === '&lt;' ? '<   ' : '>   ');

/** Puts the characters right. */
export function mendCharacters(paste: PastedLines): void {
  for (const [found, meant, what] of CHARACTERS) {
    let first = 0;
    for (const [index, line] of paste.lines.entries()) {
      const mended = line.replace(found, meant);
      if (mended === line) continue;
      paste.lines[index] = mended;
      if (first === 0) first = index + 1;
    }
    if (first > 0) {
      const message = `${what} replaced by what they stand for`;
      paste.remarks.push({ code: 'assumed-characters', line: first, message });
    }
  }
}

/** Leaves the lines out that are no source. @returns whether a boot loader's `fdt list` stands among them */
export function takeNoise(paste: PastedLines): { readonly isListing: boolean } {
  const short = (pattern: RegExp) => (line: string) => line.length <= LONGEST && pattern.test(line);
  const isPrompt = short(LOADER_PROMPT);
  const says = short(LOADER_SAYS);
  const isListing = paste.lines.some((line) => isPrompt(line) && LIST.test(line));
  const isShell = short(PROMPT);
  const isConsole = paste.lines.some((line) => isPrompt(line) || isShell(line));
  const loader = (line: string) => isPrompt(line) || says(line);
  paste.leaveOut('assumed-noise', 'a boot loader’s prompt and what it says', loader);
  paste.leaveOut('assumed-noise', 'a prompt', isShell);
  paste.leaveOut('assumed-noise', 'a fence around the text', short(FENCE));
  paste.leaveOut('assumed-noise', 'what dtc says', short(DTC_SAYS));
  takeCuts(paste);
  if (isConsole) takeOutside(paste, 'what else a console shows', (line) => !OF_SOURCE.test(line));
  takeSentences(paste);
  return { isListing };
}

/** `...`, which says that something was left out by whoever pasted it. */
function takeCuts(paste: PastedLines): void {
  const nodes = new OpenNodes();
  for (const [index, line] of paste.lines.entries()) {
    if (line.length > LONGEST || isBlank(line) || !CUT.test(line.trim())) {
      nodes.follow(line);
      continue;
    }
    paste.lines[index] = blanked(line);
    const node = nodes.names.at(-1) ?? '';
    const matters = nodes.names.some((name) => /^(?:reserved-memory|memory(?:@.*)?)$/.test(name));
    const message = `nothing was left out here that matters: ${line.trim()}`;
    const lacks = matters ? `whoever pasted it left something of ${node} out` : undefined;
    paste.remarks.push({ code: 'assumed-cut', line: index + 1, message, ...(lacks && { lacks }) });
  }
}

/** Sentences around the nodes; what is followed by a brace is the name of one. */
function takeSentences(paste: PastedLines): void {
  takeOutside(paste, 'sentences, not source', (line, index) => {
    const next = paste.lines.slice(index + 1, index + 4).find((one) => !isBlank(one)) ?? '';
    return SENTENCE.test(line) && !(next.length <= LONGEST && /^\s*\{/.test(next));
  });
}

/** Leaves out lines that stand in no node and in no comment. */
function takeOutside(
  paste: PastedLines,
  what: string,
  isOut: (line: string, index: number) => boolean,
): void {
  const nodes = new OpenNodes();
  let comment = false;
  const out = new Set<number>();
  for (const [index, line] of paste.lines.entries()) {
    if (!comment && nodes.names.length === 0 && line.length <= LONGEST && isOut(line, index)) {
      out.add(index);
      continue;
    }
    const opened = line.lastIndexOf('/*');
    if (opened >= 0 || comment) comment = line.lastIndexOf('*/') < Math.max(0, opened);
    if (!comment) nodes.follow(line);
  }
  paste.leaveOut('assumed-noise', what, (_, index) => out.has(index));
}
