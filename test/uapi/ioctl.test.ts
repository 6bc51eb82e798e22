import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DMA_BUF_SET_NAME_A, DMA_BUF_SET_NAME_B } from '../../src/uapi/dma-buf.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  DMA_HEAP_VALID_FD_FLAGS,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../../src/uapi/dma-heap.ts';
import { ioc, iocDir, iocNr, iocSize, iocType } from '../../src/uapi/ioctl.ts';

describe('request numbers', () => {
  it('are those of the headers', () => {
    expect(DMA_HEAP_IOCTL_ALLOC).toBe(0xc0184800);
    expect(DMA_BUF_SET_NAME_A).toBe(0x40046201);
    expect(DMA_BUF_SET_NAME_B).toBe(0x40086201);
    expect(DMA_HEAP_VALID_FD_FLAGS).toBe(0o2000003);
  });

  it('come apart into what they were made of', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.nat(255), fc.nat(255), fc.nat(0x3fff), (direction, type, nr, size) => {
        const request = ioc(direction, type, nr, size);
        expect(request).toBeGreaterThanOrEqual(0);
        expect([iocDir(request), iocType(request), iocNr(request), iocSize(request)]).toEqual([
          direction,
          type,
          nr,
          size,
        ]);
      }),
    );
  });
});

describe('struct dma_heap_allocation_data', () => {
  it('is 24 little-endian bytes', () => {
    const bytes = encodeDmaHeapAllocationData({
      len: 0x1122334455667788n,
      fd: 0x01020304,
      fd_flags: 0xffffffff,
      heap_flags: 1n << 63n,
    });
    expect(Buffer.from(bytes).toString('hex')).toBe('887766554433221104030201ffffffff0000000000000080');
  });

  it('decodes what it encodes, at any offset of a buffer', () => {
    const u32 = fc.nat(0xffffffff);
    const u64 = fc.bigInt(0n, (1n << 64n) - 1n);
    fc.assert(
      fc.property(
        fc.record({ len: u64, fd: u32, fd_flags: u32, heap_flags: u64 }),
        fc.nat(9),
        (data, offset) => {
          const larger = new Uint8Array(40);
          larger.set(encodeDmaHeapAllocationData(data), offset);
          expect(decodeDmaHeapAllocationData(larger.subarray(offset))).toEqual(data);
        },
      ),
    );
  });
});
