/** What directives need of the reader of files that they stand in. */
import type { RefusedFile } from '../source.ts';
import type { Expander } from './expander.ts';
import type { CppLimits } from './limits.ts';
import type { MacroTable } from './macro-table.ts';
import type { SourceText } from './source-text.ts';

/** `at` is always an offset in the file that is being read. */
export interface DirectiveHost {
  readonly limits: CppLimits;
  readonly macros: MacroTable;
  readonly expander: Expander;
  /** Finds the file of an #include. */
  find(path: string, kind: 'quote' | 'angle', at: number): SourceText | RefusedFile | undefined;
  /** Begins to read a file, unless it guards itself against that. */
  include(source: SourceText, at: number): void;
  problem(at: number, code: string, message: string, hint?: string): void;
  warning(at: number, code: string, message: string, hint?: string): void;
  /** Ends the whole run. */
  stop(at: number, code: string, message: string, hint?: string): never;
}
