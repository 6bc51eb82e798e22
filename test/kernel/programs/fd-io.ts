/** fd-io.c: the reading, writing, seeking and resizing families. */
import * as fcntl from '../../../src/uapi/fcntl.ts';
import { PAGE, type Program, RDWR } from './libc.ts';

const SEEKS = [
  ...([['SEEK_SET', 0] as const, ['SEEK_CUR', 1] as const, ['SEEK_END', 2] as const] as const),
  ...([['SEEK_DATA', 3] as const, ['SEEK_HOLE', 4] as const] as const),
  ...([['whence 5', 5] as const, ['whence -1', -1] as const] as const),
];

function family(the: Program, who: string, fd: number): void {
  const tell = (name: string, call: Parameters<Program['sys']>[0]): void =>
    the.res(`${who}: ${name}`, the.sys(call));
  const b = new Uint8Array(16);
  const v = new Uint8Array(32);
  tell('read', { call: 'read', fd, buf: b });
  tell('read 0 bytes', { call: 'read', fd, buf: new Uint8Array(0) });
  tell('read to a bad address', { call: 'read', fd, buf: null });
  tell('write', { call: 'write', fd, buf: b });
  tell('write 0 bytes', { call: 'write', fd, buf: new Uint8Array(0) });
  tell('pread', { call: 'pread64', fd, buf: b, offset: 0n });
  tell('pread, negative offset', { call: 'pread64', fd, buf: b, offset: -1n });
  tell('pwrite', { call: 'pwrite64', fd, buf: b, offset: 0n });
  tell('readv', { call: 'readv', fd, buf: v });
  tell('readv, no parts', { call: 'readv', fd, buf: new Uint8Array(0) });
  tell('writev', { call: 'writev', fd, buf: v });
  tell('preadv', { call: 'preadv', fd, buf: v, offset: 0n });
  tell('preadv2', { call: 'preadv2', fd, buf: v, offset: 0n, flags: 0 });
  tell('preadv2, offset -1', { call: 'preadv2', fd, buf: v, offset: -1n, flags: 0 });
  tell('preadv2, unknown flag', { call: 'preadv2', fd, buf: v, offset: 0n, flags: 1 << 30 });
  tell('pwritev2', { call: 'pwritev2', fd, buf: v, offset: 0n, flags: 0 });
  const len = 16n;
  const from = { fd, side: 'in', len } as const;
  const to = { fd, side: 'out', len } as const;
  tell('sendfile from it to a pipe', { call: 'sendfile', ...from });
  tell('sendfile from it, with offset', { call: 'sendfile', ...from, offset: 0n });
  tell('sendfile from it to a file', { call: 'sendfile', ...from });
  tell('sendfile from /proc to it', { call: 'sendfile', ...to });
  tell('splice from it', { call: 'splice', ...from });
  tell('splice from it, with offset', { call: 'splice', ...from, offset: 0n });
  tell('splice to it', { call: 'splice', ...to });
  tell('splice to it, with offset', { call: 'splice', ...to, offset: 0n });
  tell('tee', { call: 'tee', ...from });
  tell('copy_file_range from it', { call: 'copy_file_range', fd });
  tell('copy_file_range to it', { call: 'copy_file_range', fd });
  tell('copy_file_range to itself', { call: 'copy_file_range', fd });
  tell('ftruncate same', { call: 'ftruncate', fd, length: 4n * PAGE });
  tell('ftruncate 0', { call: 'ftruncate', fd, length: 0n });
  tell('ftruncate negative', { call: 'ftruncate', fd, length: -1n });
  tell('fallocate', { call: 'fallocate', fd, mode: 0, offset: 0n, length: PAGE });
  tell('fallocate punch hole', { call: 'fallocate', fd, mode: 3, offset: 0n, length: PAGE });
  tell('fallocate length 0', { call: 'fallocate', fd, mode: 0, offset: 0n, length: 0n });
  tell('fsync', { call: 'fsync', fd });
  tell('fdatasync', { call: 'fdatasync', fd });
  tell('sync_file_range', { call: 'sync_file_range', fd, offset: 0n, length: 0n, flags: 0 });
  tell('syncfs', { call: 'syncfs', fd });
  for (const [name, whence] of SEEKS) {
    for (const offset of [-1n, 0n, 1n])
      tell(`lseek ${offset} ${name}`, { call: 'lseek', fd, offset, whence });
  }
  tell('lseek PAGE SEEK_SET', { call: 'lseek', fd, offset: PAGE, whence: 0 });
  tell('lseek size SEEK_SET', { call: 'lseek', fd, offset: 4n * PAGE, whence: 0 });
  tell('read after lseek', { call: 'read', fd, buf: b });
  tell('getdents', { call: 'getdents64', fd, buf: v });
  tell('fchdir', { call: 'fchdir', fd });
}

export function fdIo(the: Program): void {
  const b = new Uint8Array(16);
  const fd = the.get(the.heap, 4n * PAGE, RDWR).ret;
  const ro = the.get(the.heap, 4n * PAGE, fcntl.O_CLOEXEC).ret;
  const wo = the.get(the.heap, 4n * PAGE, fcntl.O_WRONLY).ret;
  const nb = the.get(the.heap, 4n * PAGE, fcntl.O_RDWR | fcntl.O_NONBLOCK);
  family(the, 'buffer', fd);
  family(the, 'heap', the.heap);
  const tell = (name: string, call: Parameters<Program['sys']>[0]): void => the.res(name, the.sys(call));
  tell('rdonly buffer: read', { call: 'read', fd: ro, buf: b });
  tell('rdonly buffer: write', { call: 'write', fd: ro, buf: b });
  tell('rdonly buffer: ftruncate', { call: 'ftruncate', fd: ro, length: 0n });
  tell('wronly buffer: read', { call: 'read', fd: wo, buf: b });
  tell('wronly buffer: write', { call: 'write', fd: wo, buf: b });
  the.res('nonblock buffer', nb);
  const x = the.open(the.path, fcntl.O_RDONLY).ret;
  tell('heap opened O_RDONLY: read', { call: 'read', fd: x, buf: b });
  tell('heap opened O_RDONLY: write', { call: 'write', fd: x, buf: b });
}
