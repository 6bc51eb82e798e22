/** `dmaheap report`: what it tells beside the page, which test/browser looks at. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectPath } from '../small-board.ts';
import { dmaheap } from './in-process.ts';

const dir = mkdtempSync(join(tmpdir(), 'dmaheap-report-'));
afterAll(() => rmSync(dir, { recursive: true }));
const at = (name: string): string => join(dir, name);

const report = async (...words: readonly string[]) => {
  const { code, stdout, stderr } = await dmaheap(['report', ...words, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};

beforeAll(() => {
  cpSync(projectPath('fixtures/boards/camera-soc.dtb'), at('board.dtb'));
  writeFileSync(
    at('steps.yaml'),
    `board: board.dtb
steps:
  - { alloc: { heap: system, size: 4K, name: small } }
  - { alloc: { heap: 'video-cma@60000000', size: 40M, name: frame } }
`,
  );
  writeFileSync(at('dies.yaml'), 'board: board.dtb\nboot: { cmdline: mem=8M }\n');
});

describe('of a kernel that dies while it boots', () => {
  test('says why, with the check, the Linux and the inputs', async () => {
    const told = await report(at('dies.yaml'), '--html', at('dies.html'));
    expect(told).toMatchObject({
      profile: expect.stringMatching(/^Linux 7\./),
      panic: expect.stringContaining('Failed to allocate'),
      steps: 0,
      heaps: [],
    });
    const [first] = told.findings;
    expect(first).toMatchObject({ severity: 'error', name: 'boot-panic' });
    expect(first.message).toContain('the memory map needs');
    expect(readFileSync(at('dies.html'), 'utf8')).toContain('The kernel dies while it boots: Failed');
  });

  test('in words', async () => {
    const { code, stdout } = await dmaheap(['report', at('dies.yaml')]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('the kernel dies while it boots: Failed')]);
  });
});

describe('compared', () => {
  test('with another board: its regions, and what the steps come to there', async () => {
    const board = projectPath('fixtures/boards/two-bank.dtb');
    const { compared_with, differences } = await report(at('steps.yaml'), '--compare-board', board);
    expect(compared_with).toMatch(/^two-bank\.dtb: Linux 7\./);
    expect(differences).toContain('heap capture-cma: added, 0x8f0000000 (256 MiB)');
    expect(differences.at(-1)).toMatch(/^step 2: .*: done at 0x60000000; there ENOENT$/);
  });

  test('with another Linux on another board, and nothing of it is passed over', async () => {
    const board = projectPath('fixtures/boards/two-bank.dtb');
    const { compared_with } = await report(at('steps.yaml'), '--compare-board', board, '--compare', '6.12');
    expect(compared_with).toMatch(/^two-bank\.dtb: Linux 6\.12\./);
  });

  test('with the same board: nothing is different', async () => {
    const { differences } = await report(at('steps.yaml'), '--compare-board', at('board.dtb'));
    expect(differences).toEqual([]);
  });
});
