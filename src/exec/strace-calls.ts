/**
 * The calls that a program makes, with their arguments as strace prints them. What the model is not told (addresses of the program's
 * memory, a timeout, an epoll set) is `...`. Each call that the server makes for programs has its line here, which a test asks for.
 */
import type { FileCall, Syscall, TaskCall } from '../kernel/syscall.ts';
import { FCNTL_COMMANDS, WHENCES } from '../uapi/call-names.ts';
import * as fcntl from '../uapi/fcntl.ts';
import { EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD } from '../uapi/poll.ts';
import {
  type Argument,
  AT_FDCWD,
  AT_FLAGS,
  addressOf,
  alone,
  at,
  type Caller,
  descriptor,
  flagged,
  mapFlags,
  moving,
  octal,
  onPath,
  openFlags,
  polled,
  protection,
  read,
  reading,
  stored,
  twoPaths,
  writing,
} from './strace-arguments.ts';
import { ioctlWords } from './strace-ioctl.ts';
import { bits, hex, named, path, REST } from './strace-words.ts';

/** What drivers and the server itself do in a task's name. */
type NotOfPrograms =
  | 'dma_buf_attach'
  | 'dma_buf_map_attachment'
  | 'dma_buf_unmap_attachment'
  | 'dma_buf_detach'
  | 'dma_set_mask'
  | 'dma_alloc_attrs'
  | 'dma_alloc_pages'
  | 'dma_free'
  | 'drm_prime_fd_to_handle'
  | 'drm_prime_handle_to_fd'
  | 'drm_gem_close'
  | 'drm_dev_register'
  | 'drm_create_dumb'
  | 'driver_bind'
  | 'of_reserved_mem_device_init'
  | 'of_reserved_mem_device_release'
  | 'vb2_reqbufs'
  | 'sendmsg'
  | 'scm_receive'
  | 'scm_drop'
  | 'fork'
  | 'execve'
  | 'exit';

type ProgramCall = Exclude<FileCall | TaskCall, { readonly call: NotOfPrograms }>;
type NameOf = ProgramCall['call'];

type Words<N extends NameOf> = (
  call: Extract<ProgramCall, { readonly call: N }>,
  caller: Caller,
) => readonly Argument[];

const { R_OK, W_OK, X_OK, AT_EACCESS, LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN } = fcntl;
const { MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP } = fcntl;
const CLOSE_RANGE = { CLOSE_RANGE_UNSHARE: 2, CLOSE_RANGE_CLOEXEC: 4 };

const WORDS: { readonly [N in NameOf]?: Words<N> } = {
  open: ({ path: name, flags }, caller) => [AT_FDCWD, path(name), openFlags(caller, flags)],
  close: alone,
  close_range: ({ first, last, flags }) => [`${first}`, `${last}`, bits(CLOSE_RANGE, flags)],
  ioctl: ({ fd, request, arg }, caller) => [descriptor(caller, fd), ...ioctlWords(request >>> 0, arg)],
  read: reading,
  readv: reading,
  pread64: at(reading),
  preadv: at(reading),
  preadv2: flagged(reading),
  write: writing,
  writev: writing,
  pwrite64: at(writing),
  pwritev: at(writing),
  pwritev2: flagged(writing),
  lseek: ({ fd, offset, whence }, caller) => [descriptor(caller, fd), `${offset}`, named(WHENCES, whence)],
  sendfile: ({ fd, side, offset, len }, caller) => {
    const own = descriptor(caller, fd);
    const from = offset === undefined ? 'NULL' : `[${offset}]`;
    return side === 'in' ? [REST, own, from, `${len}`] : [own, REST, from, `${len}`];
  },
  splice: (call, caller) => [...moving(call, caller), REST],
  tee: ({ fd, side, len }, caller) => {
    const own = descriptor(caller, fd);
    return [...(side === 'in' ? [own, REST] : [REST, own]), `${len}`, REST];
  },
  vmsplice: ({ fd }, caller) => [descriptor(caller, fd), REST],
  copy_file_range: ({ fd }, caller) => [descriptor(caller, fd), REST],
  ftruncate: ({ fd, length }, caller) => [descriptor(caller, fd), `${length}`],
  fallocate: ({ fd, mode, offset, length }, caller) => [
    descriptor(caller, fd),
    hex(mode),
    `${offset}`,
    `${length}`,
  ],
  fsync: alone,
  fdatasync: alone,
  syncfs: alone,
  sync_file_range: ({ fd, offset, length, flags }, caller) => [
    descriptor(caller, fd),
    `${offset}`,
    `${length}`,
    hex(flags),
  ],
  fadvise64: ({ fd, offset, length, advice }, caller) => [
    descriptor(caller, fd),
    `${offset}`,
    `${length}`,
    hex(advice),
  ],
  readahead: ({ fd }, caller) => [descriptor(caller, fd), REST],
  flock: ({ fd, operation }, caller) => [
    descriptor(caller, fd),
    bits({ LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN }, operation),
  ],
  fchmod: ({ fd, mode }, caller) => [descriptor(caller, fd), octal(mode)],
  fchown: ({ fd, uid, gid }, caller) => [descriptor(caller, fd), `${uid | 0}`, `${gid | 0}`],
  futimens: ({ fd }, caller) => [descriptor(caller, fd), 'NULL', REST],
  fgetxattr: ({ fd, name }, caller) => [descriptor(caller, fd), path(name), REST],
  fstat: ({ fd, buf }, caller) => [descriptor(caller, fd), stored(caller, buf)],
  fstatfs: ({ fd }, caller) => [descriptor(caller, fd), REST],
  fchdir: alone,
  getdents64: ({ fd }, caller) => [descriptor(caller, fd), REST],
  newfstatat: (call, caller) => [...onPath(call), stored(caller, call.buf), bits(AT_FLAGS, call.flags)],
  faccessat: (call) => [
    ...onPath(call),
    call.mode === 0 ? 'F_OK' : bits({ R_OK, W_OK, X_OK }, call.mode),
    ...(call.flags === 0 ? [] : [bits({ AT_EACCESS, ...AT_FLAGS }, call.flags)]),
  ],
  readlinkat: (call) => [...onPath(call), read(call.buf), REST],
  truncate: (call) => [path(call.path), `${call.length}`],
  unlink: (call) => [...onPath(call), '0'],
  link: (call) => [...twoPaths(call), '0'],
  rename: twoPaths,
  symlink: (call) => [REST, ...onPath(call)],
  mknod: (call) => [...onPath(call), REST],
  mkdir: (call) => [...onPath(call), REST],
  rmdir: (call) => [...onPath(call), 'AT_REMOVEDIR'],
  fchmodat: (call) => [...onPath(call), octal(call.mode)],
  fchownat: (call) => [...onPath(call), `${call.uid | 0}`, `${call.gid | 0}`, '0'],
  utimensat: (call) => [...onPath(call), REST, '0'],
  chdir: (call) => [path(call.path)],
  dup: alone,
  fcntl: ({ fd, cmd, arg }, caller) => {
    const head = [descriptor(caller, fd), named(FCNTL_COMMANDS, cmd)];
    if (cmd === fcntl.F_GETFD || cmd === fcntl.F_GETFL) return head;
    if (cmd === fcntl.F_SETFL) return [...head, openFlags(caller, arg)];
    return [...head, cmd === fcntl.F_SETFD ? bits({ FD_CLOEXEC: fcntl.FD_CLOEXEC }, arg) : `${arg}`];
  },
  mmap: ({ addr = 0n, length, prot, flags, fd, offset }, caller) => [
    addr === 0n ? 'NULL' : hex(addr),
    `${length}`,
    protection(prot),
    mapFlags(flags),
    descriptor(caller, fd),
    hex(offset),
  ],
  munmap: ({ mapping, offset, length = 0n }, caller) => [addressOf(caller, mapping, offset), `${length}`],
  mprotect: ({ mapping, offset, length = 0n, prot }, caller) => [
    addressOf(caller, mapping, offset),
    `${length}`,
    protection(prot),
  ],
  mremap: ({ mapping, offset, old_len, new_len, flags, new_addr = 0n }, caller) => [
    addressOf(caller, mapping, offset),
    `${old_len}`,
    `${new_len}`,
    bits({ MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP }, flags),
    ...((flags & MREMAP_FIXED) === 0 ? [] : [hex(new_addr)]),
  ],
  poll: polled,
  epoll_ctl: ({ fd, op }, caller) => [
    REST,
    named({ EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD }, op),
    descriptor(caller, fd),
    REST,
  ],
  scm_send: ({ fd }, caller) => [
    REST,
    `{msg_control=[{cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[${descriptor(caller, fd)}]}], ...}`,
    REST,
  ],
  setrlimit: ({ resource, soft }) => [resource, `{rlim_cur=${soft}, ...}`],
};

/** What Linux calls the calls whose names in the model are shorter: those with a directory in front, which every architecture has. */
const NAMES: Partial<Record<Syscall['call'], string>> = {
  open: 'openat',
  unlink: 'unlinkat',
  rmdir: 'unlinkat',
  mkdir: 'mkdirat',
  mknod: 'mknodat',
  link: 'linkat',
  symlink: 'symlinkat',
  rename: 'renameat',
  futimens: 'utimensat',
  scm_send: 'sendmsg',
};

export const hasWords = (name: string): boolean => Object.hasOwn(WORDS, name);

/** The name and the arguments of a call, before it is made: afterwards a descriptor may be closed. */
export function callWords(
  caller: Caller,
  call: Syscall,
): { readonly name: string; readonly words: readonly Argument[] } {
  const wordsOf = (WORDS as Partial<Record<string, (call: Syscall, caller: Caller) => readonly Argument[]>>)[
    call.call
  ];
  const name = call.call === 'faccessat' && call.flags !== 0 ? 'faccessat2' : (NAMES[call.call] ?? call.call);
  return { name, words: wordsOf?.(call, caller) ?? [REST] };
}
