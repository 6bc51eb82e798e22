/**
 * Recorded calls, played by a real program: of each kernel one case here, all of them by `npm run exec:oracle -- DIR`. What the program
 * is told must be what was recorded; the model's own named gaps are the same as without exec.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBoard } from '../conformance/conformance.ts';
import knownGaps from '../conformance/gaps.json' with { type: 'json' };
import { judge, parseGaps } from '../conformance/gaps.ts';
import { findCases, readCase } from '../conformance/oracle-directory.ts';
import { projectPath } from '../small-board.ts';
import { compile } from './native-programs.ts';
import { playCase } from './oracle-through-exec.ts';

const CASES = [
  'abi-coherent',
  'trace-coherent-2',
  'cases-5.10/emfile',
  'cases-6.1-pages/abi-cma',
  'cases-6.12/trace-cma-1',
  'cases-6.18/abi-system',
  'cases-7.3-arm64-64K/trace-cma-1',
  'cases-7.3-riscv64/abi-system',
  'cases-7.3-x86_64/emfile',
];

const oracle = projectPath('fixtures/oracle');
const found = findCases(oracle);
const gaps = parseGaps(knownGaps);

describe('recorded calls, made by a program', () => {
  it.each(CASES)('%s', async (id) => {
    const file = found.find((one) => one.id === id);
    if (file === undefined) throw new Error(`no case ${id}`);
    const recorded = readCase(file);
    const programs = {
      dmaheap: projectPath('bin/dmaheap.cjs'),
      player: compile(projectPath(join('test/native', 'syscall-player.c'))),
    };
    const facts = await playCase(recorded, readBoard(recorded, file.boards), programs);
    expect(facts.length).toBeGreaterThan(20);
    const { differences } = judge(
      id,
      facts.filter(({ agrees }) => !agrees),
      gaps,
    );
    expect(differences.filter(({ gap }) => gap === undefined)).toEqual([]);
  });
});
