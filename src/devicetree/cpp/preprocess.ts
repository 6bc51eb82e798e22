/**
 * The C preprocessor that board files need: `cpp -nostdinc -undef -D__DTS__ -x assembler-with-cpp`.
 *
 * Deviation: line markers (`# 12 "file" 1`) are obeyed and left out; gcc hands them on, and dtc obeys them.
 * Deviation: #pragma (but `once`), #ident and #assert are left out with a warning; gcc hands #pragma on.
 * Deviation: __DATE__ and __TIME__ have no value, with a warning; __TIMESTAMP__ of standard input neither.
 * Deviation: after a missing #include the run goes on, so that all of them are told at once.
 * Deviation: line ends and runs of blanks are not kept as gcc keeps them; only whether there is any.
 */
import type { Diagnostic } from '../../diagnostic.ts';
import type { PreprocessedSource, ReadFile, SourceFile } from '../source.ts';
import { type CppLimits, DEFAULT_LIMITS } from './limits.ts';
import { Preprocessor } from './preprocessor.ts';

export interface PreprocessOptions {
  readonly readFile: ReadFile;
  /** As after `-D`: `NAME`, `NAME=VALUE` or `NAME(a,b)=VALUE`. */
  readonly defines?: readonly string[];
  readonly limits?: Partial<CppLimits>;
}

/**
 * Preprocesses a board source as Linux's build does.
 *
 * @param file the source, its text already read
 * @returns the text without directives and comments, with macros expanded and the way back to every
 *   original position; and all problems found. With an error among them the text is what could be made
 *   of the source, and only good for finding further errors.
 */
export function preprocess(
  file: SourceFile,
  options: PreprocessOptions,
): { source: PreprocessedSource; diagnostics: Diagnostic[] } {
  const preprocessor = new Preprocessor(options.readFile, { ...DEFAULT_LIMITS, ...options.limits });
  return preprocessor.run(file, options.defines ?? []);
}
