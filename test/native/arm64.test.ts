/** The preloaded carrier of arm64, in programs that qemu-user runs: to the server they are processes of another machine. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nativeParts } from '../../src/exec/native-build.ts';
import { projectPath } from '../small-board.ts';
import { compile, hasCompiler, hasTool } from './native-programs.ts';
import { dmaheap } from './run-exec.ts';

const BOARD = projectPath('fixtures/oracle/boards/mixed.dtb');
const QEMU = 'qemu-aarch64';
const CC = 'aarch64-linux-gnu-gcc';
/** Where the cross compiler has the loader and the C library. */
const LIBRARIES = '/usr/aarch64-linux-gnu';
const source = (name: string): string => projectPath(`test/native/programs/${name}.c`);
const place = mkdtempSync(join(tmpdir(), 'dmaheap-arm64-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));

const isHere = process.arch === 'x64' && hasTool(QEMU) && hasCompiler('arm64');

describe.skipIf(!isHere)('a program of arm64', () => {
  let native = '';
  beforeAll(async () => {
    native = await nativeParts(projectPath('.'), { ...process.env, CC, XDG_CACHE_HOME: place }, () => {});
  });

  /** Runs it as a process of a run that goes on meanwhile. qemu itself must not have the carrier of the host. */
  const run = (name: string): Promise<string> => {
    const words = ['exec', '--board', BOARD, '--kernel', '7.3', '--', 'sh', '-c', 'env; echo; read end'];
    const child = spawn(process.execPath, [projectPath('bin/dmaheap.cjs'), ...words], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    return new Promise((resolve, reject) => {
      let said = '';
      child.on('error', reject);
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (!said.endsWith('\n\n')) return;
        const lines = said.split('\n').filter((line) => line.startsWith('DMAHEAP_EXEC'));
        const env = Object.fromEntries(lines.map((line) => line.split('=', 2)));
        delete env.DMAHEAP_EXEC_FROM;
        const own = { ...env, DMAHEAP_EXEC_TASK: 'guest', DMAHEAP_EXEC_DIR: native };
        const carrier = `LD_PRELOAD=${join(native, 'carrier-glibc.so')}`;
        const { status, signal, stdout } = spawnSync(
          QEMU,
          ['-L', LIBRARIES, '-E', carrier, compile(source(name), 'arm64')],
          { env: { PATH: process.env.PATH, ...own }, encoding: 'utf8' },
        );
        child.stdin.end('\n');
        child.on('close', () => resolve(`${stdout}${signal ?? status}`));
      });
    });
  };

  it.each(['capture', 'closes', 'lists', 'few-descriptors', 'paths'])(
    '%s answers as on the host',
    async (name) => {
      const host = await dmaheap(['exec', '--board', BOARD, '--kernel', '7.3', '--', compile(source(name))]);
      expect(await run(name)).toBe(`${host.stdout}${host.code}`);
    },
  );
});
