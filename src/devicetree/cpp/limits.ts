/**
 * How much a source may ask of the preprocessor before it is refused by name.
 *
 * The largest board of Linux needs about a hundredth of each; a hostile input of under 1 MiB reaches
 * any of them in well under a second.
 */
export interface CppLimits {
  /** Files open at once: gcc's own limit. Diagnostic `include-depth`. */
  readonly includeDepth: number;
  /** Files entered in all, guarded ones not counted. Diagnostic `include-count`. */
  readonly includes: number;
  /** Characters in one file. Diagnostic `file-size`. */
  readonly fileSize: number;
  /** Characters read in all, a file counted each time that it is included. Diagnostic `input-size`. */
  readonly inputSize: number;
  /** Characters written. Diagnostic `output-size`. */
  readonly outputSize: number;
  /** Tokens handled by macro expansion in all. Diagnostic `macro-expansion`. */
  readonly macroTokens: number;
  /** Characters in one pasted or stringified token. Diagnostic `macro-token-size`. */
  readonly macroTokenSize: number;
  /** Macro calls within arguments of macro calls. Diagnostic `macro-depth`. */
  readonly macroDepth: number;
  /** Open #if groups in one file. Diagnostic `conditional-depth`. */
  readonly conditionalDepth: number;
  /** Nested operators and parentheses in one #if. Diagnostic `expression-depth`. */
  readonly expressionDepth: number;
  /** Problems reported before it gives up. Diagnostic `too-many-problems`. */
  readonly problems: number;
}

export const DEFAULT_LIMITS: CppLimits = {
  includeDepth: 200,
  includes: 20_000,
  fileSize: 8 << 20,
  inputSize: 8 << 20,
  outputSize: 16 << 20,
  macroTokens: 2_000_000,
  macroTokenSize: 1 << 20,
  macroDepth: 200,
  conditionalDepth: 1000,
  expressionDepth: 400,
  problems: 100,
};
