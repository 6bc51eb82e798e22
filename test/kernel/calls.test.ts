/** What descriptors of heaps and buffers answer, beyond what the recordings ask. */
import { describe, expect, it } from 'vitest';
import { ARM64 } from '../../src/profile/arm64.ts';
import { decodeDirents } from '../../src/uapi/dirent.ts';
import {
  DMA_BUF_IOCTL_EXPORT_SYNC_FILE,
  DMA_BUF_IOCTL_IMPORT_SYNC_FILE,
  DMA_BUF_SYNC_READ,
  DMA_BUF_SYNC_RW,
  decodeDmaBufSyncFile,
  encodeDmaBufSyncFile,
} from '../../src/uapi/dma-buf.ts';
import { DMA_HEAP_IOCTL_ALLOC } from '../../src/uapi/dma-heap.ts';
import * as fcntl from '../../src/uapi/fcntl.ts';
import { FIGETBSZ, FIOASYNC, FIOCLEX, FIONBIO, FIONCLEX, FIOQSIZE } from '../../src/uapi/fs.ts';
import {
  decodePollfds,
  encodePollfds,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLRDNORM,
  POLLWRNORM,
} from '../../src/uapi/poll.ts';
import { decodeStat, makedev } from '../../src/uapi/stat.ts';
import { CMA, machine, POOL, Task } from './machine.ts';

const PAGE = 4096n;
const BUFINFO = '/sys/kernel/debug/dma_buf/bufinfo';
const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

const openHeap = (task: Task, flags = fcntl.O_RDWR) =>
  task.must({ call: 'open', path: `/dev/dma_heap/${CMA}`, flags });

describe('fcntl and the requests of the file layer', () => {
  it('duplicates from a number on, with or without close-on-exec', () => {
    const { shell } = machine();
    const fd = shell.alloc(CMA, PAGE);
    const dup = (cmd: number, arg: number) => shell.call({ call: 'fcntl', fd, cmd, arg });
    expect(dup(fcntl.F_DUPFD, 10)).toEqual({ ret: 10 });
    expect(dup(fcntl.F_DUPFD_CLOEXEC, 10)).toEqual({ ret: 11 });
    expect(dup(fcntl.F_DUPFD, 1024).errno).toBe('EINVAL');
    expect(dup(fcntl.F_DUPFD, -1).errno).toBe('EINVAL');
    const cloexec = [fd, 10, 11].map((of) =>
      shell.must({ call: 'fcntl', fd: of, cmd: fcntl.F_GETFD, arg: 0 }),
    );
    expect(cloexec).toEqual([1, 0, 1]);
    shell.must({ call: 'setrlimit', resource: 'RLIMIT_NOFILE', soft: 12 });
    expect(dup(fcntl.F_DUPFD, 11).errno).toBe('EMFILE');
    expect(shell.kernel.buffer('shell', fd)?.count).toBe(3);
  });

  it('changes the flags that can be changed, and shows them everywhere', () => {
    const { shell } = machine();
    const fd = shell.alloc(CMA, PAGE);
    const get = () => shell.must({ call: 'fcntl', fd, cmd: fcntl.F_GETFL, arg: 0 });
    shell.must({
      call: 'fcntl',
      fd,
      cmd: fcntl.F_SETFL,
      arg: fcntl.O_NONBLOCK | fcntl.O_WRONLY | fcntl.O_CREAT,
    });
    expect(get()).toBe(fcntl.O_RDWR | fcntl.O_NONBLOCK);
    expect(shell.cat(`/proc/self/fdinfo/${fd}`)).toContain('flags:\t02004002\n');
    expect(shell.cat(BUFINFO)).toContain('\n00004096\t00000802\t02080007\t');
    expect(shell.call({ call: 'fcntl', fd, cmd: fcntl.F_SETFL, arg: ARM64.openFlags.O_DIRECT }).errno).toBe(
      'EINVAL',
    );
    shell.must({ call: 'ioctl', fd, request: FIONBIO, arg: u32(0) });
    expect(get()).toBe(fcntl.O_RDWR);
  });

  it.each(['heap', 'buffer'])('answers FIOCLEX and its like before the %s', (kind) => {
    const { shell } = machine();
    const fd = kind === 'heap' ? openHeap(shell) : shell.alloc(CMA, PAGE);
    const ioctl = (request: number, arg: Uint8Array | null = null) =>
      shell.call({ call: 'ioctl', fd, request, arg }).errno ?? 'ok';
    const cloexec = () => shell.must({ call: 'fcntl', fd, cmd: fcntl.F_GETFD, arg: 0 });
    expect([ioctl(FIOCLEX), cloexec(), ioctl(FIONCLEX), cloexec()]).toEqual(['ok', 1, 'ok', 0]);
    expect([ioctl(FIOASYNC, u32(0)), ioctl(FIOASYNC, u32(1)), ioctl(FIONBIO)]).toEqual([
      'ok',
      'ENOTTY',
      'EFAULT',
    ]);
    const size = u32(0);
    expect([ioctl(FIGETBSZ, size), new Uint32Array(size.buffer)[0], ioctl(FIOQSIZE)]).toEqual([
      'ok',
      4096,
      'ENOTTY',
    ]);
  });

  it('answers ENOTTY to a request that a buffer or a file does not know', () => {
    const { shell } = machine();
    const ask = (fd: number, request: number) =>
      shell.call({ call: 'ioctl', fd, request, arg: new Uint8Array(64) });
    const fd = shell.alloc(CMA, PAGE);
    expect(ask(fd, 0xc0086299)).toMatchObject({
      errno: 'ENOTTY',
      why: { kind: 'bad-argument', argument: 'request', value: 0xc0086299n },
    });
    const file = shell.must({ call: 'open', path: '/proc/meminfo', flags: fcntl.O_RDONLY });
    expect(ask(file, 0xc0086299).errno).toBe('ENOTTY');
  });

  it('says by name what it does not know of fcntl, and EINVAL to what nobody knows', () => {
    const { shell } = machine();
    const fd = shell.alloc(CMA, PAGE);
    expect(() => shell.call({ call: 'fcntl', fd, cmd: 5, arg: 0 })).toThrow(
      'fcntl command 5 is not modelled',
    );
    expect(shell.call({ call: 'fcntl', fd, cmd: 77, arg: 0 }).errno).toBe('EINVAL');
    expect(shell.call({ call: 'fcntl', fd: 99, cmd: fcntl.F_GETFD, arg: 0 }).errno).toBe('EBADF');
  });
});

describe('a heap node', () => {
  it('cannot be read, written, sought or mapped; open shows O_LARGEFILE', () => {
    const { shell } = machine();
    const fd = openHeap(shell, fcntl.O_RDWR | fcntl.O_CLOEXEC | fcntl.O_NOCTTY);
    const buf = new Uint8Array(4);
    const errnos = [
      shell.call({ call: 'read', fd, buf }),
      shell.call({ call: 'write', fd, buf }),
      shell.call({ call: 'pread64', fd, buf, offset: 0n }),
      shell.call({ call: 'pread64', fd, buf, offset: -1n }),
      shell.call({ call: 'lseek', fd, offset: 0n, whence: fcntl.SEEK_END }),
      shell.call({ call: 'ftruncate', fd, length: 0n }),
      shell.call({ call: 'mmap', fd, length: PAGE, prot: 1, flags: fcntl.MAP_SHARED, offset: 0n }),
    ].map(({ errno }) => errno);
    expect(errnos).toEqual(['EINVAL', 'EINVAL', 'ESPIPE', 'EINVAL', 'ESPIPE', 'EINVAL', 'ENODEV']);
    expect(shell.must({ call: 'fcntl', fd, cmd: fcntl.F_GETFL, arg: 0 })).toBe(
      fcntl.O_RDWR | ARM64.openFlags.O_LARGEFILE,
    );
    const stat = new Uint8Array(ARM64.stat.size);
    shell.must({ call: 'fstat', fd, buf: stat });
    const minor = shell.kernel.heaps().find(({ name }) => name === CMA)?.minor ?? -1;
    expect(decodeStat(stat, ARM64.stat)).toMatchObject({
      st_mode: 0o020600,
      st_rdev: makedev(254, minor),
      st_size: 0n,
    });
  });

  it('reads and writes are EBADF where the mode does not allow them', () => {
    const { shell } = machine();
    const buf = new Uint8Array(1);
    const readOnly = openHeap(shell, fcntl.O_RDONLY);
    const writeOnly = openHeap(shell, fcntl.O_WRONLY);
    expect(shell.call({ call: 'write', fd: readOnly, buf }).errno).toBe('EBADF');
    expect(shell.call({ call: 'read', fd: writeOnly, buf }).errno).toBe('EBADF');
    const map = {
      call: 'mmap',
      fd: writeOnly,
      length: PAGE,
      prot: 1,
      flags: fcntl.MAP_SHARED,
      offset: 0n,
    } as const;
    expect(shell.call(map).errno).toBe('EACCES');
  });

  it('opens for who may, as a udev rule says', () => {
    const { kernel } = machine(undefined, { heapMode: 0o660, heapGid: 44 });
    const root = new Task(kernel);
    const add = (name: string, uid: number, groups: number[]) =>
      root.must({ call: 'task_add', name, credentials: { uid, gid: uid, groups }, nofile: 64 });
    expect([add('camera', 1000, [44]), add('guest', 1001, [])]).toEqual([2, 3]);
    const open = (name: string, flags: number) =>
      kernel.syscall(name, { call: 'open', path: '/dev/dma_heap/system', flags }).errno ?? 'ok';
    expect([
      open('camera', fcntl.O_RDWR),
      open('guest', fcntl.O_RDONLY),
      open('shell', fcntl.O_RDWR),
    ]).toEqual(['ok', 'EACCES', 'ok']);
    // Mode 3 asks for both permissions, and truncating is writing.
    expect([open('guest', fcntl.O_ACCMODE), open('camera', fcntl.O_ACCMODE)]).toEqual(['EACCES', 'ok']);
    const openFile = (path: string, flags: number) =>
      kernel.syscall('guest', { call: 'open', path, flags }).errno ?? 'ok';
    expect(openFile('/proc/meminfo', fcntl.O_RDONLY)).toBe('ok');
    expect(openFile('/proc/meminfo', fcntl.O_RDONLY | fcntl.O_TRUNC)).toBe('EACCES');
    expect(openFile('/proc', fcntl.O_ACCMODE)).toBe('EISDIR');
    // What is not read needs no permission.
    expect(open('guest', fcntl.O_PATH)).toBe('ok');
    expect(kernel.heaps()[0]).toMatchObject({ mode: '660', gid: 44 });
  });
});

describe('a dma-buf', () => {
  it('tells its size by fstat, and is ready for everything', () => {
    const { shell } = machine();
    const fd = shell.alloc(POOL, 10000n);
    const stat = new Uint8Array(ARM64.stat.size);
    shell.must({ call: 'fstat', fd, buf: stat });
    expect(decodeStat(stat, ARM64.stat)).toMatchObject({
      st_mode: 0o600,
      st_size: 12288n,
      st_blocks: 24n,
      st_ino: 1n,
    });
    expect(shell.call({ call: 'fstat', fd, buf: null }).errno).toBe('EFAULT');
    const asked = [fd, openHeap(shell), 99, -1].map((of) => ({ fd: of, events: 0x145, revents: 7 }));
    const fds = encodePollfds(asked);
    expect(shell.call({ call: 'poll', fds, timeout: 0 })).toEqual({ ret: 3 });
    expect(decodePollfds(fds).map(({ revents }) => revents)).toEqual([
      POLLIN | POLLOUT,
      POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM,
      POLLNVAL,
      0,
    ]);
    expect(shell.call({ call: 'poll', fds: null, timeout: 0 }).errno).toBe('EFAULT');
  });

  it('gives sync files whose fence has signalled, and takes them back', () => {
    const { shell } = machine();
    const fd = shell.alloc(CMA, PAGE);
    const ask = (request: number, flags: number, of: number) => {
      const arg = encodeDmaBufSyncFile({ flags, fd: of });
      return [shell.call({ call: 'ioctl', fd, request, arg }).errno ?? 'ok', decodeDmaBufSyncFile(arg).fd];
    };
    expect(ask(DMA_BUF_IOCTL_EXPORT_SYNC_FILE, DMA_BUF_SYNC_RW, -1)).toEqual(['ok', 3]);
    expect(ask(DMA_BUF_IOCTL_EXPORT_SYNC_FILE, 4, -1)).toEqual(['EINVAL', -1]);
    expect(ask(DMA_BUF_IOCTL_IMPORT_SYNC_FILE, DMA_BUF_SYNC_READ, 3)).toEqual(['ok', 3]);
    expect(ask(DMA_BUF_IOCTL_IMPORT_SYNC_FILE, DMA_BUF_SYNC_READ, fd)).toEqual(['EINVAL', fd]);
    expect(shell.must({ call: 'fcntl', fd: 3, cmd: fcntl.F_GETFD, arg: 0 })).toBe(1);
    const fds = encodePollfds([{ fd: 3, events: POLLIN | POLLOUT, revents: 0 }]);
    shell.must({ call: 'poll', fds, timeout: -1 });
    expect(decodePollfds(fds)[0]?.revents).toBe(POLLIN);
    expect(shell.call({ call: 'mmap', fd: 3, length: PAGE, prot: 1, flags: 1, offset: 0n }).errno).toBe(
      'ENODEV',
    );
    shell.must({ call: 'setrlimit', resource: 'RLIMIT_NOFILE', soft: 5 });
    expect(ask(DMA_BUF_IOCTL_EXPORT_SYNC_FILE, DMA_BUF_SYNC_RW, -1)).toEqual(['EMFILE', -1]);
  });

  it('lives while a mapping or an importer is left, and bufinfo counts them', () => {
    const { shell, kernel } = machine();
    const fd = shell.alloc(CMA, PAGE);
    const view = shell.map(fd, PAGE);
    const cam = shell.attach(fd, 'cam');
    const gpu = shell.attach(fd, 'gpu');
    const count = () => /\t(\d{8})\tvideo-cma/.exec(shell.cat(BUFINFO))?.[1];
    expect([count(), shell.cat(BUFINFO).includes('\tgpu\n\tcam\nTotal 2 devices attached\n')]).toEqual([
      '00000004',
      true,
    ]);
    shell.must({ call: 'close', fd });
    shell.must({ call: 'munmap', mapping: view });
    shell.must({ call: 'dma_buf_detach', attachment: cam });
    expect(count()).toBe('00000001');
    shell.must({ call: 'dma_buf_detach', attachment: gpu });
    expect(kernel.buffers()).toEqual([]);
    expect(shell.call({ call: 'dma_buf_detach', attachment: gpu }).errno).toBe('EINVAL');
  });

  it('cannot be opened a second time through /proc', () => {
    const { shell } = machine();
    const fd = shell.alloc(CMA, PAGE);
    const open = (path: string, flags = fcntl.O_RDONLY) =>
      shell.call({ call: 'open', path, flags }).errno ?? 'ok';
    expect(open(`/proc/self/fd/${fd}`)).toBe('ENXIO');
    expect(open(`/proc/self/fd/${openHeap(shell)}`)).toBe('ok');
    expect(open('/proc/self/fd', fcntl.O_RDWR)).toBe('EISDIR');
    expect(open('/proc/cmdline', ARM64.openFlags.O_DIRECTORY)).toBe('ENOTDIR');
    expect(open('/proc/nothing')).toBe('ENOENT');
    expect(open(BUFINFO, fcntl.O_CREAT | fcntl.O_EXCL)).toBe('EEXIST');
  });
});

describe('mmap', () => {
  it('knows MAP_SHARED_VALIDATE, and says by name what it does not model', () => {
    const { shell } = machine();
    const fd = shell.alloc(CMA, PAGE);
    const map = (flags: number, prot = 1) =>
      shell.call({ call: 'mmap', fd, length: PAGE, prot, flags, offset: 0n });
    expect(map(fcntl.MAP_SHARED_VALIDATE).errno).toBeUndefined();
    expect(map(fcntl.MAP_SHARED_VALIDATE | 0x80000).errno).toBe('EOPNOTSUPP');
    expect(map(fcntl.MAP_SHARED | fcntl.MAP_HUGETLB).errno).toBe('EINVAL');
    expect(map(0).errno).toBe('EINVAL');
    expect(map(fcntl.MAP_SHARED, fcntl.PROT_EXEC).errno).toBe('EPERM');
    expect(() => map(fcntl.MAP_SHARED | fcntl.MAP_ANONYMOUS)).toThrow('MAP_ANONYMOUS');
  });
});

describe('mmap, check by check', () => {
  it('looks at the offset before the descriptor, and for room before the file', () => {
    const { shell } = machine();
    const fd = shell.alloc(CMA, PAGE);
    const node = openHeap(shell);
    const map = (given: { fd?: number; offset?: bigint; length?: bigint; flags?: number }) =>
      shell.call({ call: 'mmap', fd, length: PAGE, prot: 1, flags: 1, offset: 0n, ...given }).errno ?? 'ok';
    expect(map({ fd: 99, offset: 1n })).toBe('EINVAL');
    expect(map({ fd: 99 })).toBe('EBADF');
    expect(map({ length: 1n << 60n })).toBe('ENOMEM');
    expect(map({ fd: node, length: (1n << 64n) - 4096n })).toBe('ENOMEM');
    expect(map({ flags: 1 | fcntl.MAP_GROWSDOWN })).toBe('EINVAL');
    expect(map({ fd: node, flags: 1 | fcntl.MAP_GROWSDOWN })).toBe('ENODEV');
  });

  it('maps a part of one entry of a scattered buffer privately, and no more', () => {
    const { shell } = machine();
    const fd = shell.alloc('system', 17n * PAGE);
    expect(shell.kernel.buffer('shell', fd)?.sgTable.map(({ pages }) => pages)).toEqual([16, 1]);
    const map = (offset: bigint, length: bigint) =>
      shell.call({ call: 'mmap', fd, length, prot: 1, flags: fcntl.MAP_PRIVATE, offset }).errno ?? 'ok';
    expect([map(0n, 16n * PAGE), map(PAGE, 15n * PAGE), map(16n * PAGE, PAGE)]).toEqual(['ok', 'ok', 'ok']);
    expect([map(0n, 17n * PAGE), map(15n * PAGE, 2n * PAGE)]).toEqual(['EINVAL', 'EINVAL']);
  });

  it.each(['munmap', 'execve', 'exit'] as const)(
    'a mapping that %s has ended is a segmentation fault',
    (call) => {
      const { shell, kernel } = machine();
      const fd = shell.alloc(CMA, PAGE, fcntl.O_RDWR);
      const mapping = kernel.mapping(shell.map(fd, PAGE));
      mapping.write(0n, Uint8Array.of(1));
      shell.must(call === 'munmap' ? { call, mapping: mapping.id } : { call });
      expect(() => mapping.write(0n, Uint8Array.of(7))).toThrow('SIGSEGV, SEGV_MAPERR');
      if (call !== 'munmap') return;
      // The number is another mapping's now.
      const next = shell.map(shell.alloc(CMA, PAGE), PAGE);
      expect(next).toBe(mapping.id);
      expect(() => mapping.read(0n, new Uint8Array(1))).toThrow('SIGSEGV');
      expect(shell.load(next, 0, 1)).toEqual([0]);
    },
  );
});

describe('directories', () => {
  it('are read entry by entry, as much as the buffer holds', () => {
    const { shell } = machine();
    const fd = shell.must({ call: 'open', path: '/dev/dma_heap', flags: ARM64.openFlags.O_DIRECTORY });
    const names: string[] = [];
    for (;;) {
      const buf = new Uint8Array(64);
      const got = shell.must({ call: 'getdents64', fd, buf });
      if (got === 0) break;
      names.push(...decodeDirents(buf.subarray(0, got)).map(({ d_name }) => d_name));
    }
    expect(names.sort()).toEqual(['.', '..', 'system', CMA, POOL].sort());
    expect(shell.call({ call: 'getdents64', fd, buf: new Uint8Array(8) })).toEqual({ ret: 0 });
    shell.must({ call: 'lseek', fd, offset: 0n, whence: fcntl.SEEK_SET });
    expect(shell.call({ call: 'getdents64', fd, buf: new Uint8Array(8) }).errno).toBe('EINVAL');
    expect(shell.call({ call: 'read', fd, buf: new Uint8Array(8) }).errno).toBe('EISDIR');
  });
});

describe('tasks', () => {
  it('fork copies descriptors and mappings, exec closes what should be, exit everything', () => {
    const { shell, kernel } = machine();
    const kept = shell.alloc(CMA, PAGE, fcntl.O_RDWR);
    const closed = shell.alloc(CMA, PAGE);
    const view = shell.map(kept, PAGE);
    expect(shell.call({ call: 'fork', child: 'child' })).toEqual({ ret: 2 });
    expect(shell.call({ call: 'fork', child: 'child' }).errno).toBe('EEXIST');
    const child = new Task(kernel, 'child');
    child.store(view, 0, [42]);
    expect(shell.load(view, 0, 1)).toEqual([42]);
    expect(kernel.buffer('child', kept)?.count).toBe(4);
    expect(child.call({ call: 'execve' })).toEqual({ ret: 0 });
    expect([kernel.buffer('child', kept)?.count, kernel.buffer('child', closed)]).toEqual([3, undefined]);
    expect(() => kernel.mapping(view, 'child')).toThrow('no mapping');
    shell.must({ call: 'exit' });
    expect(kernel.buffers().map(({ fds }) => fds)).toEqual([[{ task: 'child', fd: kept, cloexec: false }]]);
    child.must({ call: 'exit' });
    expect([kernel.buffers(), kernel.tasks()]).toEqual([[], []]);
    expect(shell.call({ call: 'fork', child: 'late' }).errno).toBe('ESRCH');
  });

  it('a private mapping of a child keeps the pages that its parent had written', () => {
    const { shell, kernel } = machine();
    const fd = shell.alloc(POOL, PAGE);
    const own = shell.map(fd, PAGE, { flags: fcntl.MAP_PRIVATE });
    shell.store(own, 0, [1]);
    shell.must({ call: 'fork', child: 'child' });
    const child = new Task(kernel, 'child');
    shell.store(own, 0, [2]);
    expect([child.load(own, 0, 1), shell.load(own, 0, 1)]).toEqual([[1], [2]]);
  });

  it('a sent descriptor is the same open file under the lowest number that is free', () => {
    const { shell, kernel } = machine();
    const fd = shell.alloc(CMA, PAGE);
    shell.must({ call: 'task_add', name: 'camera', credentials: { uid: 0, gid: 0, groups: [] }, nofile: 4 });
    expect(shell.call({ call: 'sendmsg', fd, to: 'camera', cloexec: true })).toEqual({ ret: 3 });
    expect(shell.call({ call: 'sendmsg', fd, to: 'camera' }).errno).toBe('EMFILE');
    expect(shell.call({ call: 'sendmsg', fd, to: 'nobody' }).errno).toBe('ESRCH');
    expect(kernel.buffer('camera', 3)).toMatchObject({
      ino: 1,
      count: 2,
      fds: [
        { task: 'camera', fd: 3, cloexec: true },
        { task: 'shell', fd, cloexec: true },
      ],
    });
  });

  it('a device keeps what it had imported while a child shares its file, and for nobody else', () => {
    const { shell, kernel } = machine();
    const fd = shell.alloc(CMA, PAGE);
    const cam = shell.attach(fd, 'cam');
    shell.must({ call: 'fork', child: 'child' });
    shell.must({ call: 'task_add', name: 'other', credentials: { uid: 0, gid: 0, groups: [] }, nofile: 8 });
    const detach = { call: 'dma_buf_detach', attachment: cam } as const;
    expect(kernel.syscall('other', detach)).toMatchObject({
      errno: 'EINVAL',
      why: { kind: 'attachment-held' },
    });
    shell.must({ call: 'exit' });
    new Task(kernel, 'child').must({ call: 'close', fd });
    expect(kernel.buffers().map(({ attachments }) => attachments.map(({ task }) => task))).toEqual([
      ['child'],
    ]);
    expect(kernel.syscall('child', detach)).toEqual({ ret: 0 });
    expect(kernel.buffers()).toEqual([]);
  });

  it('limits are unsigned', () => {
    const { shell } = machine();
    const limit = (soft: number) => shell.call({ call: 'setrlimit', resource: 'RLIMIT_NOFILE', soft }).errno;
    expect([limit(-1), limit(2 ** 20 + 1), limit(2 ** 20)]).toEqual(['EPERM', 'EPERM', undefined]);
  });

  it('a device gives up what it had imported for a task that exits', () => {
    const { shell, kernel } = machine();
    const fd = shell.alloc(CMA, PAGE);
    shell.must({ call: 'fork', child: 'child' });
    const child = new Task(kernel, 'child');
    child.mapFor(child.attach(fd, 'cam'));
    shell.must({ call: 'close', fd });
    child.must({ call: 'exit' });
    expect(kernel.buffers()).toEqual([]);
  });

  it('names that could be paths or keys are refused', () => {
    const { shell } = machine();
    for (const child of ['', 'a/b', '..', '12', 'x'.repeat(64), 'a b']) {
      expect(shell.call({ call: 'fork', child }).errno, child).toBe('EINVAL');
    }
  });

  it('an allocation that finds no descriptor in a full table leaves nothing behind', () => {
    const { shell, kernel } = machine();
    const node = openHeap(shell);
    shell.must({ call: 'setrlimit', resource: 'RLIMIT_NOFILE', soft: 4 });
    const arg = new Uint8Array(24);
    new DataView(arg.buffer).setBigUint64(0, PAGE, true);
    expect(shell.call({ call: 'ioctl', fd: node, request: DMA_HEAP_IOCTL_ALLOC, arg }).errno).toBe('EMFILE');
    expect(kernel.buffers()).toEqual([]);
  });
});
