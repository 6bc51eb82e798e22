import { describe, expect, it } from 'vitest';
import { FileTable } from '../../src/dma-buf/dma-buf.ts';
import { DMA_BUF_SET_NAME_A, DMA_BUF_SET_NAME_B } from '../../src/uapi/dma-buf.ts';
import { bareRecords } from '../pages.ts';
import { alloc, board, bootBoard } from '../small-board.ts';

describe('FileTable', () => {
  it('counts references and hands the file out with the last one', () => {
    const files = new FileTable(bareRecords());
    const id = files.add({ kind: 'stream', flags: 2, count: 1 });
    files.ref(id);
    expect(files.unref(id)).toBeUndefined();
    expect(files.unref(id)).toMatchObject({ kind: 'stream', count: 0 });
    expect(files.get(id)).toBeUndefined();
    expect(() => files.ref(id)).toThrow(`file ${id} is not open`);
  });

  it('never gives a number twice', () => {
    const files = new FileTable(bareRecords());
    const first = files.add({ kind: 'stream', flags: 2, count: 1 });
    files.unref(first);
    expect(files.add({ kind: 'stream', flags: 2, count: 1 })).not.toBe(first);
    const made = { expName: 'system', size: 0n, flags: 2, sgTable: [], count: 1, call: 0, maker: '' };
    const backing = { backend: 'system', index: 0 } as const;
    const numbers = [1, 2].map(() => files.get(files.addDmaBuf({ ...made, backing })));
    expect(numbers).toMatchObject([{ ino: 1 }, { ino: 2 }]);
  });
});

describe('DMA_BUF_SET_NAME', () => {
  const name = (text: string, request = DMA_BUF_SET_NAME_A, tail = '\0') => {
    const { kernel } = bootBoard(board());
    const { fd } = alloc(kernel, 'system', 4096n);
    const arg = new TextEncoder().encode(text + tail);
    const result = kernel.syscall('shell', { call: 'ioctl', fd, request, arg });
    return [result.errno ?? 'ok', kernel.buffer('shell', fd)?.name];
  };

  it('keeps up to 31 characters, by either request', () => {
    expect(name('camera')).toEqual(['ok', 'camera']);
    expect(name('camera', DMA_BUF_SET_NAME_B)).toEqual(['ok', 'camera']);
    expect(name('')).toEqual(['ok', '']);
    expect(name('x'.repeat(31))).toEqual(['ok', 'x'.repeat(31)]);
    expect(name('x'.repeat(32))).toEqual(['EINVAL', undefined]);
    expect(name('a\0b')).toEqual(['ok', 'a']);
    // Nothing ends it before the caller's memory ends, or after 32 bytes.
    expect(name('ab', DMA_BUF_SET_NAME_A, '')).toEqual(['EFAULT', undefined]);
    expect(name('x'.repeat(32), DMA_BUF_SET_NAME_A, '')).toEqual(['EINVAL', undefined]);
  });

  it('takes no bad pointer', () => {
    const { kernel } = bootBoard(board());
    const { fd } = alloc(kernel, 'system', 4096n);
    const bad = { call: 'ioctl', fd, request: DMA_BUF_SET_NAME_A, arg: null } as const;
    expect(kernel.syscall('shell', bad).errno).toBe('EFAULT');
  });
});
