import { expect, test } from 'vitest';
import { errorJson, errorText } from '../../src/cli/explain/report.ts';
import { BootPanic, CallFailed, UsageError } from '../../src/cli/failures.ts';
import { jsonText } from '../../src/cli/json/json-text.ts';
import type { Failure } from '../../src/dma-buf/failure.ts';
import type { LogLine } from '../../src/printk.ts';

const line = (text: string, suppressed = false): LogLine => ({
  seq: 0,
  level: 3,
  time: 0,
  text,
  ...(suppressed && { suppressed }),
});

const WHYS: readonly Failure[] = [
  {
    kind: 'cma-no-room',
    pageSize: 4096,
    area: 'video-cma@60000000',
    pages: 16384n,
    alignPages: 256,
    freePages: 16128,
    totalPages: 24576,
    largestRun: 8192,
    largestAlignedRun: 7936,
  },
  {
    kind: 'cma-no-room',
    pageSize: 4096,
    area: 'a',
    pages: 1n,
    alignPages: 1,
    freePages: 0,
    totalPages: 8,
    largestRun: 0,
    largestAlignedRun: 0,
  },
  {
    kind: 'coherent-no-room',
    pageSize: 4096,
    pool: 'npu',
    pages: 300n,
    blockPages: 512n,
    freePages: 384,
    totalPages: 384,
    largestBlock: 256,
  },
  { kind: 'system-oom', pageSize: 4096, pages: 1n << 40n, freePages: 9 },
  { kind: 'no-such-heap', name: 'vpu', known: ['system', 'vpu@50000000'] },
  { kind: 'no-such-heap', name: 'x', known: [] },
  { kind: 'bad-descriptor', fd: 9 },
  { kind: 'descriptor-limit', limit: 1024 },
  { kind: 'access-mode', flags: 0 },
  { kind: 'access-mode', flags: 3 },
  { kind: 'bad-argument', argument: 'len', value: 0n },
  { kind: 'bad-argument', argument: 'len', value: (1n << 64n) - 1n },
  { kind: 'bad-argument', argument: 'fd', value: 3n },
  { kind: 'bad-argument', argument: 'fd_flags', value: 0x800n },
  { kind: 'bad-argument', argument: 'heap_flags', value: 1n },
  { kind: 'no-such-attachment', attachment: 9 },
  { kind: 'attachment-of-other', attachment: 1, device: 'gpu', owner: 'isp' },
  { kind: 'attachment-mapped', attachment: 1, direction: 'DMA_FROM_DEVICE' },
  { kind: 'attachment-not-mapped', attachment: 1 },
  { kind: 'no-dma', device: 'gpu', attached: false, task: 'shell', fd: 4 },
  { kind: 'no-dma', device: 'gpu', attached: true, task: 'app', fd: 4 },
  { kind: 'dma-past-end', device: 'gpu', offset: 8193n, size: 8192n },
  { kind: 'device-in-use', device: 'gpu', attachments: 2 },
  { kind: 'empty-mapping' },
  { kind: 'misaligned-offset', offset: 5n, page: 4096n },
  { kind: 'past-end', of: 'buffer', offset: 0n, length: 12288n, size: 8192n },
  { kind: 'past-end', of: 'range', offset: 8n, length: 1n, size: 8n, stored: 8n },
  { kind: 'no-private-mapping' },
  { kind: 'no-exec' },
  { kind: 'not-mapped', addr: 0xfffff7ff8000n },
  { kind: 'frame-mapping' },
  { kind: 'no-room-beside' },
  { kind: 'bad-argument', argument: 'addr', value: 5n },
];

test('the reason of every kind of failure, in words', () => {
  const texts = WHYS.map((why) => errorText(new CallFailed([{ what: 'alloc: h', errno: 'ENOMEM', why }])));
  expect(texts.map((text) => text.replace(/^.*\n/, '')).join('')).toMatchSnapshot();
});

test('a failed call as JSON: kernel spelling, numbers that survive, every further call', () => {
  const [why] = WHYS;
  const error = new CallFailed([
    { what: 'alloc: h', errno: 'ENOMEM', ...(why && { why }), log: [line('cma: no')], done: { fds: [4] } },
    { what: 'free: 9', errno: 'EBADF' },
  ]);
  expect(JSON.parse(jsonText(errorJson(error)))).toMatchObject({
    schema: 'dmaheap.error/1',
    error: {
      errno: 'ENOMEM',
      number: 12,
      why: { kind: 'cma-no-room', pages: 16384, largest_aligned_run: 7936 },
    },
    more: [{ errno: 'EBADF', number: 9, why: null }],
    fds: [4],
  });
  expect(jsonText({ value: (1n << 64n) - 1n, small: 5n })).toBe(
    '{\n  "value": "0xffffffffffffffff",\n  "small": 5\n}\n',
  );
});

test('what a rate limit dropped is counted, not shown', () => {
  const log = [line('shown'), line('dropped', true), line('dropped', true)];
  const text = errorText(new CallFailed([{ what: 'alloc: h', errno: 'ENOMEM', log }]));
  expect(text).toContain('] shown\n(2 more lines dropped');
  expect(text).not.toContain('] dropped');
});

test('a panic is its log', () => {
  const log = [line('Kernel panic - not syncing: died')];
  const panic = new BootPanic({ panic: 'died', warnings: [] }, log);
  expect(errorText(panic)).toBe('[    0.000000] Kernel panic - not syncing: died\n');
  expect(errorJson(panic)).toMatchObject({
    error: { code: 'panic', log: [{ level: 3 }] },
  });
});

test('usage with a hint; a bug with its stack and a request', () => {
  expect(errorText(new UsageError('free what?', 'Give --all'))).toBe('error: free what?\n  Give --all\n');
  const bug = new RangeError('off by one');
  expect(errorText(bug)).toContain(bug.stack ?? '?');
  expect(errorText(bug)).toContain('Please report it');
  expect(errorJson(bug)).toMatchObject({ error: { code: 'bug', message: 'off by one' } });
});
