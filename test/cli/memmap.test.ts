/** `memmap`: what is drawn, for whom, and which part. The pictures are files below golden/. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { projectPath } from '../small-board.ts';
import { collecting, dmaheap } from './in-process.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'dmaheap-memmap-'));
  writeFileSync(join(dir, 'wide.dts'), WIDE);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** 8 GiB in two ranges, and 20 regions of a few MiB. */
const WIDE = `/dts-v1/;
/ {
	#address-cells = <2>; #size-cells = <2>; compatible = "test,wide";
	memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x80000000>, <8 0x80000000 1 0x80000000>; };
	reserved-memory {
		#address-cells = <2>; #size-cells = <2>; ranges;
${Array.from(
  { length: 10 },
  (
    _,
    n,
  ) => `		core-${n}@9${n}000000 { compatible = "shared-dma-pool"; reg = <0 0x9${n}000000 0 0x100000>; no-map; };
		fw-${n}@9${n}100000 { reg = <0 0x9${n}100000 0 0x${n + 1}00000>; no-map; };
`,
).join('')}	};
};
`;

const oracle = (name: string): string => projectPath(`fixtures/oracle/boards/${name}`);
const MIXED = oracle('mixed.dtb');
const K3 = oracle('real-k3-am625-verdin-nonwifi-dahlia-dsi-to-hdmi.dtb');

type Words = readonly string[];
const run = (words: Words, env: Readonly<Record<string, string>> = {}) =>
  dmaheap(words, {}, { env, cwd: dir });

/** A terminal that shows what is written to it. */
function terminal() {
  const { sink, text } = collecting();
  const out = (data: string | Uint8Array) => {
    sink(Buffer.from(data), 0);
  };
  return {
    text,
    streams: { out, err: () => {}, outIsTerminal: true, errIsTerminal: true, outColumns: 80, outRows: 24 },
  };
}

describe('the picture', () => {
  const boards = { mixed: MIXED, 'cma-many': oracle('cma-many.dtb'), 'k3-am625': K3, 'wide-8g': 'wide.dts' };
  for (const [name, file] of Object.entries(boards)) {
    for (const width of ['80', '200']) {
      test(`of ${name} at ${width} columns`, async () => {
        const board = file === 'wide.dts' ? join(dir, file) : file;
        const { stdout, code } = await run(['memmap', '--board', board], { COLUMNS: width, LANG: 'C.UTF-8' });
        expect(code).toBe(0);
        const longest = Math.max(...stdout.split('\n').map((line) => line.length));
        expect(longest).toBeLessThanOrEqual(Number(width));
        await expect(stdout).toMatchFileSnapshot(`golden/memmap-${name}-${width}.txt`);
      });
    }
  }

  test('of an area before and after it aged, with buffers by task and name', async () => {
    const at = (...words: readonly string[]) =>
      run(['--session', 'aged', ...words], { COLUMNS: '80', LANG: 'C.UTF-8' });
    await at('boot', MIXED);
    await at('--task', 'camera', 'alloc', 'video-cma@60000000', '4M', '--count', '3');
    await at('--task', 'camera', 'name', '4', 'frame 0');
    await at('free', '5', '--task', 'camera');
    const before = await at('memmap', 'video-cma@60000000');
    await expect(before.stdout).toMatchFileSnapshot('golden/memmap-before-age.txt');
    await at('age', 'video-cma@60000000', '--steps', '150', '--seed', '3');
    const after = await at('memmap', 'video-cma@60000000');
    await expect(after.stdout).toMatchFileSnapshot('golden/memmap-after-age.txt');
  });

  test('in a locale without Unicode has ASCII alone', async () => {
    const { stdout } = await run(['memmap', '--board', MIXED], { COLUMNS: '80', LANG: 'C' });
    expect(stdout).toMatch(/^[\n -~]*$/);
    await expect(stdout).toMatchFileSnapshot('golden/memmap-mixed-ascii.txt');
  });

  test('has colours on a terminal, and the same letters without', async () => {
    const env = { COLUMNS: '80', LANG: 'C.UTF-8', TERM: 'xterm' };
    const [coloured, plain] = [terminal(), terminal()];
    await dmaheap(['memmap', '--board', MIXED], {}, { env, cwd: dir, streams: coloured.streams });
    const more = { env: { ...env, NO_COLOR: '1' }, cwd: dir, streams: plain.streams };
    await dmaheap(['memmap', '--board', MIXED], {}, more);
    expect(coloured.text()).toContain('\u001b[36m─');
    expect(plain.text()).not.toContain('\u001b');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are taken away
    expect(coloured.text().replace(/\u001b\[\d+m/g, '')).toBe(plain.text());
  });
});

describe('a part of memory', () => {
  const json = async (...words: readonly string[]) =>
    JSON.parse((await run(['memmap', '--board', MIXED, '--json', ...words])).stdout);

  test('by a heap, a region, an address', async () => {
    expect((await json('video-cma@60000000')).window).toEqual({ base: '0x60000000', size: 64 << 20 });
    expect((await json('secmon@4f000000')).things).toMatchObject([{ kind: 'no-map', size: 1 << 20 }]);
    expect((await json('default_cma_region')).window.base).toBe('0x7e000000');
    const part = await json('--from', '0x60000000', '--to', '0x60003800');
    expect(part.window).toEqual({ base: '0x60000000', size: 0x4000 });
    expect((await json('system')).window).toEqual({ base: '0x40000000', size: 1 << 30 });
  });

  test('has all its pages in things, and what is free in areas', async () => {
    const { things, areas } = await json();
    expect(things.reduce((sum: number, { size }: { size: number }) => sum + size, 0)).toBe(1 << 30);
    expect(areas.find(({ name }: { name: string }) => name === 'vpu-pool@50000000')).toMatchObject({
      heaps: ['vpu-pool@50000000'],
      free: 4 << 20,
      free_runs: 1,
      largest: { base: '0x50000000', size: 4 << 20 },
      largest_request: 4 << 20,
      largest_request_base: '0x50000000',
    });
  });

  test.each([
    [['nope'], /no heap and no region with memory called nope/],
    [['--from', '0x10000000', '--to', '0x20000000'], /there is no memory at 0x10000000\.\.0x20000000/],
    [['--from', '0x60000000', '--to', '0x50000000'], /there is no memory at/],
    [['system', '--from', '0x60000000'], /--from and --to would be ignored/],
    [['--svg', '--json'], /--json would be ignored/],
    [['--watch'], /never changes/],
  ] as const)('%j is wrong usage', async (words, says) => {
    const { code, stderr, stdout } = await run(['memmap', '--board', MIXED, ...words]);
    expect(code).toBe(2);
    expect(`${stderr}${stdout}`).toMatch(says);
  });
});

test('--svg writes a picture into a file, and without one to standard output', async () => {
  const file = join(dir, 'map.svg');
  const written = await run(['memmap', '--board', K3, '--svg', file]);
  expect([written.code, written.stdout]).toEqual([0, '']);
  const text = readFileSync(file, 'utf8');
  expect(text.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true);
  expect(text.endsWith('</svg>\n')).toBe(true);
  expect((await run(['memmap', '--board', K3, '--svg'])).stdout).toBe(text);
  const lost = await run(['memmap', '--board', K3, '--svg', join(dir, 'no', 'map.svg')]);
  expect([lost.code, lost.stderr]).toEqual([3, expect.stringContaining('ENOENT')]);
});

describe('--watch', () => {
  const wait = async (until: () => boolean) => {
    for (let i = 0; i < 400 && !until(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  test('draws again when the session has changed, over the picture before, and leaves the terminal as it was', async () => {
    await run(['--session', 'watched', 'boot', MIXED]);
    const { text, streams } = terminal();
    let press = () => {};
    const interrupts = (stop: () => void) => {
      press = stop;
      return () => {};
    };
    const watching = dmaheap(
      ['--session', 'watched', 'memmap', '--watch', 'video-cma@60000000'],
      {},
      {
        env: { TERM: 'xterm' },
        cwd: dir,
        streams,
        interrupts,
      },
    );
    const frames = () => text().split('\u001b[?2026h').length - 1;
    await wait(() => frames() === 1);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(frames()).toBe(1);
    await run(['--session', 'watched', 'alloc', 'video-cma@60000000', '2M']);
    await wait(() => frames() === 2);
    press();
    expect((await watching).code).toBe(130);
    expect(frames()).toBe(2);
    expect(text().startsWith('\u001b[?1049h\u001b[?25l')).toBe(true);
    expect(text().endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
    // Wiped once, at the beginning: what is written over does not flicker.
    expect(text().split('\u001b[2J')).toHaveLength(2);
    expect(text().split('\u001b[?2026h')[2]).toContain('shell');
  });

  test('in a pipe prints one picture after the other', async () => {
    await run(['--session', 'piped', 'boot', MIXED]);
    const { sink, text } = collecting();
    let press = () => {};
    const interrupts = (stop: () => void) => {
      press = stop;
      return () => {};
    };
    const watching = dmaheap(
      ['--session', 'piped', 'memmap', '--watch'],
      { out: sink },
      { cwd: dir, interrupts },
    );
    await wait(() => text() !== '');
    await run(['--session', 'piped', 'alloc', 'system', '2M']);
    await wait(() => text().split('Linux 7').length === 3);
    press();
    expect((await watching).code).toBe(130);
    expect(text()).not.toContain('\u001b');
    expect(text().split('\n\nLinux 7')).toHaveLength(2);
  });
});
