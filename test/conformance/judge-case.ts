/** One recorded case, replayed, compared and weighed against the gap list; without files, so that it runs in a browser too. */
import { compareCase } from './compare.ts';
import type { Fact, Grade } from './fact.ts';
import type { Gap, JudgedDifference } from './gaps.ts';
import { judge } from './gaps.ts';
import type { OracleCase } from './oracle-case.ts';
import { notModelled, replay } from './replay.ts';

export interface Tally {
  readonly agreed: number;
  readonly total: number;
}

export type CaseResult =
  | { readonly id: string; readonly kind: 'not-modelled'; readonly what: string }
  | {
      readonly id: string;
      readonly kind: 'replayed';
      /** Which kernel it was recorded from. */
      readonly on: Pick<OracleCase['inputs']['profile'], 'linux' | 'arch' | 'page_size'>;
      /** No difference that no gap names, and no gap that has come to agree. */
      readonly ok: boolean;
      readonly grades: Readonly<Record<Grade, Tally>>;
      readonly differences: readonly JudgedDifference[];
      readonly unexpectedPasses: readonly Gap[];
      readonly notReplayed: Readonly<Record<string, number>>;
      readonly behind: Readonly<Record<string, number>>;
    };

/** Replays and compares one case. @param readBoard gives the board's blob, or `undefined` where there is none */
export function judgeCase(
  id: string,
  oracle: OracleCase,
  readBoard: () => Uint8Array | undefined,
  gaps: readonly Gap[],
): CaseResult {
  const missing = notModelled(oracle.inputs.profile);
  if (missing !== undefined) return { id, kind: 'not-modelled', what: missing };

  const { facts, notReplayed, behind } = compared(oracle, readBoard);
  const { differences, unexpectedPasses } = judge(
    id,
    facts.filter((fact) => !fact.agrees),
    gaps,
  );
  return {
    id,
    kind: 'replayed',
    on: oracle.inputs.profile,
    ok: differences.every((difference) => difference.gap !== undefined) && unexpectedPasses.length === 0,
    grades: { exact: tally(facts, 'exact'), structural: tally(facts, 'structural') },
    differences,
    unexpectedPasses,
    notReplayed,
    behind,
  };
}

function compared(
  oracle: OracleCase,
  readBoard: () => Uint8Array | undefined,
): ReturnType<typeof compareCase> {
  try {
    return compareCase(oracle.expectations, replay(oracle.inputs, readBoard()));
  } catch (error) {
    // A board that is refused, or a bug: the case has no answer at all, which is one difference.
    const got = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const fact: Fact = { path: 'replay', grade: 'exact', agrees: false, expected: 'an answer', got };
    return { facts: [fact], notReplayed: {}, behind: {} };
  }
}

const tally = (facts: readonly Fact[], grade: Grade): Tally => {
  const own = facts.filter((fact) => fact.grade === grade);
  return { agreed: own.filter((fact) => fact.agrees).length, total: own.length };
};
