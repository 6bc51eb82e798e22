/** The calls that move bytes through a descriptor, which heaps and buffers refuse and files of /proc and /sys take. */
import { verb } from '../verb.ts';

const fd = { kind: 'descriptor', text: 'a descriptor' } as const;
const room = { kind: 'room', text: 'how many bytes there is room for' } as const;
const bytes = {
  kind: 'bytes',
  text: 'what is written: hexadecimal, or @FILE for what a file holds',
} as const;
const offset = { kind: 'signed', text: 'where; -- before a negative one' } as const;

export const read = verb({
  call: 'read',
  place: { before: 'poll' },
  summary: 'read(2): prints what it returned, and the bytes',
  action: 'read(2) of a descriptor: { fd: f, buf: 4096 }. read moves the bytes of buffers, by mmap.',
  description:
    'read(2). Prints what it returned and the bytes that came, in hexadecimal. Heaps and buffers have no read: EINVAL. (dmaheap read maps a buffer.)',
  examples: ['dmaheap call read $(dmaheap open /proc/meminfo) 64', 'dmaheap call read 4 16'],
  arguments: { fd, buf: room },
  returns: 'number',
});

export const write = verb({
  call: 'write',
  place: { before: 'poll' },
  summary: 'write(2): prints what it returned',
  action: 'write(2) to a descriptor: { fd: f, buf: "6869" }. write moves bytes into buffers, by mmap.',
  description: 'write(2). Prints what it returned. (dmaheap write maps a buffer.)',
  examples: ['dmaheap call write 4 00ff', 'dmaheap call write 4 @frame.raw'],
  arguments: { fd, buf: bytes },
  returns: 'number',
});

export const pread64 = verb({
  call: 'pread64',
  place: { before: 'poll' },
  summary: 'pread64(2): read(2) at an offset',
  description: 'pread64(2). Prints what it returned and the bytes that came, in hexadecimal.',
  examples: ['dmaheap call pread64 4 16 0', 'dmaheap call pread64 -- 4 16 -1'],
  arguments: { fd, buf: room, offset },
  returns: 'number',
});

export const pwrite64 = verb({
  call: 'pwrite64',
  place: { before: 'poll' },
  summary: 'pwrite64(2): write(2) at an offset',
  description: 'pwrite64(2). Prints what it returned.',
  examples: ['dmaheap call pwrite64 4 00ff 0'],
  arguments: { fd, buf: bytes, offset },
  returns: 'number',
});

export const ftruncate = verb({
  call: 'ftruncate',
  place: { before: 'poll' },
  summary: 'ftruncate(2): no file here takes it',
  description: 'ftruncate(2). Buffers have the size that they were allocated with: EINVAL.',
  examples: ['dmaheap call ftruncate 4 4096'],
  arguments: { fd, length: { kind: 'signed', text: 'bytes; -- before a negative number' } },
});
