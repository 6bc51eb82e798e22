/** Columns of plain text: aligned, no borders, no escape codes, so that awk and people can read them. */

export interface Column {
  readonly title: string;
  /** Numbers and sizes stand to the right. */
  readonly right?: boolean;
}

/**
 * Lays out rows under their titles, two spaces between the columns, none at a line's end.
 *
 * @param heading what to do with the line of titles, after it was laid out (colour)
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  heading: (line: string) => string = (line) => line,
): string {
  const widths = columns.map((column, i) =>
    Math.max(column.title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const layOut = (cells: readonly string[]) =>
    columns
      .map((column, i) => {
        const cell = cells[i] ?? '';
        return column.right ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0);
      })
      .join('  ')
      .trimEnd();
  const title = heading(layOut(columns.map((column) => column.title)));
  return [title, ...rows.map(layOut)].map((line) => `${line}\n`).join('');
}

/** Lays out `name: value` lines with the values in one column. */
export function renderFacts(facts: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts
    .map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${value}`.trimEnd().concat('\n'))
    .join('');
}
