/** The capture script in the shells of targets: what it gathers is read again, and what is nobody's business is not in it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CAPTURE_SCRIPT } from '../../src/cli/capture-script.ts';
import { dmaheap } from '../cli/in-process.ts';
import { Random } from '../fuzz/random.ts';
import { SECRETS, writeTarget } from './fake-target.ts';
import { bootTarget, randomUse } from './random-target.ts';
import { rebuilt } from './rebuilt.ts';

const place = mkdtempSync(join(tmpdir(), 'dmaheap-capture-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const script = join(place, 'capture.sh');
writeFileSync(script, CAPTURE_SCRIPT);

const BOARD = `memory: { reg: [0x40000000, 512M] }
chosen: { bootargs: "quiet" }
reserved-memory:
  video: { compatible: shared-dma-pool, size: 16M, alignment: 4M, reusable: true }
  pool@50000000: { compatible: shared-dma-pool, reg: [0x50000000, 4M], no-map: true }
devices:
  /soc/camera@10000: { memory-region: [pool@50000000] }
`;
const target = bootTarget(BOARD, {});
if (target === undefined) throw new Error('the board does not boot');
randomUse(target.kernel, new Random(7), 12);
const root = join(place, 'target');
writeTarget(root, target, '7.3.4');

const has = (tool: string): boolean => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;

/** Says loudly what was not tried; in CI that is a failure. */
function missing(tool: string): void {
  const message = `${tool} is not installed: the capture script was NOT tried with it`;
  if (process.env.CI) throw new Error(message);
  console.warn(`\n*** ${message} ***\n`);
}

const SHELLS: readonly (readonly [tool: string, ...words: string[]])[] = [
  ['dash', 'dash'],
  ['busybox', 'busybox', 'ash'],
  ['bash', 'bash', '--posix'],
];

describe.each(SHELLS)('the capture script under %s', (tool, ...words) => {
  it('gathers what a session is rebuilt of, and no secrets', async () => {
    if (!has(tool)) return missing(tool);
    const [command = '', ...args] = words;
    // busybox's own tools, not those of this machine.
    const env = tool === 'busybox' ? { PATH: busyboxTools() } : process.env;
    const { stdout, stderr, status } = spawnSync(
      command === 'busybox' ? '/bin/busybox' : command,
      [...args, script, root],
      {
        encoding: 'utf8',
        env,
      },
    );
    expect(status, stderr).toBe(0);
    expect(stdout.split('\n')[0]).toBe('# dmaheap capture 1');
    for (const secret of SECRETS) expect(stdout.replaceAll(' ', '')).not.toContain(secret);
    expect(stdout).not.toContain('buildhost');
    expect(stdout).toContain('=== /capture/not-read ===\n/dev/dma_heap: not there\n');
    const { kernel, findings } = rebuilt([{ file: 'capture.txt', text: stdout }]);
    expect(findings.filter(({ kind }) => kind === 'contradiction')).toEqual([]);
    expect(findings.map(({ message }) => message)).toContain(
      'the capture could not read /dev/dma_heap: not there',
    );
    expect(kernel.heaps().map(({ name, base }) => [name, base])).toEqual(
      target.kernel.heaps().map(({ name, base }) => [name, base]),
    );
    expect(kernel.cmaAreas().map(({ free }) => free)).toEqual(
      target.kernel.cmaAreas().map(({ free }) => free),
    );
    const buffers = (one: typeof kernel) =>
      one.buffers().map(({ name, size, expName }) => ({ name, size, expName }));
    expect(buffers(kernel)).toEqual(buffers(target.kernel));
    // fdinfo says whose they are; the device tree which devices there are.
    expect(kernel.task('camera-app')?.fds.filter(({ kind }) => kind === 'dma_buf').length).toBe(
      target.kernel.buffers().length,
    );
    expect(kernel.devices().map(({ name }) => name)).toContain('10000.camera');
    const file = join(place, `${tool}.txt`);
    writeFileSync(file, stdout);
    const session = ['--session', join(place, tool)];
    const boot = await dmaheap([...session, 'boot', file, '--json']);
    expect(boot.code, boot.stderr).toBe(0);
    // The inputs alone: nobody has allocated.
    expect(JSON.parse((await dmaheap([...session, 'buffers', '--json'])).stdout).buffers).toEqual([]);
    const again = await dmaheap([...session, 'reconstruct', file, '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({ buffers: target.kernel.buffers().length });
    expect((await dmaheap(['list', '--board', file])).stdout).toContain('pool@50000000');
  });
});

/** A directory in which every tool is busybox. */
function busyboxTools(): string {
  const tools = join(place, 'tools');
  execFileSync('mkdir', ['-p', tools]);
  for (const name of execFileSync('busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')) {
    execFileSync('ln', ['-sf', '/bin/busybox', join(tools, name)]);
  }
  return tools;
}

it('is clean for shellcheck', () => {
  if (!has('shellcheck')) return missing('shellcheck');
  const { stdout, status } = spawnSync('shellcheck', ['-s', 'sh', script], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
