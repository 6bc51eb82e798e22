/** --strace: a line is what strace prints of that call, in its order, with names for numbers, and nothing of the model's own. */
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { traced } from '../../src/exec/strace.ts';
import { hasWords } from '../../src/exec/strace-calls.ts';
import type { Syscall } from '../../src/kernel/syscall.ts';
import { DMA_BUF_IOCTL_SYNC, DMA_BUF_SET_NAME_B } from '../../src/uapi/dma-buf.ts';
import { DMA_HEAP_IOCTL_ALLOC } from '../../src/uapi/dma-heap.ts';
import { encodePollfds } from '../../src/uapi/poll.ts';
import { projectPath } from '../small-board.ts';
import { TestServer } from './carrier.ts';

const PATH = '/dev/dma_heap/system';
const SIZE = 4096n;

let server: TestServer;
beforeEach(() => {
  server = new TestServer();
});
afterEach(() => server.close());

/** Makes a call of the task `shell`. @returns its line, without the process */
function line(call: Syscall): string {
  return server.session.transact((kernel) => {
    const tell = traced({ kernel, task: 'shell', pid: 7 }, call);
    return tell(kernel.syscall('shell', call)).replace('[pid 7] ', '');
  });
}

const u32s = (...words: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer);
const open = (): string => line({ call: 'open', path: PATH, flags: 2 });
const alloc = (): string =>
  line({
    call: 'ioctl',
    fd: 3,
    request: DMA_HEAP_IOCTL_ALLOC,
    arg: u32s(Number(SIZE), 0, 0, 0o2000002, 0, 0),
    at: 4,
  });

it('has words for each call that the server makes for programs', () => {
  const folder = projectPath('src/exec');
  const text = readdirSync(folder)
    .map((file) => readFileSync(`${folder}/${file}`, 'utf8'))
    .join('\n');
  const made = [...text.matchAll(/\b(?:call: |moving\()'([a-z_0-9]+)'/g)].map(([, name = '']) => name);
  // By the server itself, in a task's name.
  const own = ['execve', 'exit', 'fork', 'scm_receive', 'sendmsg', 'task_add'];
  expect([...new Set(made)].filter((name) => !hasWords(name)).sort()).toEqual(own);
  expect(made.length).toBeGreaterThan(60);
});

describe('paths', () => {
  const buf = new Uint8Array(128);
  it.each<[Syscall, string]>([
    [
      { call: 'open', path: PATH, flags: 0o2000002 },
      `openat(AT_FDCWD, "${PATH}", O_RDWR|O_CLOEXEC) = 3<${PATH}>`,
    ],
    [
      { call: 'newfstatat', path: PATH, flags: 0x900, buf },
      `newfstatat(AT_FDCWD, "${PATH}", {st_mode=S_IFCHR|0600, st_rdev=makedev(0xfe, 0), ...}, AT_SYMLINK_NOFOLLOW|AT_NO_AUTOMOUNT) = 0`,
    ],
    [
      { call: 'newfstatat', path: '/dev/dma_heap/no\n"', flags: 0, buf },
      'newfstatat(AT_FDCWD, "/dev/dma_heap/no\\n\\"", ..., 0) = -1 ENOENT (No such file or directory)',
    ],
    [{ call: 'faccessat', path: PATH, mode: 6, flags: 0 }, `faccessat(AT_FDCWD, "${PATH}", R_OK|W_OK) = 0`],
    [
      { call: 'faccessat', path: PATH, mode: 0, flags: 0x200 },
      `faccessat2(AT_FDCWD, "${PATH}", F_OK, AT_EACCESS) = 0`,
    ],
  ])('%o', (call, expected) => {
    expect(line(call)).toBe(expected);
  });
});

describe('a buffer', () => {
  beforeEach(() => {
    open();
    alloc();
  });

  it('is told with its number and its name', () => {
    const arg = new Uint8Array(32);
    arg.set(Buffer.from('frame'));
    expect(line({ call: 'ioctl', fd: 4, request: DMA_BUF_SET_NAME_B, arg })).toBe(
      'ioctl(4</dmabuf:>, DMA_BUF_SET_NAME, "frame") = 0',
    );
    expect(line({ call: 'dup', fd: 4 })).toBe('dup(4</dmabuf:frame>) = 5</dmabuf:frame>');
  });

  it.each([
    [[2, 0], '{flags=DMA_BUF_SYNC_START|DMA_BUF_SYNC_WRITE}', '0'],
    [[0, 0], '{flags=DMA_BUF_SYNC_START}', '-1 EINVAL (Invalid argument)'],
    [[0x85, 0], '{flags=DMA_BUF_SYNC_END|DMA_BUF_SYNC_READ|0x80}', '-1 EINVAL (Invalid argument)'],
    [[1, 1], '{flags=DMA_BUF_SYNC_START|DMA_BUF_SYNC_READ|0x100000000}', '-1 EINVAL (Invalid argument)'],
  ])('SYNC of %o', (words, shown, ret) => {
    const call = { call: 'ioctl', fd: 4, request: DMA_BUF_IOCTL_SYNC, arg: u32s(...words) } as const;
    expect(line(call)).toBe(`ioctl(4</dmabuf:>, DMA_BUF_IOCTL_SYNC, ${shown}) = ${ret}`);
  });

  it.each<[Syscall, string]>([
    [
      { call: 'fstat', fd: 4, buf: new Uint8Array(128) },
      'fstat(4</dmabuf:>, {st_mode=0600, st_size=4096, ...}) = 0',
    ],
    [{ call: 'lseek', fd: 4, offset: 0n, whence: 2 }, 'lseek(4</dmabuf:>, 0, SEEK_END) = 4096'],
    [{ call: 'fcntl', fd: 4, cmd: 3, arg: 0 }, 'fcntl(4</dmabuf:>, F_GETFL) = 0x2 (flags O_RDWR)'],
    [{ call: 'fcntl', fd: 4, cmd: 1, arg: 0 }, 'fcntl(4</dmabuf:>, F_GETFD) = 0x1 (flags FD_CLOEXEC)'],
    [{ call: 'fcntl', fd: 4, cmd: 2, arg: 1 }, 'fcntl(4</dmabuf:>, F_SETFD, FD_CLOEXEC) = 0'],
    [
      { call: 'poll', fds: encodePollfds([{ fd: 4, events: 5, revents: 0 }]), timeout: 0 },
      'poll([{fd=4</dmabuf:>, events=POLLIN|POLLOUT}], 1, ...) = 1 ([{fd=4</dmabuf:>, revents=POLLIN|POLLOUT}])',
    ],
    [
      { call: 'write', fd: 4, buf: Buffer.from('a\x001\x07') },
      'write(4</dmabuf:>, "a\\0001\\7", 4) = -1 EINVAL (Invalid argument)',
    ],
    [
      { call: 'read', fd: 4, buf: new Uint8Array() },
      'read(4</dmabuf:>, ..., ...) = -1 EINVAL (Invalid argument)',
    ],
    [
      { call: 'ioctl', fd: 4, request: 0x80046213, arg: u32s(0) },
      'ioctl(4</dmabuf:>, _IOC(_IOC_READ, 0x62, 0x13, 0x4), "\\0\\0\\0\\0") = -1 ENOTTY (Inappropriate ioctl for device)',
    ],
    [
      { call: 'epoll_ctl', fd: 3, op: 1 },
      `epoll_ctl(..., EPOLL_CTL_ADD, 3<${PATH}>, ...) = -1 EPERM (Operation not permitted)`,
    ],
    [
      {
        call: 'mmap',
        fd: 4,
        length: SIZE,
        prot: 3,
        flags: 0x8001,
        offset: 0n,
        addr: 0n,
        at: 0x7f0000000000n,
      },
      'mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_POPULATE, 4</dmabuf:>, 0) = 0x7f0000000000',
    ],
  ])('%o', (call, expected) => {
    expect(line(call)).toBe(expected);
  });
});
