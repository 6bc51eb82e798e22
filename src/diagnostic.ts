/**
 * What is wrong with a user's input: data, until `src/cli/` prints it.
 *
 * One of the three families of failure; the others are an emulated `Errno` (a result) and a bug
 * (a plain Error).
 */

/** Where in an input something stands. Lines and columns count from 1, offsets are bytes from 0. */
export interface SourcePosition {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  readonly offset?: number;
  /** The #include line that led into the file, itself with what led there. */
  readonly includedFrom?: SourcePosition;
  /** The macro that the text came out of, and where its definition stands. */
  readonly macro?: { readonly name: string; readonly definedAt: SourcePosition };
}

export interface Diagnostic {
  /** A stable name for the kind of problem: `dtb-truncated`, `board-no-memory`. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  /** What is wrong and what was expected, in one sentence. */
  readonly message: string;
  readonly position?: SourcePosition;
  /** The node or property that it is about: `/reserved-memory/pool@50000000:reg`. */
  readonly path?: string;
  /** What to do. */
  readonly hint?: string;
  /** The text of the line at the position, for a caret below it. */
  readonly excerpt?: string;
  /** It tells what was assumed of an input that is not whole: of its form alone, or of what memory depends on. */
  readonly assumes?: 'form' | 'memory';
}

/** Thrown when an input cannot be used; carries every diagnostic found. */
export class InvalidInput extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => d.message).join('; '));
    this.name = 'InvalidInput';
    this.diagnostics = diagnostics;
  }
}
