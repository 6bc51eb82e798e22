/** Words for heaps and for DMA_BUF_IOCTL_SYNC: what each reader takes. */
import { describe, expect, it, test } from 'vitest';
import { dmaBufSyncFlags } from '../../src/uapi/dma-buf.ts';
import { heapName, heapNode, isHeapNode } from '../../src/uapi/dma-heap.ts';

test.each(['system', 'heap:system', '/dev/dma_heap/system'])('%s means one heap', (word) => {
  expect(heapName(word)).toBe('system');
  expect(heapNode(word)).toBe('/dev/dma_heap/system');
  expect(isHeapNode(heapNode(word))).toBe(true);
});

test('the name of a heap may have anything in it', () => {
  expect(heapName('linux,cma')).toBe('linux,cma');
  expect(isHeapNode('/dev/dma_heap')).toBe(false);
});

describe('sync in words', () => {
  it('is the flags of <linux/dma-buf.h>', () => {
    expect(dmaBufSyncFlags({ start: true, read: true })).toBe(1);
    expect(dmaBufSyncFlags({ start: true, read: true, write: true })).toBe(3);
    expect(dmaBufSyncFlags({ end: true, write: true })).toBe(6);
  });

  it('says what is missing', () => {
    expect(dmaBufSyncFlags({ read: true })).toBe('phase');
    expect(dmaBufSyncFlags({ start: true, end: true, read: true })).toBe('phase');
    expect(dmaBufSyncFlags({ end: true })).toBe('access');
  });
});
