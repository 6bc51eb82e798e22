import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CaseResult, runCase } from './conformance.ts';
import knownGaps from './gaps.json' with { type: 'json' };
import type { Gap } from './gaps.ts';
import { parseGaps } from './gaps.ts';
import { parseCase } from './oracle-case.ts';
import { findCases } from './oracle-directory.ts';
import { caseText, reportJson, totalsOf, totalsText } from './report.ts';
import { rowsOf, rowsTable } from './rows.ts';

const ORACLE = 'fixtures/oracle';
const BOARDS = join(ORACLE, 'boards');
const cases = findCases(ORACLE);
const gaps = parseGaps(knownGaps);

const textOf = (id: string): string => readFileSync(join(ORACLE, 'cases', `${id}.json`), 'utf8');

/** The parts of a case that the tests below falsify. */
interface Draft {
  profile: { config: Record<string, number> };
  board: string;
  boot: {
    heaps: { minor: number }[];
    log: string[];
    cma: Record<string, { base_pfn: string }>;
    meminfo: { CmaTotal: number };
  };
  steps: { op: string; phys?: [string, number][] | object | null }[];
  log_after: string[];
}

/** Runs a case whose file was changed. */
function runChanged(id: string, change: (root: Draft) => void, list: readonly Gap[] = []) {
  const root: Draft = JSON.parse(textOf(id));
  change(root);
  const result = runCase(id, parseCase(JSON.stringify(root), id), BOARDS, list);
  if (result.kind !== 'replayed') throw new Error(`${id} was not replayed`);
  return result;
}

/** What README says of them: the first column and the numbers of each row. */
function scoreboard(): Readonly<Record<string, readonly number[]>> {
  const rows = readFileSync('README.md', 'utf8').matchAll(
    /^\| (\d+ cases|exact|structural|known gaps)\b.*$/gm,
  );
  return Object.fromEntries(
    [...rows].map(([row, name = '']) => [
      name.replace(/^\d+ /, ''),
      (/^\d/.test(name) ? [name] : row.split('|').slice(2, 4)).map((cell) =>
        Number.parseInt(cell.trim(), 10),
      ),
    ]),
  );
}

describe('the recorded answers of Linux', () => {
  const results: CaseResult[] = [];

  it('are here', () => {
    expect(cases.length).toBeGreaterThan(50);
  });

  it.each(cases)('$id', ({ id, file, boards }) => {
    const result = runCase(id, parseCase(readFileSync(file, 'utf8'), file), boards, gaps);
    results.push(result);
    if (result.kind === 'not-modelled') {
      // Only another kernel's folder may hold what is not modelled: here it would be a silent pass.
      expect(id).toContain('/');
      return;
    }
    expect(result.ok, caseText(result, 0)).toBe(true);
    expect(result.grades.exact.total).toBeGreaterThan(0);
  });

  it('agree as README says', ({ skip }) => {
    skip(results.length < cases.length, 'a part of the cases was run');
    const { grades, knownGaps: named } = totalsOf(results);
    expect(scoreboard()).toEqual({
      cases: [cases.length],
      exact: [grades.exact.total, grades.exact.agreed],
      structural: [grades.structural.total, grades.structural.agreed],
      'known gaps': [named, 0],
    });
  });

  it('have a row in README for each kernel and architecture', ({ skip }) => {
    skip(results.length < cases.length, 'a part of the cases was run');
    expect(readFileSync('README.md', 'utf8')).toContain(`\n${rowsTable(rowsOf(results))}\n`);
  });

  it('have a gap list that names cases that exist', () => {
    expect(gaps.filter((gap) => !cases.some(({ id }) => id === gap.case))).toEqual([]);
  });
});

describe('the runner', () => {
  it('fails on an exact fact of the boot', () => {
    const result = runChanged('mixed', (root) => {
      root.boot.heaps[1]!.minor = 7;
      root.boot.cma['linux,cma']!.base_pfn = '1';
      root.boot.log.splice(2, 1);
      root.boot.meminfo.CmaTotal += 4;
    });
    expect(result.ok).toBe(false);
    expect(result.differences.map(({ path, grade }) => `${grade} ${path}`)).toEqual([
      'exact boot.heaps[1]',
      'exact boot.log[2+0]',
      'exact boot.meminfo.CmaTotal',
      'exact boot.cma.linux,cma.base_pfn',
    ]);
  });

  it('fails on an exact fact of a step and of the log after', () => {
    const result = runChanged('trace-cma-1', (root) => {
      root.steps[0]!.phys = [['0x60001000', 1]];
      root.log_after[2] = '<6>cma: range 0: +1@1';
    });
    expect(result.differences.map(({ path }) => path)).toEqual(['steps[0].phys', 'log_after[2]']);
  });

  it('fails on a structural fact', () => {
    const result = runChanged('trace-system-1', (root) => {
      const step = root.steps.find((entry) => Array.isArray(entry.phys));
      if (Array.isArray(step?.phys)) step.phys.push(['0x40000000', 1]);
    });
    expect(result.ok).toBe(false);
    expect(new Set(result.differences.map(({ grade }) => grade))).toEqual(new Set(['structural']));
  });

  it('fails when a boot should have died, and when the board is not readable', () => {
    const alive = runChanged('mixed', (root) => {
      Object.assign(root.boot, { panic: true, message: 'VFS: Unable to mount root fs' });
    });
    expect(alive.differences.map(({ path }) => path)).toContain('boot.panic');
    const nowhere = runChanged('mixed', (root) => {
      root.board = 'no-such-board';
    });
    expect(nowhere.differences.map(({ path }) => path)).toEqual(['replay']);
    expect(nowhere.ok).toBe(false);
  });

  it('forgives what the gap list names, and only that', () => {
    const wrong = (root: Draft): void => {
      root.boot.cma['linux,cma']!.base_pfn = '1';
    };
    const gap = { case: 'mixed', fact: 'boot.cma.linux,cma', reason: 'to see whether it is forgiven' };
    expect(runChanged('mixed', wrong, [gap]).ok).toBe(true);
    expect(runChanged('mixed', wrong, [{ ...gap, fact: 'boot.cma.linux' }]).ok).toBe(false);
    expect(runChanged('mixed', wrong, [{ ...gap, case: 'none' }]).ok).toBe(false);
  });

  it('fails on a kernel that was configured otherwise', () => {
    const result = runChanged('none', (root) => {
      root.profile.config.CONFIG_CMA_SIZE_MBYTES = 32;
    });
    expect(result.ok).toBe(false);
    expect(result.differences.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['boot.log[1]', 'boot.meminfo.CmaTotal', 'boot.cma.reserved.base_pfn']),
    );
  });

  it('fails when a named gap agrees', () => {
    const gap = { case: 'mixed', fact: 'boot.log', reason: 'it once differed' };
    const result = runChanged('mixed', () => {}, [gap]);
    expect(result.ok).toBe(false);
    expect(result.unexpectedPasses).toEqual([gap]);
    expect(caseText(result, 0)).toContain('boot.log agrees, but the gap list names it: it once differed');
  });

  it('names the kernels that it cannot speak for', () => {
    const root = JSON.parse(textOf('mixed'));
    root.profile.linux = '4.19.300';
    const result = runCase('cases-4.19/mixed', parseCase(JSON.stringify(root), 'mixed'), BOARDS, []);
    expect(result).toEqual({ id: 'cases-4.19/mixed', kind: 'not-modelled', what: 'Linux 4.19.300' });
    expect(totalsOf([result])).toMatchObject({ ok: 0, failed: 0, notModelled: { 'Linux 4.19.300': 1 } });
    expect(totalsText(totalsOf([result]))).toContain('not modelled: Linux 4.19.300 x1');
  });

  it('counts steps that it cannot repeat, and what they leave unsure, apart', () => {
    const steps = [
      { op: 'somersault', ret: 0 },
      { op: 'close', id: 'never-made', ret: 'nobuf' },
      { op: 'cma', area: 'linux,cma', count: 'whatever' },
    ];
    const result = runChanged('mixed', (root) => {
      root.steps = steps;
      root.log_after = [];
    });
    expect(result.ok).toBe(true);
    expect(result.notReplayed).toEqual({ somersault: 1 });
    expect(result.behind).toEqual({ 'cma behind somersault': 1, 'log_after behind somersault': 1 });
  });

  it('reports as one object', () => {
    const result = runChanged('none', (root) => {
      root.boot.meminfo.CmaTotal = 1;
    });
    expect(reportJson([result])).toMatchObject({
      schema: 'dmaheap.conformance/1',
      ok: false,
      cases: [
        {
          case: 'none',
          status: 'failed',
          differences: [{ fact: 'boot.meminfo.CmaTotal', grade: 'exact', expected: 1, got: 16384 }],
        },
      ],
      totals: { replayed: 1, ok: 0, failed: 1 },
    });
  });
});

describe('the gap list', () => {
  it('is refused when an entry lacks its reason', () => {
    expect(() => parseGaps([{ case: 'mixed', fact: 'boot.log' }])).toThrow('gap 0: reason is missing');
    expect(() => parseGaps({})).toThrow('no list');
  });
});
