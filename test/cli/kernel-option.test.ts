import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectPath } from '../small-board.ts';
import { dmaheap } from './in-process.ts';

const BOARD = projectPath('fixtures/boards/camera-soc.dtb');
const place = mkdtempSync(join(tmpdir(), 'dmaheap-kernel-'));
const YAML = join(place, 'board.yaml');
// As YAML has it, this is the number 5.1.
writeFileSync(YAML, 'kernel: 5.10\nmemory: { reg: [0x40000000, 1G] }\n');

const profileOf = async (words: readonly string[], env: Record<string, string> = {}) =>
  JSON.parse((await dmaheap([...words, '--json'], {}, { env })).stdout).profile as string;

describe('--kernel', () => {
  it('is refused with its neighbours named', async () => {
    const { code, stderr } = await dmaheap(['list', '--board', BOARD, '--kernel', '6.15']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        'error: --kernel 6.15: no facts; known: 6.12, 6.18; --kernel nearest:6.15 takes 6.12\n  dmaheap kernels lists them\n',
    });
  });

  it('comes before the board, which comes before the environment', async () => {
    const list = ['list', '--board', YAML];
    expect(await profileOf([...list, '--kernel', '6.1'], { DMAHEAP_KERNEL: '6.6' })).toMatch(
      /^Linux 6\.1\.192,/,
    );
    expect(await profileOf(list, { DMAHEAP_KERNEL: '6.6' })).toMatch(/^Linux 5\.10\.262,/);
    expect(await profileOf(['list', '--board', BOARD], { DMAHEAP_KERNEL: '6.6' })).toMatch(
      /^Linux 6\.6\.63,/,
    );
    expect(await profileOf(['list', '--board', BOARD], { DMAHEAP_KERNEL: '' })).toMatch(/^Linux 7\.3/);
  });

  it('of the environment is refused by name', async () => {
    const { code, stderr } = await dmaheap(
      ['list', '--board', BOARD],
      {},
      { env: { DMAHEAP_KERNEL: '6.15' } },
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/DMAHEAP_KERNEL 6\.15: no facts/);
  });

  it('of a board must be known', async () => {
    const file = join(place, 'unknown.yaml');
    writeFileSync(file, 'kernel: 6.15\nmemory: { reg: [0x40000000, 1G] }\n');
    const { code, stderr } = await dmaheap(['list', '--board', file]);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /unknown\.yaml:1:9: error: \/:kernel: 6\.15: no facts; known: 6\.12, 6\.18\n.*nearest:6\.15 takes 6\.12/s,
    );
  });

  it('means that kernel: the coherent series is off unless it is asked for', async () => {
    const list = ['list', '--board', BOARD];
    expect(await profileOf(list)).toMatch(/series v3 \(not mainline\)/);
    expect(await profileOf([...list, '--kernel', '7.3'])).toMatch(/no coherent heaps/);
    expect(await profileOf([...list, '--kernel', '7.3', '--coherent', 'v3'])).toMatch(/series v3/);
    const backport = await dmaheap([...list, '--kernel', '6.12', '--coherent', 'v3']);
    expect(backport.stderr).toMatch(/series v3 on Linux 6\.12\.118 is a backport that nobody has run/);
    const older = await dmaheap([...list, '--kernel', '6.6', '--coherent', 'v3']);
    expect({ code: older.code, stderr: older.stderr }).toEqual({
      code: 3,
      stderr: expect.stringMatching(/the coherent series v3 is of a later Linux than 6\.6\.63/),
    });
  });

  it('nearest: takes the older one and says so', async () => {
    const { code, stdout, stderr } = await dmaheap(['list', '--board', BOARD, '--kernel', 'nearest:6.15']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Linux 6\.12\.118,/);
    expect(stderr).toMatch(/no facts of Linux 6\.15: 6\.12\.118 answers instead/);
  });

  it('is kept by a session, which is told of it when it names none', async () => {
    const session = ['--session', join(place, 'session')];
    const boot = await dmaheap([...session, 'boot', BOARD]);
    expect(boot.stderr).toMatch(/^hint: another Linux answers with --kernel RELEASE/m);
    expect((await dmaheap([...session, 'reboot'])).stderr).not.toMatch(/hint/);
    expect((await dmaheap([...session, 'boot', BOARD])).stderr).not.toMatch(/hint/);
    const named = await dmaheap([...session, 'boot', BOARD, '--kernel', '6.12.105']);
    expect(named.stderr).toMatch(/^Linux 6\.12\.105,/m);
    expect(named.stderr).not.toMatch(/hint/);
    expect((await dmaheap([...session, 'reboot'], {}, { env: { DMAHEAP_KERNEL: '6.6' } })).stderr).toMatch(
      /^Linux 6\.12\.105,/m,
    );
    const exported = await dmaheap([...session, 'export']);
    expect(exported.stdout).toMatch(/kernel: "?6\.12\.105/);
    expect((await dmaheap([...session, 'list', '--kernel', '6.1'])).code).toBe(2);
  });
});

describe('the kernel of a scenario', () => {
  const scenario = join(place, 'scenario.yaml');
  writeFileSync(
    scenario,
    `board: { memory: { reg: [0x40000000, 1G] } }
boot: { kernel: 5.10 }
expect: { heaps: { default_cma_region: absent, reserved: { region: reserved } } }
`,
  );

  it('is taken as it is written', async () => {
    const { stdout, code } = await dmaheap(['run', scenario, '--json']);
    expect(JSON.parse(stdout).files[0].profile).toMatch(/^Linux 5\.10\.262,/);
    expect(code).toBe(0);
  });

  it('gives way to the option, not to the environment', async () => {
    const run = await dmaheap(['run', scenario, '--kernel', '6.18']);
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(/heaps\.default_cma_region: expected absent, got there/);
    expect((await dmaheap(['run', scenario], {}, { env: { DMAHEAP_KERNEL: '6.18' } })).code).toBe(0);
    const replay = await dmaheap(['replay', scenario, '--kernel', '6.18']);
    expect(replay.stdout).toMatch(/heap default_cma_region: added, another name of reserved/);
  });

  it('marks one that is unverified', async () => {
    const { stdout, stderr } = await dmaheap(['run', scenario, '--kernel', '5.15', '--json']);
    expect(JSON.parse(stdout).files[0]).toMatchObject({ unverified: true });
    expect(stderr).toMatch(/Linux 5\.15\.40 is unverified/);
  });

  it('must be known', async () => {
    const file = join(place, 'unknown-scenario.yaml');
    writeFileSync(file, 'board: { memory: { reg: [0x40000000, 1G] } }\nboot: { kernel: 6.15 }\n');
    const { code, stderr } = await dmaheap(['run', file]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/unknown-scenario\.yaml:2:17: error: boot\.kernel: 6\.15: no facts/);
  });
});
