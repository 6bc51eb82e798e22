import { expect, test } from 'vitest';
import { renderBuffer, renderBuffers } from '../../../src/cli/render/buffers.ts';
import { renderDiagnostic } from '../../../src/cli/render/diagnostic.ts';
import { renderHeap, renderHeaps } from '../../../src/cli/render/heaps.ts';
import { renderLogLine, splitLog } from '../../../src/cli/render/log.ts';
import { renderRegions } from '../../../src/cli/render/regions.ts';
import { sizeExact } from '../../../src/cli/render/size.ts';
import type { Ink } from '../../../src/cli/terminal/ink.ts';
import { BUFFERS, HEAPS, REGIONS } from './views.ts';

test('tables of heaps, regions and buffers', () => {
  expect(renderHeaps(HEAPS)).toMatchSnapshot();
  expect(renderRegions(REGIONS)).toMatchSnapshot();
  expect(renderBuffers(BUFFERS)).toMatchSnapshot();
});

test('one buffer, one heap of each backend', () => {
  for (const buffer of BUFFERS) expect(renderBuffer(buffer)).toMatchSnapshot();
  for (const heap of HEAPS) {
    const region = REGIONS.find(({ name }) => name === heap.region);
    expect(
      renderHeap(
        heap,
        region,
        BUFFERS.filter((buffer) => buffer.heap === heap.name),
        heap.backend === 'cma' ? [{ pfn: 0x60800, pages: 14336 }] : [],
      ),
    ).toMatchSnapshot();
  }
});

test('nothing to list is said in words', () => {
  expect(renderBuffers([])).toBe('There are no buffers.\n');
  expect(renderRegions([])).toMatch(/no \/reserved-memory regions/);
});

test('no line ends in a blank, and colour changes nothing but colour', () => {
  const paint = (text: string) => `\x1b[1m${text}\x1b[0m`;
  const ink: Ink = { hue: (_, text) => paint(text), title: paint, bad: paint, warn: paint, dim: paint };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: taking the colours out again
  const bare = (text: string) => text.replaceAll(/\x1b\[\d+m/g, '');
  const renderings = [
    (i?: Ink) => renderHeaps(HEAPS, i),
    (i?: Ink) => renderRegions(REGIONS, i),
    (i?: Ink) => renderBuffers(BUFFERS, i),
  ];
  for (const render of renderings) {
    expect(render()).not.toMatch(/ $/m);
    expect(render(ink)).not.toBe(render());
    expect(bare(render(ink))).toBe(render());
  }
});

test('log lines as dmesg prints them', () => {
  const line = { seq: 3, level: 3, time: 12_345_678_901, text: 'cma: \x1b[31mred' } as const;
  expect(renderLogLine(line)).toBe('[   12.345678] cma: \\x1b[31mred');
  expect(renderLogLine(line, true)).toBe('<3>[   12.345678] cma: \\x1b[31mred');
  expect(splitLog([line, { ...line, suppressed: true }])).toEqual({ shown: [line], dropped: 1 });
});

test('diagnostics say where, and nothing twice', () => {
  const base = { code: 'x', severity: 'error', message: 'size is no size' } as const;
  expect(renderDiagnostic(base)).toBe('error: size is no size\n');
  expect(
    renderDiagnostic({
      ...base,
      position: { file: 'a.yaml', line: 3, column: 7 },
      path: '/memory',
      hint: 'write 64M',
    }),
  ).toBe('a.yaml:3:7: error: /memory: size is no size\n  write 64M\n');
  const blob = { file: 'a.dtb', offset: 0x38 };
  expect(renderDiagnostic({ ...base, position: blob })).toBe(
    'a.dtb: error: size is no size (byte offset 0x38)\n',
  );
  const message = 'cut (byte offset 0x38, in node /soc)';
  expect(renderDiagnostic({ ...base, message, position: blob, path: '/soc' })).toBe(
    `a.dtb: error: ${message}\n`,
  );
});

test.each([
  [8388608n, '8 MiB (8388608)'],
  [300n * 1024n, '300 KiB (307200)'],
  [100n, '100 B'],
  [0n, '0 B'],
])('%d bytes are %s', (bytes, text) => {
  expect(sizeExact(bytes)).toBe(text);
});
