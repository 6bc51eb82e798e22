/**
 * npm run exec:oracle -- DIR [--case NAME]...
 *
 * Plays the recorded calls of an oracle directory (the cases abi-*, emfile and trace-* of 64-bit boards) by a C program under
 * `dmaheap exec` and compares every answer. Needs Linux and a C compiler. Exit codes: 0 all agree; 1 they do not; 2 wrong usage.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readBoard } from '../test/conformance/conformance.ts';
import type { Fact } from '../test/conformance/fact.ts';
import knownGaps from '../test/conformance/gaps.json' with { type: 'json' };
import { judge, parseGaps } from '../test/conformance/gaps.ts';
import { findCases, readCase } from '../test/conformance/oracle-directory.ts';
import { playCase } from '../test/native/oracle-through-exec.ts';

const CALLS = /^(abi-.*|emfile.*|trace-.*)$/;
/** 32-bit boards cannot be run. */
const LEFT_OUT = /^cases-7\.3-arm\//;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { case: { type: 'string', multiple: true, default: [] } },
});
const [directory, ...more] = positionals;
if (directory === undefined || more.length > 0) {
  process.stderr.write('usage: npm run exec:oracle -- DIR [--case NAME]...\n');
  process.exit(2);
}

const work = mkdtempSync(join(tmpdir(), 'dmaheap-player-'));
const player = join(work, 'syscall-player');
execFileSync('cc', ['-O2', '-o', player, resolve('test/native/syscall-player.c')]);
const programs = { dmaheap: resolve('bin/dmaheap.cjs'), player };

/** Facts that agree, and all of them, of a kernel. */
const tallies = new Map<string, { agreed: number; total: number; cases: number; gaps: number }>();
const gaps = parseGaps(knownGaps);
let failed = 0;
for (const found of findCases(directory)) {
  const name = found.id.split('/').at(-1) ?? '';
  if (!CALLS.test(name) || LEFT_OUT.test(found.id)) continue;
  if (values.case.length > 0 && !values.case.includes(found.id)) continue;
  const oracle = readCase(found);
  const board = readBoard(oracle, found.boards);
  const { linux, arch, page_size } = oracle.inputs.profile;
  const key = `${linux} ${arch} ${page_size / 1024}K`;
  const tally = tallies.get(key) ?? { agreed: 0, total: 0, cases: 0, gaps: 0 };
  tallies.set(key, tally);
  tally.cases++;
  let facts: readonly Fact[] = [];
  try {
    facts = await playCase(oracle, board, programs);
  } catch (error) {
    failed++;
    process.stdout.write(`${found.id}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
  const { differences } = judge(
    found.id,
    facts.filter((fact) => !fact.agrees),
    gaps,
  );
  // Gaps of the model are the same without exec, and named there.
  const wrong = differences.filter(({ gap }) => gap === undefined);
  tally.gaps += differences.length - wrong.length;
  failed += wrong.length;
  tally.total += facts.length;
  tally.agreed += facts.filter((fact) => fact.agrees).length;
  process.stdout.write(`${found.id}: ${facts.length - wrong.length} of ${facts.length} facts agree\n`);
  for (const { path, expected, got } of wrong.slice(0, 8)) {
    process.stdout.write(`  ${path}: recorded ${JSON.stringify(expected)}, got ${JSON.stringify(got)}\n`);
  }
}
for (const [kernel, { agreed, total, cases, gaps: known }] of tallies) {
  const named = known === 0 ? '' : `, ${known} named gaps`;
  process.stdout.write(`${kernel}: ${agreed} of ${total} facts of ${cases} cases agree${named}\n`);
}
rmSync(work, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;
