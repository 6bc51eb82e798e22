/**
 * Source text and where every piece of it came from: what the preprocessor gives and the compiler reads.
 */
import type { SourcePosition } from '../diagnostic.ts';

/** What was read, and the name to show and to resolve further includes from. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** When it was last changed, as `__TIMESTAMP__` says it: `Sun Nov 29 08:00:00 2026`. Unless given, nobody knows. */
  readonly modified?: string;
}

/** What /incbin/ read. */
export interface BinaryFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A file that is there but may not be read. */
export interface RefusedFile {
  /** Why, and what to do. */
  readonly refused: { readonly code: string; readonly message: string; readonly hint?: string };
}

/**
 * Gives the files that a source includes; the caller decides which directories may be read.
 *
 * @param path as written between the quotes or brackets
 * @param includedFrom the file that asks, or `undefined` for the first one
 * @param kind `quote` looks beside the includer first, `angle` only along the include path; `binary` is
 *   /incbin/
 * @returns the file, `undefined` when there is none, or why it may not be read
 */
export interface ReadFile {
  (
    path: string,
    includedFrom: string | undefined,
    kind: 'quote' | 'angle',
  ): SourceFile | RefusedFile | undefined;
  (path: string, includedFrom: string | undefined, kind: 'binary'): BinaryFile | RefusedFile | undefined;
}

/** A position in a text file, with the chain of #include lines that led there. */
export interface OriginPosition extends SourcePosition {
  readonly line: number;
  readonly column: number;
  readonly includedFrom?: OriginPosition;
}

/** Text after preprocessing; offsets are UTF-16 code units of `text`. */
export interface PreprocessedSource {
  readonly text: string;
  /** Where the character at `offset` came from. */
  originAt(offset: number): OriginPosition;
  /** The original line at a position, for messages with a caret. */
  lineText(position: SourcePosition): string | undefined;
}
