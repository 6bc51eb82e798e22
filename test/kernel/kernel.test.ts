import { describe, expect, it } from 'vitest';
import { NotModelled } from '../../src/dma-buf/not-modelled.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { SegmentationFault } from '../../src/kernel/mapping.ts';
import type { Syscall, SyscallResult } from '../../src/kernel/syscall.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../../src/uapi/dma-heap.ts';
import * as fcntl from '../../src/uapi/fcntl.ts';
import { IOC_READ, IOC_WRITE, ioc } from '../../src/uapi/ioctl.ts';
import { GiB, KiB, MiB } from '../../src/units.ts';
import { pfnPhys } from '../pages.ts';
import { alloc, board, bootBoard, cma, coherent, RAM_BASE } from '../small-board.ts';

const CMA = 'video-cma@48000000';
const POOL = 'vpu-pool@46000000';

/** One of each backend: a CMA area of 4 MiB, a pool of 1.5 MiB, RAM of 256 MiB. */
const started = (params = {}) =>
  bootBoard(board([cma(CMA, 0x48000000n, 4n * MiB), coherent(POOL, 0x46000000n, 1536n * KiB)]), {
    cmdline: 'cma=0',
    ...params,
  });

const call = (kernel: Kernel, what: Syscall): SyscallResult => kernel.syscall('shell', what);
const open = (kernel: Kernel, heap: string, flags = fcntl.O_RDWR) =>
  call(kernel, { call: 'open', path: `/dev/dma_heap/${heap}`, flags });
const close = (kernel: Kernel, fd: number) => call(kernel, { call: 'close', fd });
const mmap = (
  kernel: Kernel,
  fd: number,
  given: { length?: bigint; prot?: number; flags?: number; offset?: bigint } = {},
) =>
  call(kernel, {
    call: 'mmap',
    fd,
    length: 4096n,
    prot: fcntl.PROT_READ | fcntl.PROT_WRITE,
    flags: fcntl.MAP_SHARED,
    offset: 0n,
    ...given,
  });

const heap = (kernel: Kernel, name: string) => {
  const view = kernel.heaps().find((h) => h.name === name);
  if (view === undefined) throw new Error(`no heap ${name}`);
  return view;
};

describe('open', () => {
  it('gives the lowest free descriptor, with 0 to 2 taken', () => {
    const { kernel } = started();
    expect(open(kernel, 'system')).toEqual({ ret: 3 });
    expect(open(kernel, CMA)).toEqual({ ret: 4 });
    close(kernel, 3);
    expect(open(kernel, POOL)).toEqual({ ret: 3 });
    close(kernel, 0);
    expect(open(kernel, POOL)).toEqual({ ret: 0 });
  });

  it('says ENOENT and what there is', () => {
    const { kernel } = started();
    const known = ['system', CMA, POOL];
    expect(open(kernel, 'nope')).toEqual({
      ret: -2,
      errno: 'ENOENT',
      why: { kind: 'no-such-heap', name: 'nope', known },
    });
    const elsewhere = call(kernel, { call: 'open', path: '/dev/null', flags: 0 });
    expect(elsewhere.errno).toBe('ENOENT');
    expect(call(kernel, { call: 'open', path: 'system', flags: 0 }).errno).toBe('ENOENT');
  });

  it('runs out of descriptors before it looks the path up', () => {
    const { kernel } = started({ nofile: 4 });
    expect(open(kernel, 'system').ret).toBe(3);
    const full = { ret: -24, errno: 'EMFILE', why: { kind: 'descriptor-limit', limit: 4 } };
    expect(open(kernel, 'system')).toEqual(full);
    expect(open(kernel, 'nope')).toEqual(full);
  });
});

describe('ioctl ALLOC', () => {
  it('numbers the first buffers 4 and 5 when the heap is closed after each call', () => {
    const { kernel } = started();
    const fds = [1, 2, 3].map(() => alloc(kernel, CMA, 4096n).fd);
    expect(fds).toEqual([4, 5, 6]);
  });

  it('numbers them the same while the heap stays open', () => {
    const { kernel } = started();
    const node = open(kernel, CMA).ret;
    const fds = [1, 2, 3].map(() => {
      const arg = encodeDmaHeapAllocationData({ len: 4096n, fd: 0, fd_flags: 2, heap_flags: 0n });
      call(kernel, { call: 'ioctl', fd: node, request: DMA_HEAP_IOCTL_ALLOC, arg });
      return decodeDmaHeapAllocationData(arg).fd;
    });
    expect(fds).toEqual([4, 5, 6]);
  });

  it('rounds the length up to pages, and keeps mode and close-on-exec', () => {
    const { kernel } = started();
    const { fd } = alloc(kernel, CMA, 4097n, { fd_flags: fcntl.O_WRONLY });
    expect(kernel.buffer('shell', fd)).toEqual({
      ino: 1,
      heap: CMA,
      expName: CMA,
      size: 8192n,
      flags: fcntl.O_WRONLY,
      count: 1,
      fds: [{ task: 'shell', fd, cloexec: false }],
      mappings: [],
      attachments: [],
      pageSize: 4096,
      sgTable: [{ pfn: 0x48000, pages: 2 }],
      call: 1,
      maker: 'shell',
    });
    const other = alloc(kernel, 'system', 1n, { fd_flags: fcntl.O_RDWR | fcntl.O_CLOEXEC });
    expect(kernel.buffer('shell', other.fd)?.fds).toEqual([{ task: 'shell', fd: other.fd, cloexec: true }]);
  });

  it.each([
    ['fd', { fd: 1 }, 4096n],
    ['fd_flags', { fd_flags: 4 }, 4096n],
    ['fd_flags', { fd_flags: 0x80000000 }, 4096n],
    ['heap_flags', { heap_flags: 1n }, 4096n],
    ['heap_flags', { heap_flags: 1n << 63n }, 4096n],
    ['len', {}, 0n],
    ['len', {}, (1n << 64n) - 4095n],
    ['len', {}, (1n << 64n) - 1n],
  ])('case %#: refuses a bad %s and takes nothing', (argument, given, len) => {
    const { kernel } = started();
    for (const name of ['system', CMA, POOL]) {
      const before = heap(kernel, name);
      const result = alloc(kernel, name, len, given);
      expect(result.errno).toBe('EINVAL');
      expect(result.why).toMatchObject({ kind: 'bad-argument', argument });
      expect(heap(kernel, name)).toEqual(before);
    }
  });

  it('looks at the arguments in the order of the kernel', () => {
    const { kernel } = started();
    const all = alloc(kernel, CMA, 0n, { fd: 1, fd_flags: 4, heap_flags: 1n });
    expect(all.why).toMatchObject({ argument: 'fd' });
    expect(alloc(kernel, CMA, 0n, { fd_flags: 4, heap_flags: 1n }).why).toMatchObject({
      argument: 'fd_flags',
    });
    expect(alloc(kernel, CMA, 0n, { heap_flags: 1n }).why).toMatchObject({ argument: 'heap_flags' });
  });

  it.each([(1n << 64n) - 4096n, 1n << 63n, 1n << 52n])('answers a length of %i at once', (len) => {
    const { kernel, records } = started();
    expect(alloc(kernel, CMA, len)).toMatchObject({
      errno: 'ENOMEM',
      why: { kind: 'cma-no-room', pages: len >> 12n },
    });
    expect(alloc(kernel, POOL, len)).toMatchObject({
      errno: 'ENOMEM',
      why: { kind: 'coherent-no-room', pages: len >> 12n },
    });
    expect(alloc(kernel, 'system', len)).toMatchObject({
      ret: -4,
      errno: 'EINTR',
      why: { kind: 'system-oom', pages: len >> 12n },
    });
    expect(kernel.buffers()).toEqual([]);
    expect([...records.list('file/')]).toHaveLength(1);
  });

  it('runs out of system memory without changing anything', () => {
    const { kernel } = started();
    const before = heap(kernel, 'system');
    expect(alloc(kernel, 'system', before.free + 4096n).errno).toBe('EINTR');
    expect(heap(kernel, 'system')).toEqual(before);
    expect(alloc(kernel, 'system', before.free).ret).toBe(0);
    expect(heap(kernel, 'system')).toMatchObject({ free: 0n, largest: 0n, buffers: 1 });
  });

  it('explains a CMA failure in numbers', () => {
    const { kernel } = started();
    const fds = Array.from({ length: 4 }, () => alloc(kernel, CMA, MiB).fd);
    close(kernel, fds[1] ?? -1);
    expect(alloc(kernel, CMA, MiB + 4096n).why).toEqual({
      kind: 'cma-no-room',
      pageSize: 4096,
      area: CMA,
      pages: 257n,
      alignPages: 256,
      freePages: 256,
      totalPages: 1024,
      largestRun: 256,
      largestAlignedRun: 256,
      logRet: -16,
    });
  });

  it('explains a pool failure in numbers', () => {
    const { kernel } = started();
    expect(alloc(kernel, POOL, MiB + 4096n).why).toEqual({
      kind: 'coherent-no-room',
      pageSize: 4096,
      pool: POOL,
      pages: 257n,
      blockPages: 512n,
      freePages: 384,
      totalPages: 384,
      largestBlock: 256,
    });
  });

  it('gives the memory back when no descriptor is left', () => {
    const { kernel } = started({ nofile: 4 });
    for (const name of ['system', CMA, POOL]) {
      const before = heap(kernel, name);
      expect(alloc(kernel, name, 65536n)).toMatchObject({
        ret: -24,
        errno: 'EMFILE',
        why: { kind: 'descriptor-limit', limit: 4 },
        fd: 0,
      });
      expect(heap(kernel, name)).toEqual(before);
    }
    expect(call(kernel, { call: 'setrlimit', resource: 'RLIMIT_NOFILE', soft: 5 })).toEqual({ ret: 0 });
    expect(alloc(kernel, CMA, 65536n).fd).toBe(4);
  });
});

describe('the struct of ALLOC, byte for byte', () => {
  const request = (direction: number, nr = 0, size = 24, type = 0x48) => ioc(direction, type, nr, size);
  const good = encodeDmaHeapAllocationData({ len: 4096n, fd: 0, fd_flags: 2, heap_flags: 0n });

  function ioctl(what: number, arg: Uint8Array | null) {
    const { kernel } = started();
    const fd = open(kernel, CMA).ret;
    const result = call(kernel, { call: 'ioctl', fd, request: what, arg });
    return { result, kernel, buffers: kernel.buffers().length };
  }

  it('is recognised by the number alone', () => {
    expect(ioctl(request(IOC_READ | IOC_WRITE, 0, 24, 0x99), good.slice()).result).toEqual({ ret: 0 });
    expect(ioctl(request(IOC_READ | IOC_WRITE, 1), good.slice()).result).toMatchObject({
      errno: 'EINVAL',
      why: { argument: 'request' },
    });
  });

  it('may be larger: what is behind it comes back as it was', () => {
    const arg = new Uint8Array(40).fill(0xee);
    arg.set(good);
    expect(ioctl(request(IOC_READ | IOC_WRITE, 0, 40), arg).result).toEqual({ ret: 0 });
    expect(decodeDmaHeapAllocationData(arg).fd).toBe(4);
    expect([...arg.subarray(24)]).toEqual(new Array(16).fill(0xee));
  });

  it('may be smaller: what is missing is zero, and does not come back', () => {
    const arg = good.slice(0, 16);
    expect(ioctl(request(IOC_READ | IOC_WRITE, 0, 16), arg).result).toEqual({ ret: 0 });
    expect(new DataView(arg.buffer).getUint32(8, true)).toBe(4);
    const tiny = good.slice(0, 8);
    expect(ioctl(request(IOC_READ | IOC_WRITE, 0, 8), tiny).result).toEqual({ ret: 0 });
    expect(tiny).toEqual(good.slice(0, 8));
  });

  it('reads as zeros without the IN bit', () => {
    expect(ioctl(request(IOC_READ), good.slice())).toMatchObject({
      result: { errno: 'EINVAL', why: { argument: 'len' } },
      buffers: 0,
    });
    expect(ioctl(request(0, 0, 0), null).result.errno).toBe('EINVAL');
  });

  it('leaks the descriptor without the OUT bit', () => {
    const arg = good.slice();
    const { result, kernel } = ioctl(request(IOC_WRITE), arg);
    expect(result).toEqual({ ret: 0 });
    expect(arg).toEqual(good);
    expect(kernel.buffers().map((b) => b.fds)).toEqual([[{ task: 'shell', fd: 4, cloexec: false }]]);
  });

  it('needs readable bytes', () => {
    expect(ioctl(DMA_HEAP_IOCTL_ALLOC, null)).toMatchObject({ result: { errno: 'EFAULT' }, buffers: 0 });
    expect(ioctl(DMA_HEAP_IOCTL_ALLOC, good.slice(0, 23))).toMatchObject({
      result: { errno: 'EFAULT' },
      buffers: 0,
    });
  });
});

describe('calls on a descriptor', () => {
  it('say EBADF when it is not open', () => {
    const { kernel } = started();
    const calls: Syscall[] = [
      { call: 'close', fd: 7 },
      { call: 'dup', fd: 7 },
      { call: 'ioctl', fd: 7, request: DMA_HEAP_IOCTL_ALLOC, arg: new Uint8Array(24) },
      { call: 'fcntl', fd: -1, cmd: fcntl.F_GETFL, arg: 0 },
      { call: 'lseek', fd: 7, offset: 0n, whence: 0 },
      { call: 'mmap', fd: 7, length: 4096n, prot: 1, flags: 1, offset: 0n },
    ];
    for (const what of calls) {
      expect(call(kernel, what)).toMatchObject({ ret: -9, errno: 'EBADF', why: { kind: 'bad-descriptor' } });
    }
  });

  it('looks at the offset of mmap first, then at the descriptor, then at the rest', () => {
    const { kernel } = started();
    const mmap = (fd: number, length: bigint, offset: bigint) =>
      call(kernel, { call: 'mmap', fd, length, prot: 1, flags: 1, offset }).why;
    expect(mmap(7, 0n, 1n)).toMatchObject({ kind: 'misaligned-offset' });
    expect(mmap(7, 0n, 0n)).toMatchObject({ kind: 'bad-descriptor' });
    const { fd } = alloc(kernel, CMA, 4096n);
    expect(mmap(fd, 0n, 0n)).toMatchObject({ kind: 'empty-mapping' });
  });

  it('are those of the table alone', () => {
    const { kernel } = started();
    for (const name of ['sched_yield', 'toString', '__proto__']) {
      expect(() => call(kernel, { call: name, fd: 1 } as unknown as Syscall), name).toThrow(NotModelled);
    }
  });

  it('dup shares the file, not the close-on-exec flag', () => {
    const { kernel } = started();
    const { fd } = alloc(kernel, CMA, 4096n);
    const copy = call(kernel, { call: 'dup', fd }).ret;
    expect(copy).toBe(3);
    expect(kernel.buffers()).toHaveLength(1);
    expect(kernel.buffer('shell', fd)).toMatchObject({
      count: 2,
      fds: [
        { fd: copy, cloexec: false },
        { fd, cloexec: true },
      ],
    });
  });

  it('dup runs out of descriptors and takes no reference', () => {
    const { kernel } = started({ nofile: 5 });
    const { fd } = alloc(kernel, CMA, 4096n);
    open(kernel, 'system');
    expect(call(kernel, { call: 'dup', fd })).toEqual({
      ret: -24,
      errno: 'EMFILE',
      why: { kind: 'descriptor-limit', limit: 5 },
    });
    expect(kernel.buffer('shell', fd)?.count).toBe(1);
  });

  it('fcntl reads the flags and changes close-on-exec', () => {
    const { kernel } = started();
    const { fd } = alloc(kernel, CMA, 4096n);
    const ask = (cmd: number, arg = 0) => call(kernel, { call: 'fcntl', fd, cmd, arg }).ret;
    expect([ask(fcntl.F_GETFD), ask(fcntl.F_GETFL)]).toEqual([fcntl.FD_CLOEXEC, fcntl.O_RDWR]);
    expect([ask(fcntl.F_SETFD, 0), ask(fcntl.F_GETFD)]).toEqual([0, 0]);
    expect([ask(fcntl.F_SETFD, 3), ask(fcntl.F_GETFD)]).toEqual([0, 1]);
    expect(ask(99)).toBe(-22);
  });

  it('lseek tells the size, and nothing else', () => {
    const { kernel } = started();
    const { fd } = alloc(kernel, CMA, 5000n);
    const seek = (offset: bigint, whence: number, on = fd) =>
      call(kernel, { call: 'lseek', fd: on, offset, whence }).ret;
    expect([seek(0n, fcntl.SEEK_SET), seek(0n, fcntl.SEEK_END)]).toEqual([0, 8192]);
    expect([seek(0n, fcntl.SEEK_CUR), seek(1n, fcntl.SEEK_SET), seek(-1n, fcntl.SEEK_END)]).toEqual([
      -22, -22, -22,
    ]);
    expect(seek(0n, 0, open(kernel, CMA).ret)).toBe(-29);
    expect(seek(0n, 9, open(kernel, CMA).ret)).toBe(-22);
    // What standard input is nobody knows.
    expect(() => seek(0n, 0, 1)).toThrow('not modelled');
  });

  it('setrlimit bounds new descriptors only', () => {
    const { kernel } = started();
    const { fd } = alloc(kernel, CMA, 4096n);
    call(kernel, { call: 'setrlimit', resource: 'RLIMIT_NOFILE', soft: 3 });
    expect(open(kernel, CMA).errno).toBe('EMFILE');
    expect(close(kernel, fd)).toEqual({ ret: 0 });
    expect(call(kernel, { call: 'setrlimit', resource: 'RLIMIT_NOFILE', soft: 2 ** 21 }).errno).toBe('EPERM');
  });
});

describe('mmap', () => {
  it.each([
    ['a length of 0', { length: 0n }, 'EINVAL'],
    ['an offset inside a page', { offset: 1n }, 'EINVAL'],
    ['what ends behind the buffer', { length: 8193n }, 'EINVAL'],
    ['what begins at its end', { offset: 8192n }, 'EINVAL'],
    ['a negative offset', { offset: -4096n }, 'EOVERFLOW'],
    ['neither shared nor private', { flags: 0 }, 'EINVAL'],
    ['a length that wraps', { length: (1n << 64n) - 1n }, 'ENOMEM'],
  ])('refuses %s', (_, given, errno) => {
    const { kernel } = started();
    const { fd } = alloc(kernel, CMA, 8192n);
    expect(mmap(kernel, fd, given).errno).toBe(errno);
    expect(kernel.buffer('shell', fd)?.count).toBe(1);
  });

  const { PROT_READ: R, PROT_WRITE: W, PROT_NONE: N } = fcntl;
  it.each([
    [fcntl.O_RDWR, [N, R, W, R | W], []],
    [fcntl.O_RDONLY, [N, R], [W, R | W]],
    [fcntl.O_WRONLY, [], [N, R, W, R | W]],
    [3, [], [N, R, W, R | W]],
  ])('of a descriptor with mode %i allows %j and refuses %j', (fd_flags, allowed, refused) => {
    const { kernel } = started();
    for (const name of ['system', CMA, POOL]) {
      const { fd } = alloc(kernel, name, 4096n, { fd_flags });
      for (const prot of allowed) expect(mmap(kernel, fd, { prot }).ret).toBeGreaterThan(0);
      for (const prot of refused) {
        expect(mmap(kernel, fd, { prot })).toMatchObject({
          errno: 'EACCES',
          why: { kind: 'access-mode', flags: fd_flags },
        });
      }
    }
  });

  it('is private on coherent and system buffers only', () => {
    const { kernel } = started();
    const ret = (name: string) =>
      mmap(kernel, alloc(kernel, name, 4096n).fd, { flags: fcntl.MAP_PRIVATE }).errno ?? 'ok';
    expect([ret(CMA), ret(POOL), ret('system')]).toEqual(['EINVAL', 'ok', 'ok']);
  });

  it('is not there for heap nodes and terminals', () => {
    const { kernel } = started();
    expect(mmap(kernel, open(kernel, CMA).ret).errno).toBe('ENODEV');
    expect(mmap(kernel, 0).errno).toBe('ENODEV');
  });

  it('reads and writes the memory of the buffer, piece by piece', () => {
    const { kernel, memory } = started();
    // 1 MiB + 64 KiB + 4 KiB: three pieces.
    const { fd } = alloc(kernel, 'system', MiB + 68n * KiB);
    const sgTable = kernel.buffer('shell', fd)?.sgTable ?? [];
    expect(sgTable.map((piece) => piece.pages)).toEqual([256, 16, 1]);
    const mapping = kernel.mapping(mmap(kernel, fd, { length: MiB + 68n * KiB }).ret);
    expect(mapping.length).toBe(MiB + 68n * KiB);
    const bytes = Uint8Array.from({ length: 69_700 }, (_, i) => i % 251);
    mapping.write(MiB - 100n, bytes);
    const back = new Uint8Array(69_700);
    mapping.read(MiB - 100n, back);
    expect(back).toEqual(bytes);
    const second = new Uint8Array(8);
    memory.read(pfnPhys(sgTable[1]?.pfn ?? -1), second);
    expect(second).toEqual(bytes.slice(100, 108));
  });

  it('begins at its offset and ends at its length', () => {
    const { kernel, memory } = started();
    const { fd } = alloc(kernel, CMA, 12288n);
    const mapping = kernel.mapping(mmap(kernel, fd, { offset: 4096n, length: 100n }).ret);
    expect(mapping.length).toBe(4096n);
    mapping.write(0n, Uint8Array.of(7));
    const byte = new Uint8Array(1);
    memory.read(0x48001000n, byte);
    expect(byte[0]).toBe(7);
    expect(() => mapping.read(4095n, new Uint8Array(2))).toThrow(SegmentationFault);
    expect(() => mapping.write(-1n, new Uint8Array(1))).toThrow(SegmentationFault);
  });

  it('faults where the protection does not allow the access', () => {
    const { kernel } = started();
    const { fd } = alloc(kernel, CMA, 4096n);
    const mapped = (prot: number) => kernel.mapping(mmap(kernel, fd, { prot }).ret);
    expect(() => mapped(R).write(0n, new Uint8Array(1))).toThrow(/write at offset 0/);
    expect(() => mapped(N).read(0n, new Uint8Array(1))).toThrow(/read at offset 0/);
    mapped(W).read(0n, new Uint8Array(1));
  });

  it('private: what is written stays with the mapping', () => {
    const { kernel } = started();
    const { fd } = alloc(kernel, POOL, 12288n);
    const whole = { length: 12288n };
    const shared = kernel.mapping(mmap(kernel, fd, whole).ret);
    shared.write(0n, new Uint8Array(12288).fill(1));
    const id = mmap(kernel, fd, { ...whole, flags: fcntl.MAP_PRIVATE }).ret;
    const own = kernel.mapping(id);
    own.write(4090n, new Uint8Array(10).fill(9));
    shared.write(8192n, Uint8Array.of(5));
    const [mine, theirs] = [new Uint8Array(12288), new Uint8Array(12288)];
    own.read(0n, mine);
    shared.read(0n, theirs);
    expect([...mine.subarray(4088, 4102)]).toEqual([1, 1, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 1, 1]);
    expect(theirs.subarray(0, 8192).every((byte) => byte === 1)).toBe(true);
    // A page that was not written to is still the buffer's.
    expect([mine[8192], theirs[8192]]).toEqual([5, 5]);
    call(kernel, { call: 'munmap', mapping: id });
    const next = kernel.mapping(mmap(kernel, fd, { ...whole, flags: fcntl.MAP_PRIVATE }).ret);
    next.read(0n, mine);
    expect(mine[4090]).toBe(1);
  });

  it('munmap ends it once, and only for its task', () => {
    const { kernel } = started();
    const id = mmap(kernel, alloc(kernel, CMA, 4096n).fd).ret;
    expect(call(kernel, { call: 'fork', child: 'other' }).ret).toBe(2);
    expect(kernel.syscall('other', { call: 'munmap', mapping: id })).toEqual({ ret: 0 });
    expect(kernel.syscall('nobody', { call: 'munmap', mapping: id }).errno).toBe('ESRCH');
    expect(call(kernel, { call: 'munmap', mapping: id })).toEqual({ ret: 0 });
    expect(call(kernel, { call: 'munmap', mapping: id }).errno).toBe('EINVAL');
    expect(() => kernel.mapping(id)).toThrow('no mapping');
  });
});

describe('the life of a buffer', () => {
  it.each(['system', CMA, POOL])('on %s lasts until the last descriptor and mapping', (name) => {
    const { kernel } = started();
    const before = heap(kernel, name);
    const { fd } = alloc(kernel, name, 8192n);
    const copy = call(kernel, { call: 'dup', fd }).ret;
    const mapping = mmap(kernel, fd).ret;
    expect(heap(kernel, name)).toMatchObject({ buffers: 1, free: before.free - 8192n });
    close(kernel, fd);
    close(kernel, copy);
    expect(kernel.buffers()).toMatchObject([{ count: 1, fds: [] }]);
    expect(heap(kernel, name).free).toBe(before.free - 8192n);
    kernel.mapping(mapping).write(0n, Uint8Array.of(1));
    call(kernel, { call: 'munmap', mapping });
    expect(kernel.buffers()).toEqual([]);
    expect(heap(kernel, name)).toEqual(before);
  });

  it.each(['system', CMA, POOL])('on %s leaves its bytes until the pages are used again', (name) => {
    const { kernel, memory } = started();
    const { fd } = alloc(kernel, name, 8192n);
    // A system buffer's two pages need not be neighbours.
    const places = (of: number) =>
      (kernel.buffer('shell', of)?.sgTable ?? []).map(
        ({ pfn, pages }) => [pfnPhys(pfn), pages * 4096] as const,
      );
    const before = places(fd);
    const bytesAt = () =>
      before.flatMap(([at, length]) => {
        const bytes = new Uint8Array(length);
        memory.read(at, bytes);
        return [...bytes];
      });
    const mapping = mmap(kernel, fd, { length: 8192n }).ret;
    kernel.mapping(mapping).write(0n, new Uint8Array(8192).fill(0xaa));
    call(kernel, { call: 'munmap', mapping });
    close(kernel, fd);
    expect(bytesAt()).toEqual(new Array(8192).fill(0xaa));
    const again = alloc(kernel, name, 8192n).fd;
    expect(places(again)).toEqual(before);
    expect(bytesAt()).toEqual(new Array(8192).fill(0));
  });

  it('zeroes the bytes that were asked for, not the rest of a pool block', () => {
    const { kernel, memory } = started();
    memory.write(0x46000000n, new Uint8Array(16384).fill(0xaa));
    alloc(kernel, POOL, 12288n);
    const bytes = new Uint8Array(16384);
    memory.read(0x46000000n, bytes);
    expect(bytes.indexOf(0xaa)).toBe(12288);
  });

  it('numbers inodes from 1 and lists buffers oldest first', () => {
    const { kernel } = started();
    const [a, b] = [alloc(kernel, CMA, 4096n).fd, alloc(kernel, POOL, 4096n).fd];
    close(kernel, a);
    alloc(kernel, 'system', 4096n);
    expect(kernel.buffers().map(({ ino, heap: name }) => [ino, name])).toEqual([
      [2, POOL],
      [3, 'system'],
    ]);
    expect(kernel.buffer('shell', b)?.ino).toBe(2);
    expect(kernel.buffer('shell', 0)).toBeUndefined();
    expect(kernel.buffer('shell', 99)).toBeUndefined();
  });
});

describe('views', () => {
  it('show the heaps by minor', () => {
    const { kernel } = started();
    alloc(kernel, CMA, 300n * KiB);
    alloc(kernel, POOL, 300n * KiB);
    expect(kernel.heaps().map(({ size, free, ...rest }) => ({ ...rest, used: size - free }))).toMatchObject([
      { name: 'system', minor: 0, mode: '600', backend: 'system', buffers: 0, used: 128n * KiB },
      {
        name: CMA,
        minor: 1,
        backend: 'cma',
        region: CMA,
        base: 0x48000000n,
        buffers: 1,
        used: 300n * KiB,
        largest: 4n * MiB - 300n * KiB,
      },
      {
        name: POOL,
        minor: 2,
        backend: 'coherent',
        region: POOL,
        base: 0x46000000n,
        buffers: 1,
        used: 512n * KiB,
        largest: 512n * KiB,
      },
    ]);
  });

  it('say which kernel this is', () => {
    const { kernel } = started();
    kernel.printk.advance(5);
    expect(kernel.info()).toMatchObject({
      banner:
        'Linux 7.3.4, coherent heap series v3 (not mainline), CMA none, arm64 defconfig plus the heaps built in',
      cmdline: 'cma=0',
      layout: [{ base: RAM_BASE, size: GiB / 4n }],
      time: 5,
    });
  });
});

describe('onSyscall', () => {
  it('is called once a call, after it, with its answer', () => {
    const { kernel } = started();
    const seen: string[] = [];
    kernel.onSyscall = (task, what, result) => seen.push(`${task} ${what.call} ${result.ret}`);
    const { fd } = alloc(kernel, CMA, 4096n);
    call(kernel, { call: 'dup', fd });
    close(kernel, 42);
    call(kernel, { call: 'setrlimit', resource: 'RLIMIT_NOFILE', soft: 10 });
    expect(seen).toEqual([
      'shell open 3',
      'shell ioctl 0',
      'shell close 0',
      'shell dup 3',
      'shell close -9',
      'shell setrlimit 0',
    ]);
  });
});
