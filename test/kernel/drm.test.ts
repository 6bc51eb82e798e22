/** DRM devices as importers: handles of buffers, by the calls and by the requests that programs make. */
import { expect, it } from 'vitest';
import type { SyscallResult } from '../../src/kernel/syscall.ts';
import {
  DRM_IOCTL_GEM_CLOSE,
  DRM_IOCTL_PRIME_FD_TO_HANDLE,
  DRM_IOCTL_PRIME_HANDLE_TO_FD,
} from '../../src/uapi/drm.ts';
import { F_GETFD, F_GETFL, O_CLOEXEC, O_RDONLY, O_RDWR } from '../../src/uapi/fcntl.ts';
import { alloc, board, bootBoard } from '../small-board.ts';

function machine() {
  const { kernel } = bootBoard(board(), { config: { CONFIG_DRM_VGEM: true, CONFIG_DRM_VKMS: true } });
  const open = (node: string, task = 'shell'): number =>
    kernel.syscall(task, { call: 'open', path: `/dev/dri/${node}`, flags: O_RDWR }).ret;
  const close = (fd: number, task = 'shell') => kernel.syscall(task, { call: 'close', fd });
  const importBuffer = (fd: number, buffer: number, task = 'shell'): SyscallResult =>
    kernel.syscall(task, { call: 'drm_prime_fd_to_handle', fd, buffer });
  const exportHandle = (fd: number, handle: number, flags = O_CLOEXEC): SyscallResult =>
    kernel.syscall('shell', { call: 'drm_prime_handle_to_fd', fd, handle, flags });
  const release = (fd: number, handle: number): SyscallResult =>
    kernel.syscall('shell', { call: 'drm_gem_close', fd, handle });
  const attached = (): string[] =>
    kernel.buffers().flatMap(({ attachments }) => attachments.map((a) => a.device));
  return { kernel, open, close, importBuffer, exportHandle, release, attached };
}

it('numbers handles from 1 on in each file, the lowest free first', () => {
  const { kernel, open, importBuffer, release } = machine();
  const [a, b] = [open('card0'), open('card1')];
  const fds = [1, 2, 3].map(() => alloc(kernel, 'system', 4096n).fd);
  expect(fds.map((fd) => importBuffer(a, fd).ret)).toEqual([1, 2, 3]);
  expect(fds.map((fd) => importBuffer(b, fd).ret)).toEqual([1, 2, 3]);
  release(a, 2);
  expect(importBuffer(a, fds[0]!).ret).toBe(1);
  expect(importBuffer(a, alloc(kernel, 'system', 4096n).fd).ret).toBe(2);
});

it('exports the same buffer, as it was made', () => {
  const { kernel, open, close, importBuffer, exportHandle } = machine();
  const drm = open('renderD128');
  const { fd } = alloc(kernel, 'system', 8192n, { fd_flags: O_RDONLY });
  importBuffer(drm, fd);
  const { ino } = kernel.buffer('shell', fd)!;
  close(fd);
  const again = exportHandle(drm, 1, O_RDWR).ret;
  expect(kernel.buffer('shell', again)).toMatchObject({ ino, count: 4 });
  const fcntl = (cmd: number) => kernel.syscall('shell', { call: 'fcntl', fd: again, cmd, arg: 0 }).ret;
  expect([fcntl(F_GETFL), fcntl(F_GETFD)]).toEqual([O_RDONLY, 0]);
});

it('says what is wrong', () => {
  const { kernel, open, importBuffer, exportHandle, release } = machine();
  const drm = open('card0');
  const { fd } = alloc(kernel, 'system', 4096n);
  expect(importBuffer(drm, 99).errno).toBe('EBADF');
  expect(importBuffer(drm, drm).errno).toBe('EINVAL');
  expect(importBuffer(fd, drm).errno).toBe('ENOTTY');
  expect(exportHandle(drm, 1).errno).toBe('ENOENT');
  expect(exportHandle(drm, 1, 0o100).errno).toBe('EINVAL');
  expect(release(drm, 1).errno).toBe('EINVAL');
  importBuffer(drm, fd);
  kernel.syscall('shell', { call: 'setrlimit', resource: 'RLIMIT_NOFILE', soft: 4 });
  expect(exportHandle(drm, 1).errno).toBe('EMFILE');
});

it('lets go of all handles with the last descriptor of the file', () => {
  const { kernel, open, close, importBuffer, attached } = machine();
  const drm = open('card0');
  const { fd } = alloc(kernel, 'system', 4096n);
  kernel.syscall('shell', { call: 'fork', child: 'w' });
  expect(importBuffer(drm, fd, 'w').ret).toBe(1);
  kernel.syscall('w', { call: 'exit' });
  expect(attached()).toEqual(['vgem']);
  // Whoever has the file open is said to have it.
  expect(kernel.buffer('shell', fd)?.attachments).toMatchObject([{ task: 'shell' }]);
  close(fd);
  expect(kernel.bufferCount()).toBe(1);
  close(drm);
  expect(kernel.bufferCount()).toBe(0);
});

it('lets a task that has the file map what the file imported, and no other', () => {
  const { kernel, open, importBuffer } = machine();
  const drm = open('card0');
  const { fd } = alloc(kernel, 'system', 4096n);
  importBuffer(drm, fd);
  const [{ id } = { id: 0 }] = kernel.buffer('shell', fd)!.attachments;
  const map = (task: string) =>
    kernel.syscall(task, { call: 'dma_buf_map_attachment', attachment: id, direction: 'DMA_BIDIRECTIONAL' });
  kernel.syscall('shell', {
    call: 'task_add',
    name: 'other',
    credentials: { uid: 0, gid: 0, groups: [] },
    nofile: 1024,
  });
  expect(map('other').errno).toBe('EINVAL');
  expect(map('shell').ret).toBe(0);
});

it('has a node for each device whose driver is one of DRM, until it goes', () => {
  const { kernel, open, importBuffer, attached } = machine();
  const gpu = { ...kernel.device('vkms')!, name: 'gpu' };
  kernel.syscall('shell', { call: 'device_add', device: gpu });
  const drm = open('card2');
  const { fd } = alloc(kernel, 'system', 4096n);
  expect(importBuffer(drm, fd).ret).toBe(1);
  kernel.syscall('shell', { call: 'device_del', device: 'gpu' });
  expect(attached()).toEqual([]);
  expect(importBuffer(drm, fd).errno).toBe('ENODEV');
  expect(kernel.syscall('shell', { call: 'open', path: '/dev/dri/card2', flags: O_RDWR }).errno).toBe(
    'ENOENT',
  );
  expect(kernel.syscall('shell', { call: 'close', fd: drm }).ret).toBe(0);
});

it('answers the requests that programs make', () => {
  const { kernel, open } = machine();
  const fd = open('card0');
  const { fd: buffer } = alloc(kernel, 'system', 4096n);
  const ioctl = (request: number, words: readonly number[]): [Errno: string | number, words: number[]] => {
    const arg = new Uint8Array(new Int32Array(words).buffer);
    const { errno, ret } = kernel.syscall('shell', { call: 'ioctl', fd, request, arg });
    return [errno ?? ret, [...new Int32Array(arg.buffer)]];
  };
  expect(ioctl(DRM_IOCTL_PRIME_FD_TO_HANDLE, [0, 0, buffer])).toEqual([0, [1, 0, buffer]]);
  expect(ioctl(DRM_IOCTL_PRIME_HANDLE_TO_FD, [1, O_CLOEXEC, 0])).toEqual([0, [1, O_CLOEXEC, 4]]);
  expect(ioctl(DRM_IOCTL_GEM_CLOSE, [1, 0])[0]).toBe(0);
  expect(ioctl(DRM_IOCTL_GEM_CLOSE, [1, 0])[0]).toBe('EINVAL');
  expect(ioctl(DRM_IOCTL_GEM_CLOSE, [1])[0]).toBe('EFAULT');
  // DRM_IOCTL_GET_UNIQUE
  expect(() => ioctl(0xc0106401, new Array(4).fill(0))).toThrow('not modelled');
});
