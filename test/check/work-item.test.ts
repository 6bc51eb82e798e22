/** A workload's words: what can be read in two ways is refused. */
import { expect, test } from 'vitest';
import { readWorkItem } from '../../src/check/fit-workload.ts';

test.each(['0x1M@h', '0x1920x1080:NV12@h', '0x64K@h', '0X4K@h'])('%s is refused', (text) => {
  expect(readWorkItem(text)).toHaveProperty('problem');
});

test.each([
  ['0x1000@h', 1, 0x1000n],
  ['2x0x1000@h', 2, 0x1000n],
  ['2x1M@h', 2, 0x100000n],
])('%s is read', (text, count, bytes) => {
  expect(readWorkItem(text)).toMatchObject({ count, buffers: [bytes] });
});
