/**
 * What was assumed of a source that somebody pasted: one line each, and whether memory depends on it.
 */
import type { Diagnostic, SourcePosition } from '../../diagnostic.ts';

export interface Assumption {
  /** A stable name: `assumed-label`. */
  readonly code: string;
  /** What was done, as a sentence that follows "assumed:". */
  readonly message: string;
  /**
   * For an assumption that memory depends on, what is not known: a sentence of its own. It is made only for who
   * asks for it.
   */
  readonly lacks?: string | undefined;
  /** `lacks` is no matter of memory, but looks like a mistake in a source that is whole. */
  readonly isMistake?: boolean;
  /** For the same: what else helps than to assume it. */
  readonly instead?: string | undefined;
  readonly position?: SourcePosition | undefined;
  readonly path?: string | undefined;
}

/** The option that lets assumptions be made that memory depends on. */
export const REPAIR_OPTION = '--repair';

/** Told of an answer that goes on. */
export const assumedDiagnostic = (assumption: Assumption): Diagnostic => {
  const { code, message, lacks, isMistake, position, path } = assumption;
  return {
    code,
    severity: 'warning',
    assumes: lacks === undefined || isMistake === true ? 'form' : 'memory',
    message: lacks === undefined ? message : `${lacks}: ${message}`,
    ...(position && { position: { ...position } }),
    ...(path !== undefined && { path }),
  };
};

/** Told instead of an answer: what is not known, and which option would assume it. */
export const refusedDiagnostic = (assumption: Assumption): Diagnostic => {
  const { code, message, lacks = message, isMistake, instead, position, path } = assumption;
  const assume = `${REPAIR_OPTION} assumes it: ${message}`;
  return {
    code,
    severity: 'error',
    message: isMistake === true ? lacks : `${lacks}, and memory depends on it`,
    ...(position && { position: { ...position } }),
    ...(path !== undefined && { path }),
    hint: instead === undefined ? assume : `${instead}; or ${assume}`,
  };
};

/** A reference as the source has it. */
export const refText = (ref: string): string => (ref.includes('/') ? `&{${ref}}` : `&${ref}`);
