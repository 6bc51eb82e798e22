/** The runner: one recorded case of a directory. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readsDeviceTree } from '../../src/profile/profile.ts';
import type { Gap } from './gaps.ts';
import { type CaseResult, judgeCase } from './judge-case.ts';
import type { OracleCase } from './oracle-case.ts';

export type { CaseResult, Tally } from './judge-case.ts';

/** The board's blob; `undefined` where the machine has no device tree. */
export const readBoard = ({ inputs }: OracleCase, boards: string): Uint8Array | undefined =>
  readsDeviceTree(inputs.profile.arch) ? readFileSync(join(boards, `${inputs.board}.dtb`)) : undefined;

/** Replays and compares one case. */
export const runCase = (id: string, oracle: OracleCase, boards: string, gaps: readonly Gap[]): CaseResult =>
  judgeCase(id, oracle, () => readBoard(oracle, boards), gaps);
