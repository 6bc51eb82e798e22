/** A report's log was printed by another kernel than the one spoken for: what helps to find one in the other. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { KERNELS, linuxVersion } from '../../src/profile/kernels.ts';
import { dmaheap } from './in-process.ts';

/** The board of public report 21, and regions of which the report's kernels say other things. */
function boardFile(nodes = ''): string {
  const dir = mkdtempSync(join(tmpdir(), 'dmaheap-older-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'board.dts');
  writeFileSync(
    file,
    `/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; compatible = "example,board";
 memory@0 { device_type = "memory"; reg = <0 0 0 0x40000000>; }; ${nodes} };`,
  );
  return file;
}

const DEFAULT_AND_SMALL = `reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;
  linux,cma { compatible = "shared-dma-pool"; reusable; size = <0 0x4000000>; linux,cma-default; };
  f@30200000 { compatible = "shared-dma-pool"; reusable; reg = <0 0x30200000 0 0x200000>; }; };`;

/** Boots, allocates 20 MiB of 32 twice, and gives the answer and the log. */
async function failedTwice(kernel: readonly string[], heap: string) {
  const dir = mkdtempSync(join(tmpdir(), 'dmaheap-older-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const session = ['--session', join(dir, 'session')];
  const boot = await dmaheap([...session, 'boot', boardFile(), ...kernel, '--cmdline', 'cma=32M']);
  expect(boot.code, boot.stderr).toBe(0);
  const answer = await dmaheap([...session, 'alloc', heap, '20M', '--count', '2']);
  expect(answer.code).toBe(1);
  const log = await dmaheap([...session, 'dmesg']);
  return { answer: answer.stderr, log: log.stdout };
}

describe('a failed request: ret: -12 of older kernels is ret: -16 of newer ones', () => {
  test.each([
    ['5.10', 'cma: cma_alloc: alloc failed, req-size: 5120 pages, ret: -12'],
    ['6.1', 'cma: cma_alloc: reserved: alloc failed, req-size: 5120 pages, ret: -12'],
    ['6.12', 'cma: __cma_alloc: reserved: alloc failed, req-size: 5120 pages, ret: -12'],
  ])('Linux %s', async (kernel, line) => {
    const { answer, log } = await failedTwice(['--kernel', kernel], 'reserved');
    expect(log).toContain(line);
    expect(answer).not.toContain('Linux up to 6.12');
  });

  test('the newest names the older one, which a report may quote', async () => {
    const { answer, log } = await failedTwice([], 'default_cma_region');
    expect(log).toContain('cma: __cma_alloc_frozen: reserved: alloc failed, req-size: 5120 pages, ret: -16');
    expect(answer).toContain(
      'its line in the log ends in ret: -16; Linux up to 6.12 ends that line in ret: -12 (--kernel 6.12)',
    );
  });

  test('a request larger than the area had no line at all', async () => {
    const board = ['--board', boardFile(), '--cmdline', 'cma=32M'];
    const now = await dmaheap(['alloc', 'default_cma_region', '40M', ...board]);
    expect(now.stderr).toContain('Linux up to 6.12 has no line of a request larger than the area');
    const older = await dmaheap(['alloc', 'reserved', '40M', ...board, '--kernel', '6.12']);
    expect(older.stderr).toContain('the whole area reserved has 8192 pages');
    expect(older.stderr).not.toContain('has no line');
  });

  test('what the answer says is what the log of that kernel says', () => {
    const rets = KERNELS.map(({ release }) => {
      const linux = linuxVersion(release);
      expect(linux?.log.cmaAllocFailed('a', 1n, false).line[1]).toContain(`ret: ${linux?.cmaFullRet}`);
      return linux?.cmaFullRet;
    });
    expect(new Set(rets)).toEqual(new Set([-12, -16]));
  });
});

test.each([
  ['5.10', 'Reserved memory: incorrect alignment of CMA region', '4 MiB here'],
  ['6.1', 'created CMA memory pool at 0x0000000030200000, size 2 MiB', undefined],
  ['6.12', 'created CMA memory pool at 0x0000000030200000, size 2 MiB', undefined],
])('on %s cma= is told in its words, and 2 MiB are aligned as it wants', async (kernel, line, advice) => {
  const board = ['--board', boardFile(DEFAULT_AND_SMALL), '--cmdline', 'cma=32M', '--kernel', kernel];
  const log = (await dmaheap(['dmesg', ...board])).stdout;
  expect(log).toContain('Reserved memory: bypass linux,cma node, using cmdline CMA params instead');
  expect(log).toContain(line);
  const { stdout } = await dmaheap(['regions', ...board]);
  if (advice === undefined) expect(stdout).not.toContain('f@30200000: no heap');
  else expect(stdout).toContain(advice);
});
