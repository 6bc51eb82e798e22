/** ioctl-edge.c: flags, sizes, pointers and foreign requests. */
import { DMA_BUF_IOCTL_SYNC, DMA_BUF_SET_NAME_A, DMA_BUF_SET_NAME_B } from '../../../src/uapi/dma-buf.ts';
import {
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
  encodeDmaHeapAllocationData,
} from '../../../src/uapi/dma-heap.ts';
import * as fcntl from '../../../src/uapi/fcntl.ts';
import { ioc } from '../../../src/uapi/ioctl.ts';
import { PAGE, type Program, RDWR } from './libc.ts';

const ALLOC = DMA_HEAP_IOCTL_ALLOC;
const H = 0x48;
const RW = fcntl.O_RDWR;
const MAX = (1n << 64n) - 1n;

const REQUESTS = [
  ['ALLOC with size 8', ioc(3, H, 0, 8)],
  ['ALLOC with size 16', ioc(3, H, 0, 16)],
  ['ALLOC with size 32', ioc(3, H, 0, 32)],
  ['ALLOC with size 200', ioc(3, H, 0, 200)],
  ['ALLOC with size 0', ioc(3, H, 0, 0)],
  ['ALLOC write only', ioc(1, H, 0, 24)],
  ['ALLOC read only', ioc(2, H, 0, 24)],
  ['ALLOC no direction', ioc(0, H, 0, 24)],
  ["ALLOC of type 'b'", ioc(3, 0x62, 0, 24)],
  ['ALLOC of type 0', ioc(3, 0, 0, 24)],
  ['number 1', ioc(3, H, 1, 24)],
  ['number 255', ioc(3, H, 255, 24)],
  ['request 0', 0],
  ['request -1', 0xffffffff],
  ['BUF_SYNC', DMA_BUF_IOCTL_SYNC],
  ['SET_NAME', DMA_BUF_SET_NAME_B],
] as const;

const GENERIC = [
  ['FIONBIO', 0x5421],
  ['FIOASYNC', 0x5452],
  ['FIOCLEX', 0x5451],
  ['FIONCLEX', 0x5450],
  ['FIONREAD', 0x541b],
  ['FIOQSIZE', 0x5460],
  ['FIGETBSZ', 2],
  ['TCGETS', 0x5401],
  ['BLKGETSIZE', 0x1260],
] as const;

const struct = (len: bigint, fd = 0, fd_flags = RW, heap_flags = 0n): Uint8Array =>
  encodeDmaHeapAllocationData({ len, fd, fd_flags: fd_flags >>> 0, heap_flags });

export function ioctlEdge(the: Program): void {
  const { heap } = the;
  const buf = the.get(heap, 2n * PAGE, RDWR).ret;
  const ask = (name: string, len: bigint, fd: number, flags: number, heapFlags: bigint): void => {
    const arg = struct(len, fd, flags, heapFlags);
    const result = the.ioctl(heap, ALLOC, arg);
    the.res(name, result);
    if (result.ret < 0) return;
    const made = decodeDmaHeapAllocationData(arg).fd;
    the.res(`${name}: size`, the.lseek(made, 0n, fcntl.SEEK_END));
    the.close(made);
  };
  ask('length 1', 1n, 0, RW, 0n);
  ask('length 4097', 4097n, 0, RW, 0n);
  ask('length 0', 0n, 0, RW, 0n);
  ask('length UINT64_MAX', MAX, 0, RW, 0n);
  ask('length UINT64_MAX - 4094', MAX - 4094n, 0, RW, 0n);
  if (!the.path.endsWith('/system')) {
    ask('length UINT64_MAX - 4095', MAX - 4095n, 0, RW, 0n);
    ask('length 1 TiB', 1n << 40n, 0, RW, 0n);
    ask('length 1 << 63', 1n << 63n, 0, RW, 0n);
  }
  ask('fd 1 given', PAGE, 1, RW, 0n);
  ask('fd UINT32_MAX given', PAGE, 0xffffffff, RW, 0n);
  ask('flags 0', PAGE, 0, 0, 0n);
  ask('flags O_WRONLY', PAGE, 0, fcntl.O_WRONLY, 0n);
  ask('flags O_ACCMODE', PAGE, 0, fcntl.O_ACCMODE, 0n);
  ask('flags O_RDWR O_CLOEXEC', PAGE, 0, RDWR, 0n);
  ask('flags O_NONBLOCK', PAGE, 0, RW | fcntl.O_NONBLOCK, 0n);
  ask('flags O_APPEND', PAGE, 0, RW | fcntl.O_APPEND, 0n);
  ask('flags O_SYNC', PAGE, 0, RW | 0o4010000, 0n);
  ask('flags O_CREAT', PAGE, 0, RW | fcntl.O_CREAT, 0n);
  ask('flags 1 << 31', PAGE, 0, 2 ** 31, 0n);
  ask('heap flags 1', PAGE, 0, RW, 1n);
  ask('heap flags 1 << 63', PAGE, 0, RW, 1n << 63n);
  ask('everything wrong', 0n, 1, fcntl.O_APPEND, 1n);
  the.res('ALLOC NULL', the.ioctl(heap, ALLOC, null));
  the.res('ALLOC unmapped', the.ioctl(heap, ALLOC, null));
  the.res("ALLOC struct over the page's end", the.ioctl(heap, ALLOC, struct(PAGE).slice(0, 16)));
  const placed = (name: string, told?: string): void => {
    const arg = struct(PAGE);
    const result = the.ioctl(heap, ALLOC, arg);
    the.res(name, result);
    if (result.ret < 0) return;
    const { fd } = decodeDmaHeapAllocationData(arg);
    if (told !== undefined) the.tell(told, String(fd));
    the.close(fd);
  };
  placed("ALLOC struct to the page's end");
  placed('ALLOC struct at an odd address');
  the.res('ALLOC struct read only', the.ioctl(heap, ALLOC, struct(PAGE), true));
  the.alive('alive then');
  the.res('number not taken by it', the.dup(heap));
  the.close(5);
  the.res('ALLOC struct without access', the.ioctl(heap, ALLOC, null));
  placed('ALLOC struct in a buffer', 'its number');
  for (const [name, request] of REQUESTS) {
    const big = new Uint8Array(224);
    big.set(struct(PAGE));
    const result = the.ioctl(heap, request, big);
    the.res(`heap: ${name}`, result);
    const { fd } = decodeDmaHeapAllocationData(big);
    if (result.ret >= 0 && fd > 2) the.close(fd);
    for (let k = 5; k < 12; k++) the.close(k);
    big.set(struct(3n));
    the.res(`buffer: ${name}`, the.ioctl(buf, request, big));
  }
  for (let i = 0n; i < 10n; i++) the.res(`SYNC flags ${i}`, the.sync(buf, i));
  the.res('SYNC end twice', the.sync(buf, 7n));
  the.res('SYNC flags 1 << 63 | 3', the.sync(buf, (1n << 63n) | 3n));
  the.res('SYNC on the heap', the.sync(heap, 3n));
  the.res('SYNC NULL', the.ioctl(buf, DMA_BUF_IOCTL_SYNC, null));
  the.res('SYNC unmapped', the.ioctl(buf, DMA_BUF_IOCTL_SYNC, null));
  the.res('SYNC read only struct', the.ioctl(buf, DMA_BUF_IOCTL_SYNC, struct(3n).slice(0, 8), true));
  const ro = the.get(heap, PAGE, fcntl.O_RDONLY).ret;
  const wo = the.get(heap, PAGE, fcntl.O_WRONLY).ret;
  the.res('SYNC write on a rdonly buffer', the.sync(ro, 2n));
  the.res('SYNC read on a wronly buffer', the.sync(wo, 1n));
  names(the, buf);
  for (const [who, fd] of [
    ['buffer', buf],
    ['heap', heap],
  ] as const) {
    for (const [name, request] of GENERIC) {
      const arg = new Uint8Array(256);
      arg[0] = 1;
      the.res(`${who}: ${name}`, the.ioctl(fd, request, arg));
      const isOn = (the.control(fd, fcntl.F_GETFL).ret & fcntl.O_NONBLOCK) !== 0;
      if (name === 'FIONBIO') the.tell(`${who}: O_NONBLOCK then`, isOn ? 'on' : 'off');
      if (name === 'FIOCLEX') the.res(`${who}: F_GETFD after FIOCLEX`, the.control(fd, fcntl.F_GETFD));
    }
  }
  const path = the.open(the.path, fcntl.O_PATH).ret;
  the.res('ALLOC on O_PATH', the.get(path, PAGE, RW));
  the.res('FIOCLEX on O_PATH', the.ioctl(path, 0x5451, null));
  the.res('ALLOC on a closed descriptor', the.get(99, PAGE, RW));
  the.made('ALLOC on O_WRONLY', the.get(the.open(the.path, fcntl.O_WRONLY).ret, PAGE, RW));
}

function names(the: Program, buf: number): void {
  const link = (name: string): void => {
    const room = new Uint8Array(79);
    const { ret, errno } = the.sys({ call: 'readlinkat', path: `/proc/self/fd/${buf}`, buf: room });
    the.tell(name, errno ?? Buffer.from(room.subarray(0, ret)).toString().replaceAll('\n', '^'));
  };
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
  const give = (arg: Uint8Array | null) => the.ioctl(buf, DMA_BUF_SET_NAME_B, arg);
  link('name at first');
  the.res('SET_NAME', the.setName(buf, 'camera'));
  link('name');
  the.res('SET_NAME_A', the.ioctl(buf, DMA_BUF_SET_NAME_A, bytes('video\0')));
  link('name after SET_NAME_A');
  the.res('SET_NAME 31 characters', give(bytes(`${'n'.repeat(31)}\0${'n'.repeat(32)}`)));
  link('name of 31');
  the.res('SET_NAME 32 characters', give(bytes(`${'m'.repeat(32)}\0`)));
  the.res('SET_NAME 63 characters', give(bytes(`${'m'.repeat(63)}\0`)));
  link('name then');
  the.res('SET_NAME empty', the.setName(buf, ''));
  link('name empty');
  the.res('SET_NAME with a slash and a newline (printed ^)', the.setName(buf, 'a/b\nc'));
  link('name odd');
  the.res('SET_NAME NULL', give(null));
  the.res('SET_NAME unmapped', give(null));
  the.res("SET_NAME to the page's end", give(bytes('ab\0')));
  // Behind the page the buffer's mapping stood, whose first byte is 0.
  the.res('SET_NAME without an end', give(bytes('xxx\0\x10')));
}
