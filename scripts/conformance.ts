/**
 * npm run conformance -- DIR [--json] [--gaps FILE] [--case NAME] [--mutate]
 *
 * Replays every case of an oracle directory through the library and compares: DIR/cases/*.json and
 * DIR/cases-*\/*.json over the blobs of DIR/boards. Exit codes: 0 all agree, but for what the gap list
 * names; 1 they do not; 2 wrong usage; 3 the directory, a case or the gap list cannot be read.
 *
 * --mutate asks the comparison itself: it falsifies each recorded value and tells which falsehoods were noticed. Exit
 * code 1 where fewer than 99 in 100 of the graded ones were, of any kind.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { CaseResult } from '../test/conformance/conformance.ts';
import { runCase } from '../test/conformance/conformance.ts';
import knownGaps from '../test/conformance/gaps.json' with { type: 'json' };
import type { Gap } from '../test/conformance/gaps.ts';
import { parseGaps } from '../test/conformance/gaps.ts';
import {
  blindKinds,
  gradedShare,
  type MutationTally,
  mutateCase,
  mutationText,
} from '../test/conformance/mutate.ts';
import { findCases, readCase } from '../test/conformance/oracle-directory.ts';
import { caseText, reportJson, totalsOf, totalsText } from '../test/conformance/report.ts';
import { rowsOf, rowsTable } from '../test/conformance/rows.ts';

const USAGE = 'usage: npm run conformance -- DIR [--json] [--gaps FILE] [--case NAME]... [--mutate]';

class Stop extends Error {
  readonly exitCode: 2 | 3;

  constructor(exitCode: 2 | 3, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function argumentsOf(argv: readonly string[]): {
  directory: string;
  json: boolean;
  mutate: boolean;
  gaps: string | undefined;
  only: readonly string[];
} {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        mutate: { type: 'boolean', default: false },
        gaps: { type: 'string' },
        case: { type: 'string', multiple: true, default: [] },
      },
    });
    const [directory, ...more] = positionals;
    if (directory === undefined || more.length > 0) throw new Error('one directory is wanted');
    const { json, mutate, gaps, case: only } = values;
    if (mutate && (json || gaps !== undefined)) throw new Error('--mutate takes neither --json nor --gaps');
    return { directory, json, mutate, gaps, only };
  } catch (error) {
    throw new Stop(2, `conformance: ${messageOf(error)}\n${USAGE}`);
  }
}

/** Runs `work`, whose failure means that an input cannot be read. */
function reading<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Stop(3, `conformance: ${messageOf(error)}`);
  }
}

function main(argv: readonly string[]): number {
  const { directory, json, mutate, gaps: gapFile, only } = argumentsOf(argv);
  const gaps: Gap[] = reading(() =>
    parseGaps(gapFile === undefined ? knownGaps : JSON.parse(readFileSync(gapFile, 'utf8'))),
  );
  const all = reading(() => findCases(directory));
  const unknown = only.find((id) => !all.some((found) => found.id === id));
  if (unknown !== undefined) throw new Stop(3, `conformance: ${directory}: no case ${unknown}`);
  const found = only.length === 0 ? all : all.filter(({ id }) => only.includes(id));
  if (found.length === 0) throw new Stop(3, `conformance: ${directory}: no cases/*.json`);

  const width = Math.max(...found.map(({ id }) => id.length));
  const terminal = process.stderr.isTTY === true;
  const progress = (text: string): void => {
    if (terminal) process.stderr.write(`\r\x1b[K${text}`);
  };
  if (mutate) {
    const tallies = new Map<string, MutationTally>();
    for (const [index, { id, file, boards }] of found.entries()) {
      progress(`${index + 1}/${found.length} ${id}`);
      mutateCase(
        id,
        reading(() => readFileSync(file, 'utf8')),
        boards,
        tallies,
      );
      progress('');
    }
    console.log(mutationText(tallies.values()));
    const { noticed, total } = gradedShare(tallies.values());
    return noticed >= 0.99 * total && blindKinds(tallies.values()).length === 0 ? 0 : 1;
  }
  const results: CaseResult[] = [];
  for (const [index, item] of found.entries()) {
    progress(`${index + 1}/${found.length} ${item.id}`);
    const oracle = reading(() => readCase(item));
    const result = runCase(item.id, oracle, item.boards, gaps);
    results.push(result);
    progress('');
    if (!json) console.log(caseText(result, width));
  }
  const totals = totalsOf(results);
  const rows = rowsOf(results);
  if (!json && rows.length > 1) console.log(`\n${rowsTable(rows)}`);
  console.log(json ? JSON.stringify(reportJson(results), null, 1) : `\n${totalsText(totals)}`);
  return totals.failed === 0 ? 0 : 1;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Stop)) throw error;
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ schema: 'dmaheap.conformance/1', error: error.message }));
  }
  console.error(error.message);
  process.exitCode = error.exitCode;
}
