/**
 * Tables of things, a line each, that fit into a width, as lsblk's do: numbers of bytes have one unit a column, names
 * that are too long are cut in the middle, and the columns that are shown can be chosen.
 */
import { cutName } from '../../cut-text.ts';
import { renderTable } from './table.ts';

interface Column<Row> {
  /** By which `-o` names it: no spaces. */
  readonly title: string;
  /** `room`: where there is room for it; `asked`: only when it is asked for; `when`: for some of the rows. */
  readonly shown?: 'room' | 'asked' | { readonly when: (row: Row) => boolean };
}

/** Words, or numbers that stand to the right; names may be cut. */
interface TextColumn<Row> extends Column<Row> {
  readonly text: (row: Row) => string;
  readonly right?: true;
  readonly name?: true;
}

interface BytesColumn<Row> extends Column<Row> {
  readonly bytes: (row: Row) => bigint | undefined;
}

export type ListColumn<Row> = TextColumn<Row> | BytesColumn<Row>;

/** Where a table goes. */
export interface Page {
  readonly width: number;
  /** What stands for what was cut out. */
  readonly ellipsis: string;
}

/** A pipe, or a terminal that says nothing. */
export const PAGE: Page = { width: 80, ellipsis: '..' };

/** What the user asks of a table: the options of `words/list-options.ts`. */
export interface ListWishes {
  /** Titles, as the columns have them. */
  readonly output?: readonly string[];
  readonly bytes?: boolean;
  /** False: rows alone, for scripts. */
  readonly headings?: boolean;
}

const GAP = 2;
/** Rather than cut names shorter, columns at the end are left out, unless they were asked for. */
const SHORT_NAME = 8;
const SHORTEST_NAME = 4;
const UNITS = ['', 'K', 'M', 'G', 'T'] as const;

/** Numbers of bytes in the largest unit in which all of them are whole. */
function inOneUnit(values: readonly (bigint | undefined)[], exact: boolean): string[] {
  const isWhole = (power: number): boolean =>
    values.every((value = 0n) => value % (1n << BigInt(10 * power)) === 0n);
  let power = 0;
  if (!exact && values.some((value = 0n) => value > 0n)) {
    while (power + 1 < UNITS.length && isWhole(power + 1)) power++;
  }
  return values.map((value) =>
    value === undefined ? '-' : value === 0n ? '0' : `${value >> BigInt(10 * power)}${UNITS[power]}`,
  );
}

interface Laid {
  readonly title: string;
  readonly right: boolean;
  readonly isName: boolean;
  readonly isOptional: boolean;
  readonly cells: readonly string[];
  width: number;
}

const widthOf = (columns: readonly Laid[]): number =>
  columns.reduce((sum, { width }) => sum + width, GAP * (columns.length - 1));

/** Cuts names, the longest first, until the columns fit or none is longer than `shortest`. */
function cutNames(columns: readonly Laid[], width: number, shortest: number): void {
  const least = ({ title }: Laid) => Math.max(title.length, shortest);
  for (const column of columns)
    if (column.isName) column.width = Math.min(column.width, Math.max(least(column), width));
  while (widthOf(columns) > width) {
    const [longest] = columns
      .filter((column) => column.isName && column.width > least(column))
      .sort((a, b) => b.width - a.width);
    if (longest === undefined) return;
    longest.width -= 1;
  }
}

/** Makes the columns fit: those that need not be there go first, then names are cut, then the last columns go. */
function fitted(columns: readonly Laid[], width: number): readonly Laid[] {
  let kept = [...columns];
  while (widthOf(kept) > width && kept.some(({ isOptional }) => isOptional)) {
    kept.splice(
      kept.findLastIndex(({ isOptional }) => isOptional),
      1,
    );
  }
  for (; ; kept = kept.slice(0, -1)) {
    for (const column of kept) column.width = natural(column);
    cutNames(kept, width, kept.length === 1 ? SHORTEST_NAME : SHORT_NAME);
    if (kept.length === 1 || widthOf(kept) <= width) return kept;
  }
}

const natural = ({ title, cells }: Pick<Laid, 'title' | 'cells'>): number =>
  Math.max(title.length, ...cells.map((cell) => cell.length));

/** @param heading what to do with the line of titles, after it was laid out (colour) */
export function renderList<Row>(
  all: readonly ListColumn<Row>[],
  rows: readonly Row[],
  { output, bytes = false, headings = true }: ListWishes,
  { width, ellipsis }: Page,
  heading?: (line: string) => string,
): string {
  const wanted =
    output === undefined
      ? all.filter(({ shown }) => shown !== 'asked' && (typeof shown !== 'object' || rows.some(shown.when)))
      : output.flatMap((title) => all.find((column) => column.title === title) ?? []);
  const laid = wanted.map((column): Laid => {
    const cells = 'text' in column ? rows.map(column.text) : inOneUnit(rows.map(column.bytes), bytes);
    const title = headings ? column.title : '';
    return {
      title,
      right: !('text' in column) || column.right === true,
      isName: 'text' in column && column.name === true,
      isOptional: column.shown === 'room',
      cells,
      width: natural({ title, cells }),
    };
  });
  let shown: readonly Laid[] = laid;
  if (output === undefined) shown = fitted(laid, width);
  // A column alone is for scripts: whole.
  else if (laid.length > 1) cutNames(laid, width, SHORTEST_NAME);
  const lines = rows.map((_, i) =>
    shown.map(({ cells, isName, width }) =>
      isName ? cutName(cells[i] ?? '', width, ellipsis) : (cells[i] ?? ''),
    ),
  );
  const table = renderTable(shown, lines, heading);
  return headings ? table : table.slice(table.indexOf('\n') + 1);
}
