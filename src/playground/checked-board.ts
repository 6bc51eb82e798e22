/** What the checks say of the board of a page, as plain data: it comes from a worker. */
import { checkBoard } from '../check/check-board.ts';
import type { Severity } from '../check/finding.ts';
import { groupFindings } from '../check/group-findings.ts';
import { lintLevels } from '../devicetree/lint/lint.ts';
import { givenBoard } from './given-board.ts';
import type { PageInputs } from './page-inputs.ts';

/** One finding, or the same of several nodes. */
export interface CheckNote {
  readonly check: string;
  readonly severity: Severity;
  readonly message: string;
  /** The nodes and properties. */
  readonly paths: readonly string[];
  readonly line?: number;
  readonly hint?: string;
  /** Lines of the kernel log. */
  readonly log: readonly string[];
  /** A repair that was booted: what is done, and the source for it. */
  readonly repair?: { readonly say: string; readonly source: readonly string[] };
}

/** Checks a board as `dmaheap check` does. @throws InvalidInput when the input is no board */
export function checkedBoard(inputs: PageInputs): readonly CheckNote[] {
  const { board, params } = givenBoard(inputs);
  const { findings } = checkBoard({ board, params }, { levels: lintLevels([]), disabled: new Set() });
  return groupFindings(findings).map(({ first, all }): CheckNote => {
    const { check, severity, message, position, hint, log, repair } = first;
    return {
      check,
      severity,
      message,
      paths: all.flatMap(({ path }) => path ?? []),
      ...(position?.line !== undefined && { line: position.line }),
      ...(hint !== undefined && { hint }),
      log,
      ...(repair && { repair: { say: repair.say, source: repair.source } }),
    };
  });
}
