/**
 * Collects what is wrong with a source, and stops the compilation where going on makes no sense.
 */
import type { Diagnostic } from '../../diagnostic.ts';
import { DTS_LIMITS } from './limits.ts';
import type { Mending } from './mending.ts';
import type { SourceMap } from './source-map.ts';

/** Thrown after a report, to leave a statement; the parser goes on after it. */
export class StatementFailed extends Error {}
/** Thrown after a report, to leave the compilation. */
export class CompilationFailed extends Error {}

export interface Finding {
  readonly code: string;
  readonly message: string;
  /** The position in the {@link SourceMap}; none for what the source does not say. */
  readonly at?: number | undefined;
  readonly hint?: string | undefined;
  readonly path?: string | undefined;
}

export class Report {
  readonly diagnostics: Diagnostic[] = [];
  /** Who mends what is not as dtc wants it; nobody unless asked for. */
  readonly mending: Mending | undefined;
  readonly #sources: SourceMap;
  #errors = 0;
  #lastAt = -1;
  #marks = 0;

  constructor(sources: SourceMap, mending?: Mending) {
    this.#sources = sources;
    this.mending = mending;
  }

  get failed(): boolean {
    return this.#errors > 0;
  }

  warning(finding: Finding): void {
    if (this.diagnostics.length < 10 * DTS_LIMITS.errors)
      this.diagnostics.push(this.#diagnostic('warning', finding));
  }

  /** Reports an error; of several syntax errors at one place only the first says something new. */
  error(finding: Finding): void {
    this.#errors++;
    this.diagnostics.push(this.#diagnostic('error', finding));
    if (this.#errors >= DTS_LIMITS.errors) {
      this.diagnostics.push({
        code: 'dts-too-many-errors',
        severity: 'error',
        message: `${this.#errors} errors; the rest of the source was not looked at`,
      });
      throw new CompilationFailed();
    }
  }

  /** Reports a syntax error and leaves the statement. */
  syntax(code: string, at: number, message: string, hint?: string): never {
    if (at !== this.#lastAt) this.error({ code, at, message, hint });
    this.#lastAt = at;
    throw new StatementFailed();
  }

  /** Reports a limit that was passed, or a file that is not there, and leaves the compilation. */
  fatal(code: string, at: number | undefined, message: string, hint?: string): never {
    this.error({ code, at, message, hint });
    throw new CompilationFailed();
  }

  /** Counts a label or reference, against the limit. */
  countMark(at: number): void {
    if (++this.#marks > DTS_LIMITS.marks) {
      this.fatal('dts-too-many-marks', at, `more than ${DTS_LIMITS.marks} labels and references`);
    }
  }

  #diagnostic(severity: 'error' | 'warning', { code, message, at, hint, path }: Finding): Diagnostic {
    return {
      code,
      severity,
      message,
      ...(at === undefined || at < 0 ? {} : { position: this.#sources.originAt(at) }),
      ...(path === undefined ? {} : { path }),
      ...(hint === undefined ? {} : { hint }),
    };
  }
}
