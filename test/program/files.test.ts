/** Files as programs open, list, write and ioctl them. */
import { describe, expect, it, test } from 'vitest';
import { echo } from '../../src/program/echo.ts';
import { allocatedFd, ioctlArgument } from '../../src/program/ioctl-argument.ts';
import { mapBuffer } from '../../src/program/map-buffer.ts';
import { openFile, openRequest } from '../../src/program/open-file.ts';
import { listPath, readFile } from '../../src/program/path-lookup.ts';
import { sync, syncedDevices } from '../../src/program/sync.ts';
import { DMA_HEAP_IOCTL_ALLOC, encodeDmaHeapAllocationData } from '../../src/uapi/dma-heap.ts';
import { O_CLOEXEC, O_RDONLY, O_RDWR } from '../../src/uapi/fcntl.ts';
import { CMA, machine, type Task } from '../kernel/machine.ts';

const caller = ({ kernel, name }: Task) => ({ kernel, task: name });

test('a word is opened as what it is', () => {
  const { shell } = machine();
  expect(openRequest('system')).toEqual({ path: '/dev/dma_heap/system', flags: O_RDWR | O_CLOEXEC });
  expect(openRequest('/dev/dma_heap/system').flags).toBe(O_RDWR | O_CLOEXEC);
  expect(openRequest('/proc/iomem')).toEqual({ path: '/proc/iomem', flags: O_CLOEXEC });
  expect(openRequest('heap:system', O_RDONLY)).toEqual({ path: '/dev/dma_heap/system', flags: O_RDONLY });
  expect(openFile(caller(shell), openRequest('system')).ret).toBe(3);
  expect(openFile(caller(shell), openRequest('nope')).errno).toBe('ENOENT');
});

test('echo is open, one write, close', () => {
  const { shell, kernel } = machine();
  const file = `/sys/kernel/debug/cma/${CMA}/alloc`;
  expect(echo(caller(shell), file, '16')).toEqual({ ret: 2 });
  expect(kernel.hasDescriptor('shell', 3)).toBe(false);
  expect(echo(caller(shell), '/proc/nope', 'x').errno).toBe('ENOENT');
  // Written and refused: closed all the same.
  expect(echo(caller(shell), file, 'x').errno).toBe('EINVAL');
  expect(kernel.hasDescriptor('shell', 3)).toBe(false);
});

describe('ls', () => {
  const names = (task: Task, path: string, long = false) => {
    const listing = listPath(task.kernel, path, task.name, long);
    return 'errno' in listing ? listing.errno : listing.entries.map(({ name }) => name);
  };

  it('lists what is in a directory, and a file by its path', () => {
    const { shell } = machine();
    expect(names(shell, '/dev/dma_heap')).toContain('system');
    expect(names(shell, '/proc/iomem')).toEqual(['/proc/iomem']);
    expect(names(shell, '/proc/nope')).toBe('ENOENT');
    expect(names(shell, '/proc/iomem/x')).toBe('ENOTDIR');
  });

  it('goes through a link to a directory unless it is asked about the link', () => {
    const { shell } = machine();
    expect(names(shell, '/proc/self')).toContain('fd');
    expect(names(shell, '/proc/self', true)).toEqual(['/proc/self']);
  });

  it('shows a link that leads nowhere, as ls does', () => {
    const { shell } = machine();
    const fd = shell.alloc('system', 4096n);
    // A child of the task has its descriptors.
    expect(names(shell, `/proc/self/fd/${fd}`)).toEqual([`/proc/self/fd/${fd}`]);
  });

  it('reads files as cat', () => {
    const { shell } = machine();
    const got = readFile(shell.kernel, '/proc/filesystems', 'shell');
    expect('errno' in got ? got.errno : got.bytes.length).not.toBe(0);
    expect(readFile(shell.kernel, '/proc', 'shell')).toMatchObject({ errno: 'EISDIR' });
  });
});

describe('an ioctl’s argument', () => {
  it('reaches as far as the request, or the bytes', () => {
    expect(ioctlArgument(DMA_HEAP_IOCTL_ALLOC, Uint8Array.of(1))).toHaveLength(24);
    expect(ioctlArgument(0x5451, new Uint8Array())).toHaveLength(8);
    expect(ioctlArgument(0x5451, new Uint8Array(9))).toHaveLength(9);
  });

  it('has the descriptor of an allocation of any size', () => {
    const arg = encodeDmaHeapAllocationData({ len: 1n, fd: 7, fd_flags: 0, heap_flags: 0n });
    expect(allocatedFd(DMA_HEAP_IOCTL_ALLOC, arg)).toBe(7);
    expect(allocatedFd(0xc0104800, arg.subarray(0, 16))).toBe(7);
    expect(allocatedFd(0xc0084800, arg.subarray(0, 8))).toBeUndefined();
    expect(allocatedFd(0x40184800, arg)).toBeUndefined();
    expect(allocatedFd(0x5451, arg)).toBeUndefined();
    expect(allocatedFd(DMA_HEAP_IOCTL_ALLOC, null)).toBeUndefined();
  });
});

test('mmap of as much as there is; of nothing the kernel says what is wrong', () => {
  const { shell } = machine();
  const fd = shell.alloc('system', 8192n);
  const map = (given: Parameters<typeof mapBuffer>[1]) => mapBuffer(caller(shell), given);
  expect(map({ fd }).ret).toBe(1);
  expect(map({ fd, offset: 4096n, private: true }).ret).toBe(2);
  expect([1, 2].map((id) => shell.kernel.mapping(id, shell.name).length)).toEqual([8192n, 4096n]);
  expect(map({ fd, offset: 8192n }).errno).toBe('EINVAL');
  expect(map({ fd, length: 0n }).errno).toBe('EINVAL');
  expect(map({ fd: 99 }).errno).toBe('EBADF');
  const node = shell.must({ call: 'open', path: '/dev/dma_heap/system', flags: O_RDWR });
  expect(map({ fd: node }).errno).toBe('ENODEV');
});

test('sync, and for whom', () => {
  const { shell } = machine();
  const fd = shell.alloc('system', 4096n);
  expect(sync(caller(shell), fd, 1)).toEqual({ ret: 0 });
  expect(sync(caller(shell), fd, 0)).toMatchObject({ errno: 'EINVAL' });
  expect(syncedDevices(caller(shell), fd)).toEqual([]);
  for (const name of ['cam', 'gpu', 'cam']) {
    const id = shell.attach(fd, name);
    if (name === 'cam') shell.mapFor(id);
  }
  expect(syncedDevices(caller(shell), fd)).toEqual(['cam']);
  expect(syncedDevices(caller(shell), 99)).toEqual([]);
});
