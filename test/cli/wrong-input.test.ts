/** Every kind of file that people have at hand, given to every command that reads one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectPath } from '../small-board.ts';
import { type Answer, dmaheap } from './in-process.ts';

const CAMERA = projectPath('fixtures/boards/camera-soc');
const MIPS = `/dts-v1/;
/ { #address-cells = <1>; #size-cells = <1>; memory@40000000 { device_type = "memory"; reg = <0x40000000 0x10000000>; };
    cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { reg = <0>; compatible = "mips,mips24KEc"; }; }; };
`;
const FILES: Readonly<Record<string, string | Uint8Array>> = {
  'scenario.yaml': 'board: mips.dts\nsteps:\n  - alloc: { heap: system, size: 4K }\n',
  'board.yaml': 'model: x\nmemory:\n  reg: [0x40000000, 1G]\n',
  'mips.dts': MIPS,
  'dmesg.txt':
    '[    0.000000] Booting Linux on physical CPU 0x0\n[    0.000000] Linux version 7.3\n[    0.000000] cma: Reserved 32 MiB at 0x7e000000\n',
  'journal.txt':
    'Nov 29 08:47:57 target kernel: [    0.000000] Booting Linux\nNov 29 08:47:57 target kernel: [    0.000000] cma: Reserved\n',
  iomem: '40000000-4effffff : System RAM\n  40200000-4172cfff : Kernel code\n4f000000-4f0fffff : reserved\n',
  meminfo: 'MemTotal:        1000000 kB\nMemFree:          900000 kB\n',
  config:
    '#\n# Automatically generated file; DO NOT EDIT.\n#\nCONFIG_CMA=y\n# CONFIG_EFI is not set\nCONFIG_CMA_SIZE_MBYTES=32\n',
  'board.dtb.gz': gzipSync('a board'),
  vmlinux: Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0]),
};

let place = '';
const origin = process.cwd();
const run = (words: readonly string[]): Promise<Answer> => dmaheap(words, {}, { cwd: place });

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'dmaheap-kinds-'));
  process.chdir(place);
  for (const [name, content] of Object.entries(FILES)) writeFileSync(name, content);
  for (const words of [
    ['--session', 'made', 'boot', `${CAMERA}.dtb`],
    ['--session', 'made', 'alloc', 'system', '4K'],
    ['--session', 'made', 'export', '--bundle', 'bundle.tar.gz'],
    ['dt', `${CAMERA}.dtb`, '-o', 'board.dts'],
    ['dt', `${CAMERA}.dtb`, '-O', 'dtb', '-o', 'board.dtb'],
  ]) {
    expect(await run(words)).toMatchObject({ code: 0 });
  }
});
afterAll(() => {
  process.chdir(origin);
  rmSync(place, { recursive: true, force: true });
});

const BOARDS = ['boot', 'dt', 'list --board', 'regions --board'];
const SCENARIOS = ['run', 'replay'];

test.each([
  ['scenario.yaml', BOARDS, 'is a scenario, not a board', 'dmaheap run scenario.yaml'],
  ['bundle.tar.gz', BOARDS, 'is a bundle, or another archive, not a board', 'dmaheap replay bundle.tar.gz'],
  [
    'bundle.tar.gz',
    ['run'],
    'is a bundle, or another archive, not a scenario',
    'dmaheap replay bundle.tar.gz',
  ],
  ['board.yaml', SCENARIOS, 'is a YAML board, not a scenario', 'dmaheap boot board.yaml'],
  ['board.dts', SCENARIOS, 'is device-tree source, not a scenario', 'dmaheap boot board.dts'],
  ['board.dtb', SCENARIOS, 'is a device-tree blob, not a scenario', 'dmaheap boot board.dtb'],
  ['dmesg.txt', [...BOARDS, ...SCENARIOS], 'is a kernel log, not a', 'dmaheap reconstruct dmesg.txt'],
  ['journal.txt', [...BOARDS, ...SCENARIOS], 'is a kernel log, not a', 'dmaheap reconstruct journal.txt'],
  ['iomem', [...BOARDS, ...SCENARIOS], 'is a copy of /proc/iomem, not a', 'dmaheap reconstruct iomem'],
  ['meminfo', [...BOARDS, ...SCENARIOS], 'is a copy of /proc/meminfo, not a', 'dmaheap reconstruct meminfo'],
  ['config', [...BOARDS, ...SCENARIOS], 'is a kernel configuration, not a', '--config CMA_SIZE_MBYTES=64'],
  ['board.dtb.gz', [...BOARDS, 'run'], 'is a gzip file, not a', 'gunzip board.dtb.gz'],
  ['vmlinux', [...BOARDS, ...SCENARIOS], 'an ELF file', 'extract'],
])('%s is told to %j', async (file, commands, what, hint) => {
  for (const command of commands) {
    const answer = await run([...command.split(' '), file]);
    expect(answer, command).toMatchObject({ code: 3, stdout: '' });
    expect(answer.stderr, command).toContain(what);
    expect(answer.stderr, command).toContain(hint);
    expect(answer.stderr.split('\n').length, command).toBeLessThan(6);
  }
});

test('a board of an architecture that is not modelled is refused by whatever boots one, and is a tree to dt all the same', async () => {
  for (const words of [
    ['boot', 'mips.dts'],
    ['list', '--board', 'mips.dts'],
    ['regions', '--board', 'mips.dts'],
    ['run', 'scenario.yaml'],
    ['run', 'scenario.yaml', '--board', 'mips.dts'],
    ['replay', 'scenario.yaml'],
    ['replay', 'bundle.tar.gz', '--board', 'mips.dts'],
  ]) {
    expect(await run(words), words.join(' ')).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('this is a MIPS board; only arm64, arm, riscv64, x86_64 are modelled'),
    });
  }
  expect(await run(['dt', 'mips.dts'])).toMatchObject({ code: 0 });
});
