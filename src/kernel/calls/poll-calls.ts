/** What descriptors are ready for. Models fs/select.c and fs/eventpoll.c (Linux 7.3) and the files' own poll(). */
import type { OpenFile } from '../../dma-buf/dma-buf.ts';
import { fencesBefore } from '../../dma-buf/fences.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import {
  decodePollfds,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  encodePollfds,
  POLLERR,
  POLLFD_SIZE,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLRDNORM,
  POLLWRNORM,
} from '../../uapi/poll.ts';
import type { KernelState } from '../state.ts';
import { DescriptorTable } from '../task.ts';
import type { Opened } from './opened.ts';
import { badArgument, fail, ok, type SyscallResult, type UserPointer } from './results.ts';

const DEFAULT_POLLMASK = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

/** What a file is ready for: its poll(), or DEFAULT_POLLMASK where it has none. */
function readyFor({ printk }: KernelState, file: OpenFile, requested: number): number {
  switch (file.kind) {
    case 'dma_buf': {
      // dma_buf_poll(): writing waits for every fence, reading for those of writers.
      const waits = (writes: boolean) => fencesBefore(file, writes, printk.time).length > 0;
      const ready = (waits(false) ? 0 : POLLIN) | (waits(true) ? 0 : POLLOUT);
      return requested & ready;
    }
    case 'sync_file':
      // Its fence has signalled: sync_file_poll().
      return requested & POLLIN;
    case 'drm':
      // drm_poll(): no event is ever pending.
      return 0;
    case 'path':
      // fdget() finds nothing there.
      return POLLNVAL;
    case 'dma_heap':
    case 'virtual':
      return requested & DEFAULT_POLLMASK;
    case 'stream':
      throw new NotModelled('polling a standard stream');
  }
}

export interface Poll {
  /** Holds struct pollfds. */
  readonly fds: UserPointer;
  readonly timeout: number;
}

/** do_sys_poll(). Nothing here becomes ready later, so that the timeout only lets time pass for nobody. */
export function poll(state: KernelState, task: string, { fds }: Poll): SyscallResult {
  if (fds === null || fds.length % POLLFD_SIZE !== 0) return fail('EFAULT');
  const table = new DescriptorTable(state.records, task);
  const entries = decodePollfds(fds);
  if (entries.length > table.nofile) return badArgument('EINVAL', 'len', entries.length);
  const answered = entries.map((entry) => {
    if (entry.fd < 0) return { ...entry, revents: 0 };
    const descriptor = table.get(entry.fd);
    const file = descriptor && state.files.get(descriptor.file);
    const revents =
      descriptor === undefined || file === undefined
        ? POLLNVAL
        : readyFor(state, file, entry.events | POLLERR | POLLHUP);
    return { ...entry, revents };
  });
  fds.set(encodePollfds(answered));
  return ok(answered.filter(({ revents }) => revents !== 0).length);
}

export interface EpollCtl {
  /** EPOLL_CTL_ADD, EPOLL_CTL_MOD or EPOLL_CTL_DEL. */
  readonly op: number;
}

/**
 * epoll_ctl(2), as far as the file that is watched has a say: one without poll() is EPERM. The set itself, and whether the
 * file is in it, is the caller's.
 */
export function epollCtl(_state: KernelState, { file }: Opened, { op }: EpollCtl): SyscallResult {
  if (file.kind === 'stream') throw new NotModelled('epoll of a standard stream');
  const mayWatch = file.kind === 'virtual' ? isWatched(file) : file.kind !== 'dma_heap';
  if (!mayWatch) return fail('EPERM');
  return op === EPOLL_CTL_ADD || op === EPOLL_CTL_MOD || op === EPOLL_CTL_DEL
    ? ok(0)
    : badArgument('EINVAL', 'op', op);
}

/** Attributes of sysfs have poll(): kernfs_fop_poll(). */
const isWatched = ({ path, directory }: { readonly path: string; readonly directory: boolean }): boolean =>
  !directory && /^\/sys\/(?!kernel\/debug\/)/.test(path);
