import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Interruption, type Interrupts, interruptible } from '../../src/cli/terminal/interruption.ts';
import { projectPath } from '../small-board.ts';
import { COMMAND } from './built-command.ts';
import { dmaheap } from './in-process.ts';

/** A Ctrl-C that a test makes. */
function keyboard(): { readonly interrupts: Interrupts; readonly press: () => boolean } {
  let stop: (() => void) | undefined;
  return {
    interrupts: (listener) => {
      stop = listener;
      return () => {
        stop = undefined;
      };
    },
    /** @returns whether somebody listened: the process would have died otherwise */
    press: () => {
      const listener = stop;
      stop = undefined;
      listener?.();
      return listener !== undefined;
    },
  };
}

describe('work in slices', () => {
  test('ends between two of them', async () => {
    const { interrupts, press } = keyboard();
    let slices = 0;
    const work = interruptible(interrupts, async (interruption) => {
      for (;;) {
        if (++slices === 3) press();
        await interruption.breathe();
      }
    });
    await expect(work).rejects.toMatchObject({ name: 'Interrupted' });
    expect([slices, press()]).toEqual([3, false]);
  });

  test('is not waited for when it waits itself', async () => {
    const { interrupts, press } = keyboard();
    const work = interruptible(interrupts, () => new Promise(() => {}));
    press();
    await expect(work).rejects.toMatchObject({ name: 'Interrupted' });
  });

  test('is left to the default action while somebody else can hold it up, and afterwards', async () => {
    const { interrupts, press } = keyboard();
    const interruption = new Interruption(interrupts);
    await interruption.atMercy(() => expect(press()).toBe(false));
    expect([interruption.happened, press(), interruption.happened]).toEqual([false, true, true]);
    // The second one ends the process, also later.
    await interruption.atMercy(() => {});
    expect(press()).toBe(false);
    interruption.end();
  });

  test('has nothing in the way when it is over', async () => {
    const { interrupts, press } = keyboard();
    expect(await interruptible(interrupts, async () => 7)).toBe(7);
    await expect(interruptible(interrupts, () => Promise.reject(new Error('x')))).rejects.toThrow('x');
    expect(press()).toBe(false);
  });
});

const BOARD = projectPath('fixtures/boards/two-bank.dtb');
const LONG = 'board: board.dtb\nsteps:\n  - age: { area: system, steps: 200000 }\n';
const MANY = `board: board.dtb\nsteps:\n  - repeat: { times: 100000000, do: [ { cat: /proc/meminfo } ] }\n`;
const BUFFERS = `board: board.dtb\nboot: { nofile: 1000000 }\nsteps:\n  - alloc: { heap: system, size: 4K, count: 100000 }\n`;
const BYTES = `board: board.dtb\nboot: { memory: [0x40000000:3G], coherent: off }
steps:
  - alloc: { heap: system, size: 900M }
    as: a
  - fill: { to: a, length: 900M, byte: 1 }
  - repeat: { times: 100, do: [ { read: a } ] }
`;
/** A source that takes seconds: as many nodes as there may be. */
const PROPERTIES = Array.from({ length: 4 }, (_, i) => `p${i} = <${`${i} `.repeat(24)}>;`).join(' ');
const SOURCE = `/dts-v1/;\n/ {\n${Array.from({ length: 32_000 }, (_, i) => `n${i} { ${PROPERTIES} };\n`).join('')}};\n`;

function freshDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'dmaheap-int-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries({ long: LONG, many: MANY, buffers: BUFFERS, bytes: BYTES })) {
    writeFileSync(join(dir, `${name}.yaml`), text);
  }
  copyFileSync(BOARD, join(dir, 'board.dtb'));
  writeFileSync(join(dir, 'big.dts'), SOURCE);
  return dir;
}

describe('in this process', () => {
  test.each(['long', 'many', 'buffers', 'bytes'])('run %s.yaml tells what was done', async (name) => {
    const { interrupts, press } = keyboard();
    const dir = freshDirectory();
    // Again and again, until there is work in slices.
    const pressing = setInterval(() => press() && clearInterval(pressing), 100);
    onTestFinished(() => clearInterval(pressing));
    const junit = join(dir, 'report.xml');
    const words = ['run', join(dir, `${name}.yaml`), '--junit', junit];
    const { stdout, stderr, code } = await dmaheap(words, {}, { interrupts });
    expect([stdout.startsWith('STOPPED '), stderr, code]).toEqual([true, '', 130]);
    expect(existsSync(junit)).toBe(true);
    expect(readdirSync(dir).filter((file) => file.includes('.new'))).toEqual([]);
  });
});

interface Case {
  readonly words: readonly string[];
  /** When the key is pressed, in milliseconds. */
  readonly after?: number;
  readonly unread?: true;
}

/** Every command that can take longer than a second. */
const CASES: readonly Case[] = [
  { words: ['cmp', '4', '5'] },
  { words: ['fill', '4', '7'] },
  { words: ['sum', '4'] },
  { words: ['dump', '4'] },
  { words: ['dump', '4'], unread: true },
  { words: ['read', '4'], unread: true },
  { words: ['read', '4', '--json'] },
  { words: ['read', '4', '--output', 'whole.raw'] },
  { words: ['read', '4', '--output', 'pipe'] },
  { words: ['write', '4'] },
  { words: ['age', 'system', '--steps', '1000000'] },
  { words: ['age', 'system', '--steps', '1000000', '--board', BOARD] },
  { words: ['alloc', 'system', '4K', '--count', '1000000'] },
  { words: ['run', 'long.yaml'] },
  { words: ['run', 'bytes.yaml'] },
  { words: ['run', 'many.yaml', '--junit', 'report.xml'] },
  { words: ['replay', 'many.yaml'] },
  { words: ['dt', 'big.dts', '--out', 'big.dtb'] },
  { words: ['boot', 'big.dts', '--force'] },
  { words: ['list', '--board', 'big.dts'] },
];

test('the process ends at once, and the session is as good as before', async () => {
  const cwd = freshDirectory();
  const { DMAHEAP_SESSION: _, ...env } = process.env;
  const now = (...words: readonly string[]) =>
    spawnSync(process.execPath, [COMMAND, ...words], { cwd, env, encoding: 'utf8' });
  spawnSync('mkfifo', [join(cwd, 'pipe')]);
  now('boot', BOARD, '--memory', '0x40000000:5G', '--nofile', '1000000');
  now('alloc', 'system', '2G', '--count', '2');
  let lost = 0;
  for (const { words, after = 200, unread } of CASES) {
    const child = spawn(process.execPath, [COMMAND, ...words], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
    if (unread !== true) child.stdout.resume();
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => {
      stderr += String(data);
    });
    const ended = new Promise<readonly [number | null, NodeJS.Signals | null, number]>((resolve) => {
      child.on('exit', (code, signal) => resolve([code, signal, Date.now()]));
    });
    await new Promise((resolve) => setTimeout(resolve, after));
    const pressed = Date.now();
    const running = child.exitCode === null;
    child.kill('SIGINT');
    // One that comes while Node takes its handler away is lost, with nothing that a program could do: people press
    // again. Seen about once in a thousand on a busy machine.
    const again = setTimeout(() => {
      lost++;
      child.kill('SIGINT');
    }, 1200);
    const [code, signal, at] = await ended;
    clearTimeout(again);
    child.stdout.destroy();
    expect([words, running, code ?? signal], stderr).toEqual([
      words,
      true,
      expect.toBeOneOf([130, 'SIGINT']),
    ]);
    // Half a second, and more where many tests run at once.
    expect([words, at - pressed < 2500]).toEqual([words, true]);
    expect(stderr).not.toMatch(/^ +at |bug in dmaheap/m);
  }
  expect(lost).toBeLessThanOrEqual(1);
  expect(now('session', 'info').status).toBe(0);
  expect(now('buffers', '--json').stdout).toContain('"fds"');
  expect(now('free', '4', '5').status).toBe(0);
  expect(readdirSync(cwd).filter((file) => /\.new$|whole|big\.dtb/.test(file))).toEqual([]);
});
