/** Calls whose caller says which number or address it got: a real program's own tables, of which the model knows a part. */
import { describe, expect, it } from 'vitest';
import { DMA_BUF_IOCTL_EXPORT_SYNC_FILE } from '../../src/uapi/dma-buf.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../../src/uapi/dma-heap.ts';
import { F_DUPFD, MAP_SHARED, MREMAP_MAYMOVE, O_CLOEXEC, O_RDWR, PROT_READ } from '../../src/uapi/fcntl.ts';
import { KiB } from '../../src/units.ts';
import { machine, Task } from './machine.ts';

const PAGE = 4n * KiB;
const NODE = '/dev/dma_heap/system';

const allocation = (len = PAGE) =>
  encodeDmaHeapAllocationData({ len, fd: 0, fd_flags: O_RDWR | O_CLOEXEC, heap_flags: 0n });

describe('descriptors of which the caller says the number', () => {
  it('are the number given, whatever the lowest free one is', () => {
    const { shell } = machine();
    const node = shell.must({ call: 'open', path: NODE, flags: O_RDWR, at: 7 });
    const arg = allocation();
    shell.must({ call: 'ioctl', fd: node, request: DMA_HEAP_IOCTL_ALLOC, arg, at: 19 });
    const { fd } = decodeDmaHeapAllocationData(arg);
    const copy = shell.must({ call: 'dup', fd, at: 5 });
    const third = shell.must({ call: 'fcntl', fd, cmd: F_DUPFD, arg: 9, at: 30 });
    const fence = new Uint8Array(8);
    fence[0] = 1;
    shell.must({ call: 'ioctl', fd, request: DMA_BUF_IOCTL_EXPORT_SYNC_FILE, arg: fence, at: 21 });
    expect([node, fd, copy, third, fence[4]]).toEqual([7, 19, 5, 30, 21]);
    expect(shell.must({ call: 'dup', fd })).toBe(3);
  });

  it('answer EMFILE for -1 where Linux runs out, and leave nothing behind', () => {
    const { kernel, shell } = machine();
    expect(shell.call({ call: 'open', path: '/no/such/path', flags: 0, at: -1 }).errno).toBe('EMFILE');
    const node = shell.must({ call: 'open', path: NODE, flags: O_RDWR });
    const { free } = kernel.heaps()[0] ?? {};
    const alloc = (len: bigint) =>
      shell.call({ call: 'ioctl', fd: node, request: DMA_HEAP_IOCTL_ALLOC, arg: allocation(len), at: -1 });
    expect(alloc(PAGE).errno).toBe('EMFILE');
    expect(alloc(0n).errno).toBe('EINVAL');
    expect(kernel.bufferCount()).toBe(0);
    expect(kernel.heaps()[0]?.free).toBe(free);
    expect(shell.call({ call: 'dup', fd: node, at: -1 }).errno).toBe('EMFILE');
    expect(shell.call({ call: 'fcntl', fd: node, cmd: F_DUPFD, arg: -1, at: -1 }).errno).toBe('EINVAL');
  });

  it('close what is open under that number, a standard stream too, as dup2() does', () => {
    const { kernel, shell } = machine();
    const [a, b] = [shell.alloc('system', PAGE), shell.alloc('system', 2n * PAGE)];
    expect(shell.must({ call: 'dup', fd: a, at: b, cloexec: true })).toBe(b);
    expect(kernel.buffers().map(({ size }) => size)).toEqual([PAGE]);
    expect(shell.must({ call: 'dup', fd: a, at: 1 })).toBe(1);
    expect(shell.must({ call: 'dup', fd: a, at: a })).toBe(a);
    for (const fd of [1, a, b]) shell.must({ call: 'close', fd });
    expect(kernel.bufferCount()).toBe(0);
  });

  it("are the receiver's in a message, its only descriptor of the file too", () => {
    const { kernel, shell } = machine();
    shell.must({ call: 'fork', child: 'child' });
    const fd = shell.alloc('system', PAGE);
    expect(shell.must({ call: 'sendmsg', fd, to: 'child', at: 12 })).toBe(12);
    shell.must({ call: 'close', fd });
    const child = new Task(kernel, 'child');
    expect(child.must({ call: 'sendmsg', fd: 12, to: 'child', at: 12 })).toBe(12);
    expect(child.call({ call: 'sendmsg', fd: 12, to: 'child', at: -1 }).errno).toBe('EMFILE');
    expect(kernel.bufferCount()).toBe(1);
    child.must({ call: 'close', fd: 12 });
    expect(kernel.bufferCount()).toBe(0);
  });
});

describe('mappings of which the caller says the address', () => {
  const at = 0x7f12_3456_7000n;
  const mapped = (params: Parameters<typeof machine>[1] = {}, heap = 'system') => {
    const booted = machine(undefined, params);
    const { shell } = booted;
    const fd = shell.alloc(heap, 4n * PAGE);
    const call = {
      call: 'mmap',
      fd,
      length: 4n * PAGE,
      prot: PROT_READ,
      flags: MAP_SHARED,
      offset: 0n,
    } as const;
    return { ...booted, fd, call, id: shell.must({ ...call, at }) };
  };

  it('lie there, and what the model still had there is gone', () => {
    const { kernel, shell, call, id } = mapped();
    expect(kernel.mappingAddress('shell', id)).toBe(at);
    const other = shell.must({ ...call, length: PAGE, at: at + PAGE });
    const areas = kernel.areasIn('shell', { start: at, end: at + 16n * PAGE });
    expect(areas.map(({ mapping, start, end }) => [mapping, start - at, end - at])).toEqual([
      [id, 0n, PAGE],
      [id, 2n * PAGE, 4n * PAGE],
      [other, PAGE, 2n * PAGE],
    ]);
    expect(kernel.areasIn('shell', { start: 0n, end: at })).toEqual([]);
  });

  it('grow and move where the host has them', () => {
    // Before 6.12 a CMA heap's pages are mapped one by one, and may then become longer.
    const { kernel, shell, id, fd, call } = mapped({ kernel: '6.6', cmdline: 'cma=16M' }, 'reserved');
    shell.must({ ...call, length: PAGE, at: at + 4n * PAGE });
    const resize = { call: 'mremap', offset: 0n, flags: MREMAP_MAYMOVE } as const;
    const [four, six] = [4n * PAGE, 6n * PAGE];
    expect(shell.must({ ...resize, mapping: id, old_len: four, new_len: six, at })).toBe(id);
    expect(kernel.areasIn('shell', { start: 0n, end: 1n << 47n })).toMatchObject([
      { mapping: id, start: at, end: at + six },
    ]);
    const to = at + 64n * PAGE;
    const moved = shell.must({ ...resize, mapping: id, old_len: six, new_len: 8n * PAGE, at: to });
    expect(kernel.mappingAddress('shell', moved)).toBe(to);
    shell.must({ call: 'munmap', mapping: moved });
    shell.must({ call: 'close', fd });
    expect(kernel.bufferCount()).toBe(0);
  });
});
