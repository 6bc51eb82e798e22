/**
 * The list of known gaps: facts that are known not to agree, each with its reason. It must stay true:
 * a difference that it does not name fails, and so does a named one that has come to agree.
 */
import type { Fact } from './fact.ts';

export interface Gap {
  readonly case: string;
  /** A fact's path, or the beginning of several at a `.` or `[`: `boot.cma`. */
  readonly fact: string;
  readonly reason: string;
}

/** Reads a gap list: a JSON array of `{ case, fact, reason }`, each a string that is not empty. */
export function parseGaps(value: unknown): Gap[] {
  if (!Array.isArray(value)) throw new Error('the gap list is no list');
  return value.map((entry: unknown, index) => {
    const field = (key: 'case' | 'fact' | 'reason'): string => {
      const text =
        typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>)[key] : undefined;
      if (typeof text !== 'string' || text === '') throw new Error(`gap ${index}: ${key} is missing`);
      return text;
    };
    return { case: field('case'), fact: field('fact'), reason: field('reason') };
  });
}

const names = (gap: Gap, path: string): boolean =>
  path === gap.fact || (path.startsWith(gap.fact) && ['.', '['].includes(path.charAt(gap.fact.length)));

export interface JudgedDifference extends Fact {
  /** The reason of the gap that names it. */
  readonly gap?: string;
}

export interface Judgement {
  readonly differences: readonly JudgedDifference[];
  /** Gaps of this case whose facts all agree. */
  readonly unexpectedPasses: readonly Gap[];
}

/** Weighs a case's differences against the gap list. */
export function judge(caseId: string, differences: readonly Fact[], gaps: readonly Gap[]): Judgement {
  const own = gaps.filter((gap) => gap.case === caseId);
  return {
    differences: differences.map((fact) => {
      const gap = own.find((candidate) => names(candidate, fact.path));
      return gap === undefined ? fact : { ...fact, gap: gap.reason };
    }),
    unexpectedPasses: own.filter((gap) => !differences.some((fact) => names(gap, fact.path))),
  };
}
