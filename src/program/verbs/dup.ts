import { verb } from '../verb.ts';

export const dup = verb({
  call: 'dup',
  place: { before: 'name' },
  summary: 'a second descriptor: prints it',
  action: 'dup(2).',
  description:
    'dup(2): the lowest free descriptor for the same file, without close-on-exec. Prints it. fcntl F_DUPFD_CLOEXEC makes one with.',
  examples: ['dmaheap dup 4', 'dmaheap fcntl 4 F_DUPFD_CLOEXEC 10'],
  arguments: { fd: { kind: 'descriptor', text: 'a descriptor' } },
  returns: 'descriptor',
});
