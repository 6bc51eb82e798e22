import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isUnverifiedChange } from '../../src/profile/kernel-change.ts';
import { KERNEL_DIFFERENCES } from '../../src/profile/kernel-differences.ts';
import { KERNELS, linuxVersion } from '../../src/profile/kernels.ts';
import { nameKernel } from '../../src/profile/named-kernel.ts';
import { banner, profileOf, speaksUnverified } from '../../src/profile/profile.ts';
import { dmaheap } from '../cli/in-process.ts';
import { projectPath } from '../small-board.ts';

const BOARD = projectPath('fixtures/boards/camera-soc.dtb');
/** Where all recordings lie, on machines that have them. */
const ORACLE = projectPath('fixtures/oracle');

/** All that are known, oldest first. */
const ALL = KERNELS.map(({ release }) => release).join(', ');
const NONE_OLDER = 'nearest: takes an older one, and none is known';

describe('nameKernel', () => {
  it.each([
    ['6.12', { release: '6.12.118' }],
    ['6.12.105', { release: '6.12.105' }],
    ['6.12.118', { release: '6.12.118' }],
    ['5.10', { release: '5.10.262' }],
    ['nearest:6.12', { release: '6.12.118' }],
    ['nearest:6.15', { release: '6.12.118', insteadOf: '6.15' }],
    ['nearest:6.15.3', { release: '6.12.118', insteadOf: '6.15.3' }],
    ['nearest:6.12.200', { release: '6.12.118', insteadOf: '6.12.200' }],
    ['nearest:9.0', { release: '7.3.4', insteadOf: '9.0' }],
  ])('%s', (text, named) => {
    expect(nameKernel(text)).toEqual(named);
    if ('release' in named) expect(linuxVersion(named.release)?.name).toBe(named.release);
  });

  it.each([
    ['6.15', '6.15: no facts; known: 6.12, 6.18', 'nearest:6.15 takes 6.12'],
    ['4.19', `4.19: no facts; known: ${ALL}`, undefined],
    ['nearest:4.19', `4.19: no facts; known: ${ALL}`, NONE_OLDER],
    ['8.0', `8.0: no facts; known: ${ALL}`, 'nearest:8.0 takes 7.3'],
    ['6.12.119', '6.12.119: no facts; known: 6.12.13 to 6.12.118', 'nearest:6.12.119 takes 6.12.118'],
    ['6.12.12', '6.12.12: no facts; known: 6.12.13 to 6.12.118', undefined],
    ['nearest:6.12.12', '6.12.12: no facts; known: 6.12.13 to 6.12.118', NONE_OLDER],
  ])('has no facts of %s, and names the neighbours', (text, problem, hint) => {
    expect(nameKernel(text)).toEqual({ problem, ...(hint && { hint }) });
  });

  it.each([
    '',
    '6',
    '6.012',
    'v6.12',
    '6.12-rc1',
    '6.12.1.1',
    'nearest:',
    'nearest:nearest:6.12',
    '__proto__',
  ])('takes %j for no release', (text) => {
    expect(nameKernel(text)).toMatchObject({ problem: expect.stringMatching(/is no release of Linux/) });
  });

  it.each(['v6.6.30', '6.6.30-yocto-standard', 'linux-6.6.30', '6.6.30+'])('is meant by %s', (text) => {
    expect(nameKernel(text)).toMatchObject({ hint: '6.6.30, if that is meant' });
  });
});

describe('a row without a recording', () => {
  it.each(KERNELS.map((row) => [row.release, row] as const))(
    '%s is marked wherever it speaks',
    async (_, row) => {
      const unverified = row.recorded === undefined;
      const text = banner(profileOf('off', {}, 4, row.release).profile, undefined);
      expect(text.includes('unverified')).toBe(unverified);
      expect(speaksUnverified(text)).toBe(unverified);
      for (const words of [['list'], ['regions'], ['dmesg']]) {
        const line = [...words, '--board', BOARD, '--kernel', row.release];
        const { stderr } = await dmaheap(line);
        expect(stderr.includes('unverified')).toBe(unverified);
        const { stdout } = await dmaheap([...line, '--json']);
        const json = JSON.parse(stdout);
        if (json.profile !== undefined) expect(json.unverified ?? false, words.join()).toBe(unverified);
      }
      const other = row.release === '6.12' ? '6.6' : '6.12';
      const diff = await dmaheap(['diff', BOARD, '--kernel', row.release, '--kernel', other, '--json']);
      expect(JSON.parse(diff.stdout).before.unverified ?? false).toBe(unverified);
      const kernels = JSON.parse((await dmaheap(['kernels', '--json'])).stdout).kernels;
      expect(kernels.find((one: { release: string }) => one.release === row.release).unverified).toBe(
        unverified,
      );
    },
  );
});

describe('what differs between kernels', () => {
  const changes = KERNEL_DIFFERENCES.flatMap(({ about, changes }) =>
    changes.map((one) => ({ about, ...one })),
  );

  it('names for each row a function, a release that is known, and evidence', () => {
    for (const { where } of KERNEL_DIFFERENCES) expect(where).not.toBe('');
    for (const { about, since } of changes) expect(nameKernel(since), about).toHaveProperty('release');
  });

  it('marks each that no recording shows', async () => {
    const { stdout } = await dmaheap(['kernels']);
    for (const change of changes) {
      const shown = typeof change.evidence === 'object' && 'recording' in change.evidence;
      expect(isUnverifiedChange(change)).toBe(!shown);
    }
    expect(stdout.match(/unverified: (source|changelog)/g)).toHaveLength(
      changes.filter(isUnverifiedChange).length,
    );
  });

  it('cites recordings that show it', () => {
    for (const { about, evidence } of changes) {
      if (typeof evidence === 'string' || 'changelog' in evidence) continue;
      const { recording } = evidence;
      const path = recording.startsWith('programs/')
        ? `${ORACLE}/../${recording}.txt`
        : `${ORACLE}/${recording}.json`;
      expect(readFileSync(path, 'utf8'), about).toContain(evidence.shows);
    }
  });
});
