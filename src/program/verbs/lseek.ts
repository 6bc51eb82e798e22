import { WHENCES } from '../../uapi/call-names.ts';
import { SEEK_SET } from '../../uapi/fcntl.ts';
import { verb } from '../verb.ts';

export const lseek = verb({
  call: 'lseek',
  place: { before: 'poll' },
  summary: 'lseek(2): prints the position',
  action: 'lseek(2): { fd: a, whence: SEEK_END }',
  description:
    "lseek(2). On a buffer only offset 0 with SEEK_SET or SEEK_END works: it tells the buffer's size.",
  examples: ['dmaheap lseek 4 0 SEEK_END', 'dmaheap lseek -- 4 -1 SEEK_END'],
  arguments: {
    fd: { kind: 'descriptor', text: 'a descriptor' },
    offset: { kind: 'signed', text: 'bytes; -- before a negative one', default: 0n },
    whence: {
      kind: 'word',
      names: WHENCES,
      text: 'SEEK_SET, SEEK_CUR, SEEK_END, or a number',
      form: 'SEEK_SET, SEEK_END or a number',
      default: SEEK_SET,
    },
  },
  returns: 'number',
});
