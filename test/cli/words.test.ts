import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wantsColour } from '../../src/cli/terminal/ink.ts';
import { renderTable } from '../../src/cli/terminal/table.ts';
import {
  readBufferPart,
  readByte,
  readDescriptor,
  readSeconds,
  readSize,
  readWord,
} from '../../src/cli/words/arguments.ts';
import { readFlags } from '../../src/cli/words/open-flags.ts';
import { didYouMean } from '../../src/devicetree/did-you-mean.ts';
import { escapeJson, escapeText } from '../../src/escape-text.ts';
import { configKeys } from '../../src/profile/config.ts';
import { openFlagsOf } from '../../src/profile/profile.ts';
import { O_CLOEXEC, O_RDWR } from '../../src/uapi/fcntl.ts';

test.each([
  ['plain-name@50000000', 'plain-name@50000000'],
  ['ünïcode 漢', 'ünïcode 漢'],
  ['\x1b[31m', '\\x1b[31m'],
  ['a\nb\tc\0', 'a\\x0ab\\x09c\\x00'],
  ['\u009b2J', '\\x9b2J'],
  ['\u202egnp', '\\u{202e}gnp'],
  ['\ud800', '\\u{d800}'],
])('%j is printed as %s', (text, escaped) => {
  expect(escapeText(text)).toBe(escaped);
});

test('JSON says the same after escaping', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const json = escapeJson(JSON.stringify(text));
      expect(JSON.parse(json)).toBe(text);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
      expect(json).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
    }),
  );
});

const HEAPS = ['system', 'vpu-pool@50000000', 'video-cma@60000000', 'default_cma_region'];

test.each([
  ['sytsem', 'system'],
  ['vpu-pool', 'vpu-pool@50000000'],
  ['vpu-pol', 'vpu-pool@50000000'],
  ['vpu-pool@51000000', 'vpu-pool@50000000'],
  ['default', 'default_cma_region'],
  ['Video-CMA', 'video-cma@60000000'],
  ['something-else', undefined],
  ['', undefined],
])('%j: did you mean %s?', (typed, meant) => {
  expect(didYouMean(typed, HEAPS)).toBe(meant);
});

test.each([
  ['CMA_SIZE', 'CMA_SIZE_MBYTES'],
  ['cma_size', 'CMA_SIZE_MBYTES'],
  ['CMA_SIZE_MB', 'CMA_SIZE_MBYTES'],
  ['DMABUF_HEAPS', 'DMABUF_HEAPS_SYSTEM'],
  ['HEAPS_CMA', 'DMABUF_HEAPS_CMA'],
  ['VA_BITS', 'ARM64_VA_BITS'],
  ['CMA_AREA', 'CMA_AREAS'],
  ['TRANSPARENT', 'TRANSPARENT_HUGEPAGE'],
  ['FOREIGN', undefined],
])('of the options of a kernel %s means %s', (typed, meant) => {
  const keys = configKeys().map((key) => key.slice('CONFIG_'.length));
  expect(didYouMean(typed, keys)).toBe(meant);
});

test('arguments', () => {
  expect(readSize('300K')).toBe(307200n);
  expect(() => readSize('300q')).toThrow('Expected bytes');
  expect(readByte('0xff')).toBe(255);
  // Octal, as <fcntl.h> and /proc have it, for alloc as for scenarios.
  expect(readFlags('02000002')(openFlagsOf('arm64'))).toBe(O_RDWR | O_CLOEXEC);
  expect(() => readFlags('O_RDRW')).toThrow('Expected flags of open(2)');
  expect(() => readByte('256')).toThrow('Expected a byte');
  expect(readSeconds('0.5')).toBe(5e8);
  expect(() => readSeconds('1e9')).toThrow('Expected seconds');
  expect(() => readSeconds('9999999')).toThrow('Expected seconds');
  expect(readWord('0xffffffffffffffff')).toBe((1n << 64n) - 1n);
  expect(() => readWord('18446744073709551616')).toThrow('64-bit');
  expect(() => readDescriptor('-1')).toThrow('not a descriptor');
});

test.each([
  ['4', { fd: 4, offset: 0n }],
  ['4:0x10', { fd: 4, offset: 16n }],
  ['12:4K:1M', { fd: 12, offset: 4096n, length: 1n << 20n }],
])('the part %s', (text, part) => {
  expect(readBufferPart(text, 'read')).toEqual(part);
});

test('parts that are none', () => {
  for (const text of ['', ':', '4:', '4:x', '4:0:', '4:0:1:2'])
    expect(() => readBufferPart(text, 'read')).toThrow();
  expect(() => readBufferPart('4:0:1', 'write')).toThrow('cannot read');
});

test('colour: a terminal that can, and nobody who minds', () => {
  const wish = { terminal: true, refused: false, env: {} };
  expect(wantsColour(wish)).toBe(true);
  expect(wantsColour({ ...wish, terminal: false })).toBe(false);
  expect(wantsColour({ ...wish, refused: true })).toBe(false);
  expect(wantsColour({ ...wish, env: { NO_COLOR: '1' } })).toBe(false);
  expect(wantsColour({ ...wish, env: { NO_COLOR: '' } })).toBe(true);
  expect(wantsColour({ ...wish, env: { TERM: 'dumb' } })).toBe(false);
});

test('tables: widths by the widest cell, numbers to the right', () => {
  const columns = [{ title: 'NAME' }, { title: 'N', right: true }, { title: 'WHERE' }];
  expect(
    renderTable(columns, [
      ['a', '10', 'x'],
      ['longer', '9', ''],
    ]),
  ).toBe('NAME     N  WHERE\na       10  x\nlonger   9\n');
});
