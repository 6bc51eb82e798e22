/** The options of commands that print a table of things: which columns, exact sizes where it has any, rows alone. */
import { type Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../failures.ts';
import type { ListColumn, ListWishes } from '../terminal/list-table.ts';

/** Adds them. @param columns those that there are */
export function addListOptions<Row>(command: Command, columns: readonly ListColumn<Row>[]): Command {
  const titles = columns.map(({ title }) => title);
  const readColumns = (text: string): readonly string[] =>
    text.split(',').map((word) => {
      const title = word.trim().toUpperCase();
      if (titles.includes(title)) return title;
      throw new InvalidArgumentError(`There is no column ${word}. There are ${titles.join(', ')}.`);
    });
  command.option('-o, --output <columns>', `these columns: ${titles.join(', ')}`, readColumns);
  if (columns.some((column) => 'bytes' in column)) command.option('-b, --bytes', 'sizes in bytes');
  return command.option('-n, --noheadings', 'rows alone, without titles and notes');
}

/** As commander leaves them. */
export interface ListOptions {
  readonly output?: readonly string[];
  readonly bytes?: boolean;
  readonly noheadings?: boolean;
}

/** What they ask. @throws UsageError where JSON would ignore them */
export function listWishes({ output, bytes, noheadings }: ListOptions, json = false): ListWishes {
  const given = [output && 'output', bytes && 'bytes', noheadings && 'noheadings'].find(Boolean);
  if (json && given !== undefined) {
    throw new UsageError(`--json has everything, in bytes: --${given} would be ignored`);
  }
  return { ...(output && { output }), ...(bytes && { bytes }), headings: noheadings !== true };
}
