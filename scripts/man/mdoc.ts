/** Text as the mdoc language of manual pages has it, in the form that `mandoc -T lint` has nothing to say about. */

/** Columns of a line of source; mandoc wants at most 80 bytes. */
const WIDTH = 76;

/** Text in which nothing is special any more. */
export const literal = (text: string): string =>
  text
    .split('\n')
    .map((line) => {
      const escaped = line.trimEnd().replaceAll('\\', '\\e');
      return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
    })
    .join('\n');

/** Words on the line of a macro, where short ones could be macros of their own. */
export const words = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('"', '\\(dq')
    .split(/\s+/)
    .map((word) => (/^(\p{L}{2,3}|[.,:;()[\]?!|]+)$/u.test(word) ? `\\&${word}` : word))
    .join(' ');

/** One argument of a macro, whatever stands in it. */
export const quoted = (text: string): string => `"${words(text)}"`;

function folded(sentence: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of sentence.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (Buffer.byteLength(longer) > WIDTH && line !== '') {
      lines.push(line);
      line = /^[.']/.test(word) ? `\\&${word}` : word;
    } else line = longer;
  }
  return [...lines, line].join('\n');
}

/** A paragraph: each sentence begins a line. */
export function prose(text: string): string {
  const sentences = text.trim().split(/(?<=[.!?][)"”]?)\s+(?=\S)/);
  return sentences
    .map((sentence) => folded(literal(sentence).replaceAll('--', '\\-\\-').replaceAll('()', '(\\&)')))
    .join('\n');
}

/** Lines as they stand, indented. */
export const display = (text: string): string => `.Bd -literal -offset indent\n${literal(text)}\n.Ed`;

/** Lines without what all of them are indented by. */
function outdented(lines: readonly string[]): string {
  const full = lines.filter((line) => line !== '');
  const indent = Math.min(...full.map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(indent)).join('\n');
}

/** Text of a help: paragraphs and lists of several columns, told apart by how their lines begin. */
export function helpText(text: string): string {
  const parts: string[] = [];
  for (const block of text.split(/\n{2,}/)) {
    const lines = block.split('\n').filter((line) => line.trim() !== '');
    if (lines.length === 0) continue;
    let run: string[] = [];
    let wasList = false;
    const flush = () => {
      if (run.length === 0) return;
      if (wasList) parts.push(display(outdented(run)));
      else parts.push(`${parts.length === 0 ? '' : '.Pp\n'}${prose(run.join(' '))}`);
      run = [];
    };
    // One with a list's marks or columns keeps its lines.
    const isTable = lines.some((line) => /^\s|^- |^\S+ {2,}\S/.test(line));
    for (const line of lines) {
      const isList: boolean = isTable && (/^\s|^- |^\S+ {2,}\S/.test(line) || wasList);
      if (run.length > 0 && isList !== wasList) flush();
      wasList = isList;
      run.push(line);
    }
    flush();
  }
  return parts.join('\n');
}

export interface PageHead {
  readonly name: string;
  readonly section: 1 | 5;
  /** One line, without a full stop. */
  readonly about: string;
  /** `2026-11-29`. */
  readonly date: string;
}

const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);

/** How a page begins. */
export function head({ name, section, about, date }: PageHead): string {
  const [year, month = 1, day = 1] = date.split('-').map(Number);
  return `.Dd ${MONTHS[month - 1]} ${day}, ${year}
.Dt ${name.toUpperCase()} ${section}
.Os dmaheap
.Sh NAME
.Nm ${name}
.Nd ${words(about)}`;
}

/** The references of a page, in the order that mandoc wants. */
export function seeAlso(pages: readonly (readonly [name: string, section: 1 | 5])[]): string {
  const sorted = [...pages].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1));
  const refs = sorted.map(
    ([name, section], at) => `.Xr ${name} ${section}${at < sorted.length - 1 ? ' ,' : ''}`,
  );
  return `.Sh SEE ALSO\n${refs.join('\n')}`;
}
