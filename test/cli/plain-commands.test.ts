import { expect, test } from 'vitest';
import { plainCommands } from './plain-commands.ts';

test.each([
  ['dmaheap', []],
  ['dmaheap alloc system 4K --name frame', ['alloc', 'system', '4K', '--name', 'frame']],
  [`dmaheap alloc 'a b;c' --name=it"s x" ""`, ['alloc', 'a b;c', '--name=its x', '']],
  ['dmaheap dump @0x60000000:16 --input a/b-c.raw', ['dump', '@0x60000000:16', '--input', 'a/b-c.raw']],
])('words that mean themselves: %s', (line, words) => {
  expect(plainCommands(line)).toEqual([{ words, out: true, err: true, stops: false }]);
});

test('commands one after another, and what of them is seen', () => {
  expect(plainCommands('dmaheap a >/dev/null 2>&1; dmaheap b >/dev/null && dmaheap c')).toEqual([
    { words: ['a'], out: false, err: false, stops: false },
    { words: ['b'], out: false, err: true, stops: true },
    { words: ['c'], out: true, err: true, stops: false },
  ]);
});

test.each([
  'dmaheap list | jq .',
  'dmaheap list >out',
  'dmaheap list >/dev/null2',
  'dmaheap list 2>/dev/null',
  'dmaheap list && true',
  'dmaheap list || dmaheap list',
  'dmaheap list &',
  'dmaheap list;',
  'dmaheap list "$PWD"',
  'dmaheap list $PWD',
  'dmaheap list *.dtb',
  'dmaheap list ~/a',
  'dmaheap list `pwd`',
  'dmaheap list \\x',
  "dmaheap list 'x",
  'dmaheap list\ndmaheap list',
  'A=1 dmaheap list',
  'dmaheap-other list',
  'printf x',
  // These read what stands on standard input.
  'dmaheap boot -',
  'dmaheap list && dmaheap write 4',
])('a line for a shell: %s', (line) => {
  expect(plainCommands(line)).toBeUndefined();
});
