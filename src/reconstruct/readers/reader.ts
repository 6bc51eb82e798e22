/** What a reader is: it looks at line after line, and takes those that it knows. */
import type { Facts } from '../facts.ts';
import type { At, Line } from '../line.ts';

export interface Reader {
  /** What its lines are, for people: `kernel log`. */
  readonly what: string;
  /** @returns whether the line is its own; what it says is in the facts then */
  read(line: Line, facts: Facts): boolean;
  /** Called after an input's last line. */
  end?(facts: Facts): void;
}

export const atOf = ({ file, line, piece }: Line): At => ({
  file,
  line,
  ...(piece !== undefined && { piece }),
});
