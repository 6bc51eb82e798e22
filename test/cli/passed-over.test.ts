/** What would be passed over is told or refused: bundles among boards, words and options that turn accounting off. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectPath } from '../small-board.ts';
import { dmaheap } from './in-process.ts';

const place = mkdtempSync(join(tmpdir(), 'dmaheap-passed-over-'));
const BOARD = projectPath('fixtures/boards/camera-soc.dtb');

const listed = async (...words: readonly string[]) => {
  const { stdout, stderr, code } = await dmaheap(['list', '--board', BOARD, '--json', ...words]);
  const answer = JSON.parse(stdout);
  return { code, stderr, error: answer.error, profile: answer.profile as string };
};

describe('a bundle among boards', () => {
  const session = join(place, 'session');
  const bundle = join(place, 'b.tar.gz');

  it.each(['boards', 'check'])('%s refuses it by name: its own kernel would be ignored', async (command) => {
    const boot = ['--session', session, 'boot', BOARD, '--kernel', '6.1', '--force'];
    expect((await dmaheap(boot)).code).toBe(0);
    expect((await dmaheap(['--session', session, 'export', '--bundle', bundle])).code).toBe(0);
    const { code, stderr, stdout } = await dmaheap([command, bundle]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('is a bundle');
    expect(stderr).toContain('dmaheap diff');
  });
});

describe('dma_heap.mem_accounting=1 that charges nobody is told, with why', () => {
  it.each([
    [['--kernel', '6.12'], '', '6.12.118 has no such parameter'],
    [['--config', 'MEMCG=n'], '', 'without CONFIG_MEMCG'],
    [['--config', 'CGROUPS=n'], '', 'without CONFIG_MEMCG'],
    [[], 'cgroup_disable=rdma,memory', 'cgroup_disable=rdma,memory turns it off'],
    [[], 'cgroup.memory=nosocket,nokmem', 'cgroup.memory=nosocket,nokmem turns it off'],
  ])('%j %s', async (words, word, why) => {
    const { code, stderr, profile } = await listed(
      ...words,
      '--cmdline',
      `dma_heap.mem_accounting=1 ${word}`,
    );
    expect({ code, isOn: profile.includes('accounting') }).toEqual({ code: 0, isOn: false });
    expect(stderr).toContain(`dma_heap.mem_accounting=1 on the command line charges nobody: `);
    expect(stderr).toContain(why);
  });

  it('and a value that is none', async () => {
    const { stderr, profile } = await listed('--cmdline', 'dma_heap.mem_accounting=zz');
    expect(profile).not.toContain('accounting');
    expect(stderr).toContain('Linux takes y, n, 1, 0, on or off');
  });

  it('but nothing is told where it does what it asks for, or asks for nothing', async () => {
    const on = await listed(
      '--cmdline',
      'dma_heap.mem_accounting=on cgroup_disable=rdma cgroup.memory=nosocket',
    );
    expect([on.stderr, on.profile.includes('accounting: memcg')]).toEqual(['', true]);
    for (const line of ['cgroup_disable=memory', 'dma_heap.mem_accounting=0 cgroup_disable=memory']) {
      expect((await listed('--cmdline', line)).stderr).toBe('');
    }
  });
});

describe('--accounting against what turns it off is refused by name', () => {
  it.each([
    ['memcg', ['--cmdline', 'dma_heap.mem_accounting=0'], 'accounting-cmdline', 'dma_heap.mem_accounting=0'],
    ['memcg', ['--cmdline', 'cgroup_disable=memory'], 'accounting-cmdline', 'cgroup_disable=memory'],
    ['dmem-cma-v2', ['--cmdline', 'cgroup.memory=nokmem'], 'accounting-cmdline', 'cgroup.memory=nokmem'],
    ['dmem-cma-v2', ['--config', 'CGROUP_DMEM=n'], 'accounting-config', 'CONFIG_CGROUP_DMEM'],
    ['memcg', ['--config', 'CGROUPS=n'], 'accounting-config', 'CONFIG_MEMCG'],
  ])('%s %j', async (one, words, code, named) => {
    const told = await listed('--kernel', '7.3', '--accounting', one, ...words);
    expect(told.code).toBe(3);
    const [first] = told.error.diagnostics;
    expect(first.code).toBe(code);
    expect(first.message).toContain(named);
  });

  it('a defconfig that says nothing of dmem is taken to have what the proposal needs', async () => {
    const { code, profile } = await listed('--kernel', '7.3', '--accounting', 'dmem-cma-v2');
    expect([code, profile.includes('dmem-cma-v2')]).toEqual([0, true]);
  });
});

it('boards on no thread at all are refused', async () => {
  const { code, stderr } = await dmaheap(['boards', BOARD, '--jobs', '0']);
  expect(code).toBe(2);
  expect(stderr).toContain('1 thread at least');
});
