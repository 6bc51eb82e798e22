/** What is wrong with a scenario whose form is right, before it is known where in a file it stands. */
import type { Diagnostic } from '../diagnostic.ts';

export type Path = readonly (string | number)[];

export interface Problem {
  /** A stable name: `scenario-unknown-name`. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** The place in the scenario's data. */
  readonly path: Path;
  /** It is the key that is wrong, not its value. */
  readonly atKey?: boolean;
}

/** Thrown in the middle of a run, where only then a value is known: `size: ${size}` that is no size. */
export class BadValue extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.name = 'BadValue';
    this.problem = problem;
  }
}

/** As a reader of the file meets them. */
export const inOrder = (problems: readonly Diagnostic[]): Diagnostic[] =>
  [...problems].sort(
    ({ position: a }, { position: b }) =>
      (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0),
  );
