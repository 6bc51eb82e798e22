/** --coherent on the command line and in scenarios: names, what is refused, and what is told of v3's faults. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dmaheap } from './in-process.ts';

const place = mkdtempSync(join(tmpdir(), 'dmaheap-coherent-'));
const write = (name: string, text: string) => {
  const file = join(place, name);
  writeFileSync(file, text);
  return file;
};

const BOARD = write(
  'board.yaml',
  `memory: { reg: [0x40000000, 1G] }
reserved-memory:
  pool@50000000: { compatible: shared-dma-pool, reg: [0x50000000, 4M], no-map: true }
`,
);

const json = async (...words: readonly string[]) => JSON.parse((await dmaheap([...words, '--json'])).stdout);

/** What a scenario that maps a buffer of the pool for a device warns of. */
async function mapped(coherent: string, heap = 'pool@50000000', boot = '') {
  const file = write(
    `map-${coherent}.yaml`,
    `board: board.yaml
boot: { coherent: ${coherent}${boot} }
steps:
  - device-add: { name: camera }
  - alloc: { heap: ${heap}, size: 8K, count: 2 }
    as: b
  - attach: { device: camera, fd: b0 }
    as: one
  - attach: { device: camera, fd: b1 }
    as: two
  - map: one
  - map: two
`,
  );
  const { verdict, warnings } = (await json('run', file)).files[0];
  expect(verdict).toBe('passed');
  return warnings;
}

describe('the address that a device gets of a coherent buffer', () => {
  it('is told in a scenario, once, where the step stands', async () => {
    const warnings = await mapped('v3');
    expect(warnings).toMatchObject([
      {
        code: 'series-dma-address',
        message: expect.stringMatching(
          /^the coherent series as posted \(v3\) gives camera an address that is not in the pool pool@50000000/,
        ),
        position: { line: 11 },
      },
    ]);
  });

  it('is told by device map in the same words', async () => {
    const at = ['--session', join(place, 'session')];
    await dmaheap(['boot', BOARD, ...at]);
    await dmaheap(['device', 'add', 'camera', ...at]);
    const fd = (await dmaheap(['alloc', 'pool@50000000', '8K', ...at])).stdout.trim();
    await dmaheap(['device', 'attach', 'camera', fd, ...at]);
    const told = await json('device', 'map', 'camera', fd, ...at);
    expect(told.warnings[0].message).toBe((await mapped('v3'))[0].message);
    expect(told.segments[0]).toMatchObject({ dma_address: '0x50000000' });
  });

  it('is not known of other states, and not of other heaps', async () => {
    expect((await mapped('v2'))[0].message).toContain('as posted in v3 (of v2 it is not known)');
    expect((await mapped('v1', 'coherent_pool@50000000'))[0].message).toContain('of v1 it is not known');
    expect(await mapped('v3', 'system')).toEqual([]);
    expect(await mapped('off', 'system')).toEqual([]);
  });
});

describe('--coherent', () => {
  it('shows in diff as a new name', async () => {
    const { code, stdout } = await dmaheap(['diff', BOARD, '--coherent', 'v1', '--coherent', 'v3', '--json']);
    expect(code).toBe(1);
    const { before, after, differences } = JSON.parse(stdout);
    expect([before.unverified, after.unverified]).toEqual([true, undefined]);
    expect(differences).toMatchObject([{ change: 'renamed', name: 'coherent_pool@50000000' }]);
  });

  it('is marked wherever it is shown', async () => {
    for (const state of ['v1', 'v2', 'wip']) {
      for (const words of [['list'], ['regions']]) {
        const told = await json(...words, '--board', BOARD, '--coherent', state);
        expect(told).toMatchObject({
          unverified: true,
          profile: expect.stringContaining(`${state} (not mainline; unverified: never recorded)`),
        });
      }
      const { stderr } = await dmaheap(['dmesg', '--board', BOARD, '--coherent', state]);
      expect(stderr).toContain(`the coherent series ${state} `);
      expect(stderr).toContain('is unverified');
    }
  });

  it('knows no other state, nowhere', async () => {
    const bad = write('bad.yaml', 'board: board.yaml\nboot: { coherent: v4 }\nsteps:\n  - sleep: 1\n');
    for (const words of [
      ['list', '--board', BOARD, '--coherent', 'v4'],
      ['diff', BOARD, '--coherent', 'v3', '--coherent', 'v4'],
      ['run', bad],
    ]) {
      const { code, stderr } = await dmaheap(words);
      expect(code).toBeGreaterThan(1);
      expect(stderr).toContain('off, v1, v2, v3, wip');
    }
  });

  it('is kept by an export', async () => {
    const at = ['--session', join(place, 'kept')];
    const bundle = join(place, 'wip.tar.gz');
    await dmaheap(['boot', BOARD, '--coherent', 'wip', ...at]);
    await dmaheap(['alloc', 'pool@50000000', '8K', ...at]);
    const sync = await dmaheap(['sync', '4', '--start', '--read', '--json', ...at]);
    expect(JSON.parse(sync.stdout).error).toMatchObject({ errno: 'EINVAL', why: { kind: 'no-cpu-access' } });
    await dmaheap(['export', '--bundle', bundle, ...at]);
    expect(await json('replay', bundle)).toMatchObject({
      verdict: 'same',
      profile: expect.stringContaining('series wip'),
    });
    const other = await json('replay', bundle, '--coherent', 'v3');
    expect(other.verdict).toBe('different');
    expect(other.differences[0]).toMatchObject({
      action: 'sync',
      mismatches: [{ what: 'errno', expected: 'EINVAL' }],
    });
  });

  it('of an architecture that was not recorded with that kernel is said', async () => {
    const { stderr } = await dmaheap(['dmesg', '--board', BOARD, '--arch', 'arm', '--kernel', '6.6']);
    expect(stderr).toContain('Linux 6.6.63 on arm with 4 KiB pages is unverified: recorded is arm64 with ');
    expect((await dmaheap(['dmesg', '--board', BOARD, '--arch', 'arm'])).stderr).not.toContain('unverified');
  });
});
