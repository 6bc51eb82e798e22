/**
 * A paste without what is no source, each character where it was: text to text, for the compiler to read.
 */
import { takeDiffMarks } from './diff-marks.ts';
import { takeFrontMarks } from './front-marks.ts';
import { mendCharacters, takeNoise } from './noise.ts';
import { PastedLines, type Remark } from './pasted-lines.ts';

export interface CleanPaste {
  /** As long as the paste, and in as many lines. */
  readonly text: string;
  readonly remarks: readonly Remark[];
  /** It is a patch: its nodes may begin and end anywhere. */
  readonly isDiff: boolean;
  /** It is what a boot loader lists: of the nodes within, only names. */
  readonly isListing: boolean;
}

/** Nobody pastes more; the largest board's source has a third of them. */
const MOST_LINES = 60_000;

/** Whether a text has more lines than are looked at. */
function isTooLong(text: string): boolean {
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1))
    if (++lines > MOST_LINES) return true;
  return false;
}

/** @param text one of more than 60,000 lines stays as it is */
export function cleanPaste(text: string): CleanPaste {
  if (isTooLong(text)) return { text, remarks: [], isDiff: false, isListing: false };
  const paste = new PastedLines(text);
  mendCharacters(paste);
  takeFrontMarks(paste);
  const isDiff = takeDiffMarks(paste);
  const { isListing } = takeNoise(paste);
  const remarks = [...paste.remarks].sort((a, b) => a.line - b.line);
  return { text: paste.text, remarks, isDiff, isListing };
}

const OPENS = /^\s*(?:[\w]+:\s*)*(?:&?[\w,.+#?@-]+|\/|&\{[^}]*\})\s*\{/;
const SOURCE = /[;{},>]$|[;{},>] *\/[/*]|^(?:\/[/*]|\*|#)/;
/** How lines of programs begin, which end as those of source do. */
const PROGRAM =
  /^(?:import|export|function|return|if|for|while|switch|struct|class|typedef|const|static|public|private|package|using|namespace)\b(?! *=)/;
/** Longer lines tell nothing. */
const LONGEST = 2000;

/** Whether a text without a head of source is source for all that: a node is opened, and most lines end as statements do. */
export function looksPasted(text: string): boolean {
  if (isTooLong(text)) return false;
  const lines = cleanPaste(text)
    .text.split('\n')
    .map((line) => (line.length > LONGEST ? 'x' : line.trim()))
    .filter((line) => line !== '');
  if (lines.some((line) => PROGRAM.test(line))) return false;
  if (!lines.some((line) => OPENS.test(line)) || !lines.some((line) => /;\s*\}|^\s*\}|;\s*$/.test(line)))
    return false;
  return 2 * lines.filter((line) => SOURCE.test(line)).length >= lines.length;
}
