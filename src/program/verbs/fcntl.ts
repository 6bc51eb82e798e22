import { flagNames, parseFcntlArgument } from '../../profile/open-flag-words.ts';
import { FCNTL_COMMANDS } from '../../uapi/call-names.ts';
import { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_GETFL, FD_CLOEXEC } from '../../uapi/fcntl.ts';
import { verb } from '../verb.ts';

export const fcntl = verb({
  call: 'fcntl',
  place: { before: 'poll' },
  summary: 'fcntl(2): prints what it returned',
  action: 'fcntl(2): { fd: a, cmd: F_GETFD }',
  description:
    'fcntl(2) with a command by name or number. Prints what it returned, and flags by name after it.',
  examples: [
    'dmaheap fcntl 4 F_GETFL',
    'dmaheap fcntl 4 F_SETFD FD_CLOEXEC',
    'dmaheap fcntl 4 F_DUPFD_CLOEXEC 10',
  ],
  arguments: {
    fd: { kind: 'descriptor', text: 'a descriptor' },
    cmd: {
      kind: 'word',
      names: FCNTL_COMMANDS,
      text: 'F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, or a number',
      form: 'a command of fcntl(2)',
    },
    arg: {
      kind: 'flags',
      parse: parseFcntlArgument,
      text: 'a number, FD_CLOEXEC, or flags such as O_NONBLOCK; 0 unless given',
      expected: 'a number, FD_CLOEXEC, or flags such as O_NONBLOCK',
      form: 'flags of open(2) joined by |, or a number',
      default: 0,
      optional: true,
    },
  },
  returns: 'number',
  makesDescriptor: ({ cmd }) => cmd === F_DUPFD || cmd === F_DUPFD_CLOEXEC,
  flags: ({ cmd }, ret, openFlags) => {
    if (cmd === F_GETFL) return flagNames(ret, openFlags);
    if (cmd !== F_GETFD) return undefined;
    return (ret & FD_CLOEXEC) !== 0 ? ['FD_CLOEXEC'] : [];
  },
});
