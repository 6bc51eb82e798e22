/**
 * The scenario of the kernel's own selftest for heaps (tools/testing/selftests/dmabuf-heaps), for each heap kind:
 * what it checks, in our words, through the library's calls.
 */
import { describe, expect, it } from 'vitest';
import { DMA_BUF_SYNC_END, DMA_BUF_SYNC_RW, DMA_BUF_SYNC_START } from '../../src/uapi/dma-buf.ts';
import { O_CLOEXEC, O_RDONLY, O_RDWR } from '../../src/uapi/fcntl.ts';
import { IOC_READ, IOC_WRITE, ioc } from '../../src/uapi/ioctl.ts';
import { device, HEAPS, machine, type Task } from './machine.ts';

const ONE_MEG = 1024 * 1024;
const VGEM = device('vgem', { importer: 'drm' });

/** ALLOC with a struct of any size: 16 bytes are the old one, 48 a future one. */
function allocSized(
  task: Task,
  heap: string,
  size: number,
  given: { fd?: number; fd_flags?: number; heap_flags?: bigint } = {},
) {
  const node = task.must({ call: 'open', path: `/dev/dma_heap/${heap}`, flags: O_RDONLY | O_CLOEXEC });
  const arg = new Uint8Array(size).fill(0xff);
  const view = new DataView(arg.buffer);
  view.setBigUint64(0, BigInt(ONE_MEG), true);
  view.setUint32(8, given.fd ?? 0, true);
  view.setUint32(12, given.fd_flags ?? O_RDWR | O_CLOEXEC, true);
  if (size >= 24) view.setBigUint64(16, given.heap_flags ?? 0n, true);
  const request = ioc(IOC_READ | IOC_WRITE, 0x48, 0, size);
  const { errno } = task.call({ call: 'ioctl', fd: node, request, arg });
  task.must({ call: 'close', fd: node });
  return { errno, fd: view.getUint32(8, true) };
}

describe.each(HEAPS)('on %s', (heap) => {
  it('a buffer is mapped, filled, imported and synced', () => {
    const { shell, kernel } = machine([VGEM]);
    const fd = shell.alloc(heap, BigInt(ONE_MEG));
    const view = shell.map(fd, BigInt(ONE_MEG));
    expect(shell.sync(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW)).toEqual({ ret: 0 });
    shell.store(view, 0, new Uint8Array(ONE_MEG / 2).fill(1));
    shell.store(view, ONE_MEG / 2, new Uint8Array(ONE_MEG / 2).fill(0));
    expect(shell.sync(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW)).toEqual({ ret: 0 });

    const handle = shell.attach(fd, 'vgem');
    expect(shell.mapFor(handle)).toEqual({ ret: 0 });
    expect(kernel.buffer('shell', fd)?.count).toBe(5);
    shell.sync(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
    shell.store(view, 0, new Uint8Array(ONE_MEG).fill(0xff));
    shell.sync(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
    expect(shell.dmaRead(handle, ONE_MEG - 2, 2)).toEqual([0xff, 0xff]);

    shell.must({ call: 'dma_buf_detach', attachment: handle });
    shell.must({ call: 'munmap', mapping: view });
    shell.must({ call: 'close', fd });
    expect(kernel.buffers()).toEqual([]);
    expect([...kernel.hazards.since()]).toEqual([]);
  });

  it('fresh buffers read zero after dirty ones', () => {
    const { shell } = machine();
    const pages = 4 * 4096;
    for (const byte of [0xff, undefined]) {
      const fds = Array.from({ length: 32 }, () => shell.alloc(heap, BigInt(pages)));
      for (const fd of fds) {
        const view = shell.map(fd, BigInt(pages));
        if (byte !== undefined) shell.store(view, 0, new Uint8Array(pages).fill(byte));
        else expect(shell.load(view, 0, pages).every((got) => got === 0)).toBe(true);
        shell.must({ call: 'munmap', mapping: view });
      }
      for (const fd of fds) shell.must({ call: 'close', fd });
    }
  });

  it('takes older and newer structs alike, and tells the descriptor in both', () => {
    const { shell, kernel } = machine();
    for (const size of [16, 24, 48]) {
      const { errno, fd } = allocSized(shell, heap, size);
      expect([size, errno, kernel.buffer('shell', fd)?.size]).toEqual([size, undefined, BigInt(ONE_MEG)]);
      shell.must({ call: 'close', fd });
    }
  });

  it('refuses a bad fd, bad heap flags and bad fd flags', () => {
    const { shell, kernel } = machine();
    for (const bad of [{ fd: 1 }, { heap_flags: 0xffffffffn }, { fd_flags: ~(O_CLOEXEC | 3) >>> 0 }]) {
      expect(allocSized(shell, heap, 24, bad).errno).toBe('EINVAL');
    }
    expect(kernel.buffers()).toEqual([]);
  });

  it('leaks nothing over 32 rounds, wherever the last reference is', () => {
    const { shell, kernel } = machine([VGEM]);
    const before = kernel.heaps().map(({ name, free }) => [name, free]);
    for (let round = 0; round < 32; round++) {
      const fd = shell.alloc(heap, 3n * 4096n);
      const view = shell.map(fd, 4096n);
      const handle = shell.attach(fd, 'vgem');
      if (round % 2 === 0) shell.mapFor(handle);
      shell.must({ call: 'close', fd });
      if (round % 3 === 0) shell.must({ call: 'munmap', mapping: view });
      shell.must({ call: 'dma_buf_detach', attachment: handle });
      if (round % 3 !== 0) shell.must({ call: 'munmap', mapping: view });
      expect(kernel.buffers()).toEqual([]);
    }
    expect(kernel.heaps().map(({ name, free }) => [name, free])).toEqual(before);
  });
});
