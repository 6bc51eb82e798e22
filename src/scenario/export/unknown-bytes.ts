/**
 * Expectations that no run can meet, because other bytes stand for those that the journal does not have: found
 * by running the export once, and taken out.
 */
import type { Board } from '../../board/board.ts';
import type { HeapDeclarations } from '../../board/declared-heaps.ts';
import { sha256 } from '../../session/kept-bytes.ts';
import type { ScenarioBoot } from '../boot-form.ts';
import type { Expect } from '../expect-form.ts';
import { compileScenario } from '../prepare.ts';
import { runScenario } from '../run.ts';
import type { ExportedStep } from './steps.ts';

/** What is expected of bytes. */
const OF_BYTES: readonly (keyof Expect)[] = ['bytes', 'sha256', 'text', 'value'];

const COMMENT = ' What was read here came of bytes that the journal does not have: it is not compared.';

export function withoutUnknown(
  steps: readonly ExportedStep[],
  board: Board,
  boot: ScenarioBoot | undefined,
  vendor: HeapDeclarations | undefined,
): readonly ExportedStep[] {
  const scenario = { board: board.source, ...(boot && { boot }), steps: steps.map(({ step }) => step) };
  const given = { readFile: () => new Uint8Array(), sha256 };
  const prepared = compileScenario({ scenario, file: 'export' }, board, given, vendor);
  const { failures } = runScenario(prepared, { keepGoing: true, isOwn: true });
  const wrong = new Set(
    failures
      .filter(({ mismatches }) => mismatches.some(({ what }) => OF_BYTES.some((key) => what.startsWith(key))))
      .map(({ path }) => path[1]),
  );
  return steps.map((one, i) => {
    if (!wrong.has(i)) return one;
    const { expect = {}, ...rest } = one.step;
    const left = Object.fromEntries(
      Object.entries(expect).filter(([key]) => !OF_BYTES.includes(key as keyof Expect)),
    );
    const step = { ...rest, ...(Object.keys(left).length > 0 && { expect: left }) };
    return { step, comment: one.comment === undefined ? COMMENT : `${one.comment}\n${COMMENT}` };
  });
}
