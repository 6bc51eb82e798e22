/** Columns of plain text: aligned, no borders, no escape codes, so that awk and people can read them. */

export interface Column {
  readonly title: string;
  /** Numbers and sizes stand to the right. */
  readonly right?: boolean;
  /** Sentences and lists of words, which go on in the next line where the table is too wide. */
  readonly wraps?: boolean;
}

const GAP = '  ';
/** Narrower than this no column is read. */
const NARROWEST = 10;

/** Breaks a text at its spaces; a word that is wider stays whole. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Narrows the columns that wrap, the widest first, until the table fits; one that cannot stays as it is. */
function narrow(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  natural: readonly number[],
  width: number,
): number[] {
  const words = (i: number) =>
    [columns[i]?.title ?? '', ...rows.map((row) => row[i] ?? '')].join(' ').split(' ');
  const least = columns.map(({ wraps }, i) =>
    wraps === true ? Math.max(NARROWEST, ...words(i).map(({ length }) => length)) : 0,
  );
  const widths = [...natural];
  const tableWidth = () => widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1));
  for (let over = tableWidth() - width; over > 0; over = tableWidth() - width) {
    const widest = columns.reduce(
      (best, { wraps }, i) =>
        wraps === true && (widths[i] ?? 0) > Math.max(least[i] ?? 0, widths[best] ?? 0) ? i : best,
      -1,
    );
    if (widest < 0) return [...natural];
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

/**
 * Lays out rows under their titles, two spaces between the columns, none at a line's end.
 *
 * @param width what it is to fit into, where it has columns that wrap
 * @param heading what to do with the line of titles, after it was laid out (colour)
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  heading: (line: string) => string = (line) => line,
  width = Number.POSITIVE_INFINITY,
): string {
  const natural = columns.map((column, i) =>
    Math.max(column.title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const widths = narrow(columns, rows, natural, width);
  const layOut = (cells: readonly string[]): string[] => {
    const lines = columns.map(({ wraps }, i) => {
      const cell = cells[i] ?? '';
      return wraps === true && cell.length > (widths[i] ?? 0) ? wrapWords(cell, widths[i] ?? 0) : [cell];
    });
    return Array.from({ length: Math.max(...lines.map(({ length }) => length)) }, (_, n) =>
      columns
        .map(({ right }, i) => {
          const cell = lines[i]?.[n] ?? '';
          return right ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0);
        })
        .join(GAP)
        .trimEnd(),
    );
  };
  const titles = layOut(columns.map((column) => column.title)).map(heading);
  return [...titles, ...rows.flatMap(layOut)].map((line) => `${line}\n`).join('');
}

/** Lays out `name: value` lines with the values in one column. */
export function renderFacts(facts: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts
    .map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${value}`.trimEnd().concat('\n'))
    .join('');
}
