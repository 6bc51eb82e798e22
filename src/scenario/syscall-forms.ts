/**
 * The arguments of system calls that the action `syscall` makes, by their names and sorts: those that have no action of their
 * own, and those whose caller says which number or address it got.
 */
import type { Syscall } from '../kernel/syscall.ts';

/** What a sort's value is in the call. */
interface Sorts {
  readonly descriptor: number;
  readonly mapping: number;
  /** A number of C's int. */
  readonly int: number;
  /** A number of 64 bits. */
  readonly long: bigint;
  /** The same, which is written in hexadecimal. */
  readonly address: bigint;
  readonly text: string;
  readonly flag: boolean;
  /** Memory of the caller that the call reads: its bytes; null points to nothing. */
  readonly bytes: Uint8Array | null;
  /** Memory of the caller that the call fills: how many bytes; null points to nothing. */
  readonly room: Uint8Array | null;
  readonly side: 'in' | 'out';
}

export type Sort = keyof Sorts;

type SortOf<T> = [T] extends [boolean]
  ? 'flag'
  : { [S in Sort]: [T] extends [Sorts[S]] ? ([Sorts[S]] extends [T] ? S : never) : never }[Sort];

/** An argument that need not be there is `[sort]`. */
type FormOf<Fields> = {
  readonly [Key in keyof Fields]-?: undefined extends Fields[Key]
    ? readonly [SortOf<NonNullable<Fields[Key]>>]
    : SortOf<Fields[Key]>;
};

/** What the pointers inside of a struct lead to cannot be written. */
type Fields<Name extends Syscall['call']> = Omit<
  Extract<Syscall, { readonly call: Name }>,
  'call' | 'pointers'
>;

type Forms = { readonly [Name in Syscall['call']]?: FormOf<Fields<Name>> };

const PATH = { path: 'text' } as const;
const FD = { fd: 'descriptor' } as const;
const SPLICE = { ...FD, side: 'side', offset: ['long'], len: 'long' } as const;

export const SYSCALL_FORMS = {
  open: { ...PATH, flags: 'int', at: ['int'] },
  close_range: { first: 'int', last: 'int', flags: 'int' },
  ioctl: { ...FD, request: 'int', arg: 'bytes', readOnly: ['flag'], at: ['int'] },
  dup: { ...FD, at: ['int'], cloexec: ['flag'] },
  fcntl: { ...FD, cmd: 'int', arg: 'int', at: ['int'] },
  sendmsg: { ...FD, to: 'text', cloexec: ['flag'], at: ['int'] },
  scm_send: FD,
  scm_receive: { message: 'int', cloexec: ['flag'], peek: ['flag'], at: ['int'] },
  scm_drop: { message: 'int' },
  drm_prime_handle_to_fd: { ...FD, handle: 'int', flags: 'int', at: ['int'] },
  mmap: {
    ...FD,
    ...({ length: 'long', prot: 'int', flags: 'int', offset: 'long' } as const),
    ...({ addr: ['address'], at: ['address'] } as const),
  },
  mremap: {
    ...({ mapping: 'mapping', offset: 'long', old_len: 'long', new_len: 'long', flags: 'int' } as const),
    ...({ new_addr: ['address'], at: ['address'] } as const),
  },
  read: { ...FD, buf: 'room' },
  write: { ...FD, buf: 'bytes' },
  pread64: { ...FD, buf: 'room', offset: 'long' },
  pwrite64: { ...FD, buf: 'bytes', offset: 'long' },
  lseek: { ...FD, offset: 'long', whence: 'int' },
  poll: { fds: 'bytes', timeout: 'int' },
  readv: { ...FD, buf: 'room' },
  preadv: { ...FD, buf: 'room', offset: 'long' },
  preadv2: { ...FD, buf: 'room', offset: 'long', flags: 'int' },
  writev: { ...FD, buf: 'bytes' },
  pwritev: { ...FD, buf: 'bytes', offset: 'long' },
  pwritev2: { ...FD, buf: 'bytes', offset: 'long', flags: 'int' },
  sendfile: SPLICE,
  splice: SPLICE,
  tee: SPLICE,
  vmsplice: FD,
  copy_file_range: FD,
  fallocate: { ...FD, mode: 'int', offset: 'long', length: 'long' },
  fsync: FD,
  fdatasync: FD,
  sync_file_range: { ...FD, offset: 'long', length: 'long', flags: 'int' },
  syncfs: FD,
  fadvise64: { ...FD, offset: 'long', length: 'long', advice: 'int' },
  readahead: FD,
  flock: { ...FD, operation: 'int' },
  fchmod: { ...FD, mode: 'int' },
  fchown: { ...FD, uid: 'int', gid: 'int' },
  futimens: FD,
  fgetxattr: { ...FD, name: 'text' },
  fstat: { ...FD, buf: 'room' },
  fstatfs: { ...FD, buf: 'room' },
  fchdir: FD,
  getdents64: { ...FD, buf: 'room' },
  newfstatat: { ...PATH, flags: 'int', buf: 'room' },
  faccessat: { ...PATH, mode: 'int', flags: 'int' },
  readlinkat: { ...PATH, buf: 'room' },
  truncate: { ...PATH, length: 'long' },
  unlink: PATH,
  link: { ...PATH, to: 'text' },
  rename: { ...PATH, to: 'text' },
  symlink: PATH,
  mknod: PATH,
  fchmodat: { ...PATH, mode: 'int' },
  fchownat: { ...PATH, uid: 'int', gid: 'int' },
  utimensat: PATH,
  chdir: PATH,
  epoll_ctl: { ...FD, op: 'int' },
} as const satisfies Forms;

/** An argument: its sort, or `[sort]` where it need not be there. */
export type ArgumentForm = Sort | readonly [Sort];

/** The arguments of a call by their names; `undefined` where the action does not make it. */
export const formOf = (call: string): Readonly<Record<string, ArgumentForm>> | undefined =>
  Object.hasOwn(SYSCALL_FORMS, call) ? SYSCALL_FORMS[call as keyof typeof SYSCALL_FORMS] : undefined;
