/** What runs inside the browser for `oracle.test.ts`: recorded cases, replayed and compared by what compares them in Node. */
import type { Gap } from '../conformance/gaps.ts';
import { judgeCase } from '../conformance/judge-case.ts';
import { parseCase } from '../conformance/oracle-case.ts';

/** What a case came to, so far as it is told. */
export interface CaseOutcome {
  /** What is not modelled of it, or how many facts agreed and what differed in an unknown way. */
  readonly notModelled?: string;
  readonly agreed: number;
  readonly wrong: readonly string[];
}

/** Replays a case. @param board the blob as base64; absent where the machine has none */
export function runCaseHere(
  id: string,
  text: string,
  board: string | undefined,
  gaps: readonly Gap[],
): CaseOutcome {
  const blob = () =>
    board === undefined ? undefined : Uint8Array.from(atob(board), (character) => character.charCodeAt(0));
  const result = judgeCase(id, parseCase(text, id), blob, gaps);
  if (result.kind === 'not-modelled') return { notModelled: result.what, agreed: 0, wrong: [] };
  const { differences, grades, unexpectedPasses } = result;
  return {
    agreed: grades.exact.agreed + grades.structural.agreed,
    wrong: [
      ...differences.filter(({ gap }) => gap === undefined).map(({ path, got }) => `${path}: ${String(got)}`),
      ...unexpectedPasses.map(({ fact }) => `${fact}: agrees, and is a gap`),
    ],
  };
}
