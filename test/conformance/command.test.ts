import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ORACLE = 'fixtures/oracle';
let scratch = '';

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'dmaheap-conformance-'));
  mkdirSync(join(scratch, 'oracle', 'cases-4.19'), { recursive: true });
  cpSync(join(ORACLE, 'boards'), join(scratch, 'oracle', 'boards'), { recursive: true });
  const root = JSON.parse(readFileSync(join(ORACLE, 'cases', 'none.json'), 'utf8'));
  root.profile.linux = '4.19.300';
  writeFileSync(join(scratch, 'oracle', 'cases-4.19', 'none.json'), JSON.stringify(root));
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function conformance(...args: string[]) {
  const run = spawnSync(process.execPath, ['scripts/run-ts.mjs', 'scripts/conformance.ts', ...args], {
    encoding: 'utf8',
  });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}

it('prints a line a case and the totals, and is silent on a stderr that is no terminal', () => {
  const { status, stdout, stderr } = conformance(ORACLE, '--case', 'none');
  expect(stderr).toBe('');
  expect(stdout).toMatch(
    /^ok {4}none {2}exact (\d+)\/\1 {2}structural 2\/2\n\n1 cases replayed: 1 agree, 0 do not\n/,
  );
  expect(status).toBe(0);
});

it('names the kernel that is not modelled', () => {
  const { status, stdout } = conformance(join(scratch, 'oracle'));
  expect(stdout).toContain('--    cases-4.19/none  not modelled: Linux 4.19.300\n');
  expect(stdout).toContain('0 cases replayed');
  expect(status).toBe(0);
});

it('fails on a gap that agrees by now, as JSON too', () => {
  const gaps = join(scratch, 'gaps.json');
  writeFileSync(gaps, JSON.stringify([{ case: 'none', fact: 'boot.heaps', reason: 'a test' }]));
  const { status, stdout } = conformance(ORACLE, '--case', 'none', '--gaps', gaps, '--json');
  expect(JSON.parse(stdout)).toMatchObject({
    schema: 'dmaheap.conformance/1',
    ok: false,
    cases: [{ case: 'none', status: 'failed', differences: [], unexpected_passes: [{ fact: 'boot.heaps' }] }],
  });
  expect(status).toBe(1);
});

it('refuses wrong usage with 2, and what it cannot read with 3', () => {
  expect(conformance()).toMatchObject({ status: 2, stdout: '' });
  expect(conformance(ORACLE, '--frobnicate').status).toBe(2);
  const missing = conformance(join(scratch, 'nowhere'), '--json');
  expect(missing.status).toBe(3);
  expect(JSON.parse(missing.stdout)).toMatchObject({ schema: 'dmaheap.conformance/1' });
  const empty = conformance(join(scratch, 'oracle', 'boards'));
  expect(empty.stderr).toContain('no cases/*.json');
  expect(empty.status).toBe(3);
});
