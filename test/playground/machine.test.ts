/** What a page does with what it is given: boots it, makes steps, and gives commands and a scenario that do the same. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { InvalidInput } from '../../src/diagnostic.ts';
import { boardFromTree, compileSource, decodeDtb } from '../../src/index.ts';
import { checkedBoard } from '../../src/playground/checked-board.ts';
import { equalCommands } from '../../src/playground/equal-commands.ts';
import { Machine } from '../../src/playground/machine.ts';
import type { PageInputs, PageStep } from '../../src/playground/page-inputs.ts';
import { pageScenario } from '../../src/playground/page-scenario.ts';
import { prepareScenario, readScenario, runScenario } from '../../src/scenario/index.ts';
import { sha256 } from '../../src/session/kept-bytes.ts';
import { shellWord } from '../../src/shell-word.ts';
import { projectPath } from '../small-board.ts';

const inputsOf = (file: string, bytes: Uint8Array | string, steps: readonly PageStep[] = []): PageInputs => ({
  file,
  bytes: typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes,
  steps,
});
const fixture = (path: string) => readFileSync(projectPath(`fixtures/${path}`));
const CAMERA = fixture('boards/camera-soc.dts');
const heapsOf = (inputs: PageInputs) => new Machine(inputs).kernel?.heaps().map(({ name }) => name);
const codes = (inputs: PageInputs): readonly string[] => {
  try {
    new Machine(inputs);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error.diagnostics.map(({ code }) => code);
  }
};

const STEPS: readonly PageStep[] = [
  { do: 'alloc', heap: 'video-cma@60000000', size: 12n << 20n, name: 'frame' },
  { do: 'alloc', heap: 'video-cma@60000000', size: 80n << 20n },
  { do: 'alloc', heap: 'system', size: 4096n },
  { do: 'free', fd: 4 },
  { do: 'alloc', heap: 'nothing', size: 4096n },
];

describe('what is given', () => {
  test('is told apart by what it holds', () => {
    const heaps = heapsOf(inputsOf('pasted', CAMERA));
    expect(heaps).toHaveLength(6);
    expect(heapsOf(inputsOf('pasted', fixture('boards/camera-soc.dtb')))).toEqual(heaps);
    expect(heapsOf(inputsOf('pasted', fixture('boards/camera-soc.yaml')))).toEqual(heaps);
    const log = new Machine(inputsOf('pasted', fixture('reconstruct/dmesg-as-board.txt')));
    expect(log.given).toMatchObject({ what: 'a kernel log', reconstructed: {} });
    expect(log.findings.length).toBeGreaterThan(0);
    expect(log.kernel?.heaps().length).toBeGreaterThan(0);
  });

  test('is refused by name where it is no board', () => {
    expect(codes(inputsOf('empty', ''))).toEqual(['file-empty']);
    expect(codes(inputsOf('picture.png', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 1, 2)))).toEqual([
      'other-format',
    ]);
    expect(codes(inputsOf('words.txt', 'nothing here\nsays anything\n'))).toEqual(['nothing-to-reconstruct']);
    expect(codes(inputsOf('a.yaml', 'board: x.dtb\nsteps: []\n'))).toEqual(['other-format']);
    expect(codes(inputsOf('o.dtso', fixture('boards/run-time.dtso')))).toEqual(['is-an-overlay']);
    expect(codes(inputsOf('b.dts', '/dts-v1/;\n/ { };\n'))).toContain('board-no-memory');
  });

  test('boots with the kernel and the command line of the page', () => {
    const machine = new Machine({ ...inputsOf('b.dts', CAMERA), kernel: '6.12', cmdline: 'cma=16M' });
    expect(machine.kernel?.info()).toMatchObject({ cmdline: 'cma=16M' });
    expect(machine.kernel?.info().banner).toMatch(/^Linux 6\.12\./);
  });

  test('is checked as dmaheap check does', () => {
    expect(checkedBoard(inputsOf('b.dts', CAMERA))).toMatchObject([
      { check: 'pool-rounding', severity: 'note', line: 67 },
    ]);
  });
});

describe('steps', () => {
  const machine = new Machine(inputsOf('camera-soc.dts', CAMERA, STEPS));

  test('answer as the kernel does, with reasons', () => {
    expect(machine.done).toMatchObject([
      { fd: 4, phys: 0x60000000n },
      { errno: 'ENOMEM' },
      { fd: 5 },
      { step: { do: 'free', fd: 4 } },
      { errno: 'ENOENT' },
    ]);
    expect(machine.done[1]?.reasons[0]).toMatch(/^20480 pages \(80 MiB\) asked/);
    expect(machine.done[1]?.log.map(({ text }) => text).join('\n')).toContain('alloc failed');
    expect(machine.buffers().map(({ fds }) => fds[0]?.fd)).toEqual([5]);
  });

  test('are commands', () => {
    expect(equalCommands(inputsOf('camera-soc.dts', CAMERA), machine.given, STEPS)).toEqual([
      'dmaheap boot camera-soc.dts',
      'dmaheap list',
      'dmaheap regions',
      'dmaheap check camera-soc.dts',
      'dmaheap alloc --name=frame video-cma@60000000 12M',
      'dmaheap alloc video-cma@60000000 80M',
      'dmaheap alloc system 4K',
      'dmaheap free 4',
      'dmaheap alloc nothing 4K',
    ]);
  });

  test('are a scenario that passes', async () => {
    const text = pageScenario(machine);
    const loadBoard = () =>
      boardFromTree(
        compileSource({ path: 'b.dts', text: CAMERA.toString() }, { readFile: () => undefined }).tree,
        'b.dts',
      );
    const files = { loadBoard, readFile: () => new Uint8Array(), sha256 };
    const report = await runScenario(await prepareScenario(readScenario(text, 'page.yaml'), files), {});
    expect(text).toContain('board: camera-soc.dts\n');
    expect(report.failures).toEqual([]);
    expect(report.steps).toBe(5);
  });

  test('of a log are a scenario with the blob that was made of it', () => {
    const { given } = new Machine(inputsOf('my log.txt', fixture('reconstruct/dmesg-as-board.txt')));
    expect(given.kept.file).toBe('my log.dtb');
    expect(decodeDtb(given.kept.bytes, 'kept').root.children.length).toBeGreaterThan(0);
  });
});

test('words of commands survive a shell, and repaint no terminal', () => {
  expect(shellWord('video-cma@60000000')).toBe('video-cma@60000000');
  expect(shellWord("it's; rm -rf $HOME")).toBe(`'it'\\''s; rm -rf $HOME'`);
  expect(shellWord('a\u202eb\n')).toBe(`$'a\\xe2\\x80\\xaeb\\x0a'`);
  expect(shellWord('-n')).toBe("'-n'");
  expect(shellWord('')).toBe("''");
});
