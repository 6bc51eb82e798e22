/**
 * A call as strace -y prints it: `[pid 123] openat(AT_FDCWD, "/dev/dma_heap/system", O_RDWR) = 3</dev/dma_heap/system>`.
 */
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import { formatFlags } from '../profile/open-flag-words.ts';
import { POLL_EVENTS } from '../uapi/call-names.ts';
import { strerror } from '../uapi/errno.ts';
import { F_GETFD, F_GETFL, FD_CLOEXEC } from '../uapi/fcntl.ts';
import { decodePollfds } from '../uapi/poll.ts';
import { type Caller, descriptor } from './strace-arguments.ts';
import { callWords } from './strace-calls.ts';
import { bits, hex } from './strace-words.ts';

/** What a call that worked returned. */
function returned(caller: Caller, call: Syscall, { ret }: SyscallResult): string {
  switch (call.call) {
    case 'open':
    case 'dup':
      return descriptor(caller, ret);
    case 'mmap':
    case 'mremap':
      return hex(caller.kernel.mappingAddress(caller.task, ret) ?? 0n);
    case 'ioctl': {
      const made = call.at === undefined || call.at < 0 || ret < 0 ? '' : descriptor(caller, call.at);
      return made.includes('<') ? `${ret} (fd ${made})` : `${ret}`;
    }
    case 'fcntl':
      if (call.cmd === F_GETFL)
        return `${hex(ret)} (flags ${formatFlags(ret, caller.kernel.profile.arch.openFlags)})`;
      return call.cmd === F_GETFD && ret !== 0
        ? `${hex(ret)} (flags ${bits({ FD_CLOEXEC }, ret)})`
        : `${ret}`;
    case 'poll': {
      const ready = call.fds === null ? [] : decodePollfds(call.fds).filter(({ revents }) => revents !== 0);
      const shown = ready.map(
        ({ fd, revents }) => `{fd=${descriptor(caller, fd)}, revents=${bits(POLL_EVENTS, revents)}}`,
      );
      return ret === 0 ? '0 (Timeout)' : `${ret} ([${shown.join(', ')}])`;
    }
    default:
      return `${ret}`;
  }
}

/**
 * Traces a call.
 *
 * @returns what makes the line of it, once its result is there
 */
export function traced(caller: Caller, call: Syscall): (result: SyscallResult) => string {
  const { name, words } = callWords(caller, call);
  return (result) => {
    const shown = words.map((word) => (typeof word === 'string' ? word : word(result)));
    const head = `[pid ${caller.pid}] ${name}(${shown.join(', ')})`;
    const { ret, errno } = result;
    if (errno === undefined) return `${head} = ${returned(caller, call, result)}`;
    return `${head} = -1 ${errno} (${strerror(errno)})${ret < 0 ? '' : ` [${ret}]`}`;
  };
}
