/** CALL: reading, writing and everything else that is asked of an open file. */
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import { errnoNumber } from '../uapi/errno.ts';
import { STATFS_SIZE } from '../uapi/stat.ts';
import { CALL, FLAG } from './protocol.ts';
import type { Handler, Question } from './question.ts';
import { MalformedMessage } from './wire.ts';

/** Bytes that one read brings. */
const READ_MAX = 1 << 20;
/** How a null pointer to an offset is told. */
const NO_OFFSET = -(1n << 63n);

/** A CALL as it was read. */
interface Asked {
  readonly fd: number;
  readonly args: readonly [bigint, bigint, bigint, bigint];
  /** Of a write. */
  readonly bytes: Buffer;
}

/** What a call brings beside its return value. */
interface Brought extends SyscallResult {
  readonly bytes?: Uint8Array;
  readonly native?: boolean;
}

type Answer = (question: Question, asked: Asked) => Brought;

const int = (value: bigint): number => Number(BigInt.asIntN(32, value));
const u32 = (value: bigint): number => Number(BigInt.asUintN(32, value));

/** A call whose answer is its return value. */
const plain =
  (callOf: (asked: Asked) => Syscall): Answer =>
  (question, asked) =>
    question.call(callOf(asked));

/** Reads into memory of our own, as much as was asked for; the carrier stores it. */
function reading(callOf: (asked: Asked, buf: Uint8Array) => Syscall): Answer {
  return (question, asked) => {
    const { kernel, task } = question;
    const isVirtual = kernel.descriptor(task, asked.fd)?.open.kind === 'virtual';
    const count = isVirtual ? Math.min(u32(asked.args[1]), READ_MAX) : 0;
    const buf = new Uint8Array(count);
    const result = question.call(callOf(asked, buf));
    return { ...result, bytes: buf.subarray(0, Math.max(result.ret, 0)) };
  };
}

/** What could not be read of what is to be written is a bad pointer, unless nothing was to be. */
const writing =
  (callOf: (asked: Asked, buf: Uint8Array | null) => Syscall): Answer =>
  (question, asked) => {
    const isBad = asked.bytes.length === 0 && asked.args[1] !== 0n;
    return question.call(callOf(asked, isBad ? null : Uint8Array.from(asked.bytes)));
  };

type Mover = 'sendfile' | 'splice' | 'tee';

const moving = (call: Mover, side: 'in' | 'out'): Answer =>
  plain(({ fd, args: [, offset, len] }) => ({
    call,
    fd,
    side,
    len,
    ...(offset !== NO_OFFSET && { offset }),
  }));

const EXDEV = -errnoNumber('EXDEV');

/**
 * A virtual file's other side lies on the host: two file systems, which vfs_copy_file_range() refuses (Linux 5.19; before, it copies
 * nothing of a file whose size is 0). Programs read and write then.
 */
const copying: Answer = (question, { fd }) => {
  const open = question.kernel.descriptor(question.task, fd)?.open;
  if (open?.kind === 'virtual' && !open.directory) return { ret: EXDEV };
  return question.call({ call: 'copy_file_range', fd });
};

/** The mirror has the entries of directories; what is none refuses. */
const listing: Answer = (question, { fd }) => {
  const open = question.kernel.descriptor(question.task, fd)?.open;
  if (open?.kind === 'virtual' && open.directory) return { ret: 0, native: true };
  return question.call({ call: 'getdents64', fd, buf: new Uint8Array() });
};

const entering: Answer = (question, { fd }) => {
  const result = question.call({ call: 'fchdir', fd });
  return { ...result, native: result.ret === 0 };
};

const fstatfs: Answer = (question, { fd }) => {
  const buf = new Uint8Array(STATFS_SIZE);
  const result = question.call({ call: 'fstatfs', fd, buf });
  return { ...result, ...(result.ret === 0 && { bytes: buf }) };
};

const ANSWERS: ReadonlyMap<number, Answer> = new Map([
  [CALL.READ, reading(({ fd }, buf) => ({ call: 'read', fd, buf }))],
  [CALL.READV, reading(({ fd }, buf) => ({ call: 'readv', fd, buf }))],
  [CALL.PREAD, reading(({ fd, args }, buf) => ({ call: 'pread64', fd, buf, offset: args[2] }))],
  [CALL.PREADV, reading(({ fd, args }, buf) => ({ call: 'preadv', fd, buf, offset: args[2] }))],
  [
    CALL.PREADV2,
    reading(({ fd, args }, buf) => ({ call: 'preadv2', fd, buf, offset: args[2], flags: int(args[3]) })),
  ],
  [CALL.WRITE, writing(({ fd }, buf) => ({ call: 'write', fd, buf }))],
  [CALL.WRITEV, writing(({ fd }, buf) => ({ call: 'writev', fd, buf }))],
  [CALL.PWRITE, writing(({ fd, args }, buf) => ({ call: 'pwrite64', fd, buf, offset: args[2] }))],
  [CALL.PWRITEV, writing(({ fd, args }, buf) => ({ call: 'pwritev', fd, buf, offset: args[2] }))],
  [
    CALL.PWRITEV2,
    writing(({ fd, args }, buf) => ({ call: 'pwritev2', fd, buf, offset: args[2], flags: int(args[3]) })),
  ],
  [CALL.LSEEK, plain(({ fd, args }) => ({ call: 'lseek', fd, offset: args[0], whence: int(args[1]) }))],
  [CALL.FTRUNCATE, plain(({ fd, args }) => ({ call: 'ftruncate', fd, length: args[0] }))],
  [
    CALL.FALLOCATE,
    plain(({ fd, args }) => ({
      call: 'fallocate',
      fd,
      mode: int(args[0]),
      offset: args[1],
      length: args[2],
    })),
  ],
  [CALL.FSYNC, plain(({ fd }) => ({ call: 'fsync', fd }))],
  [CALL.FDATASYNC, plain(({ fd }) => ({ call: 'fdatasync', fd }))],
  [
    CALL.SYNC_FILE_RANGE,
    plain(({ fd, args }) => ({
      call: 'sync_file_range',
      fd,
      offset: args[0],
      length: args[1],
      flags: int(args[2]),
    })),
  ],
  [CALL.SYNCFS, plain(({ fd }) => ({ call: 'syncfs', fd }))],
  [CALL.SENDFILE_FROM, moving('sendfile', 'in')],
  [CALL.SENDFILE_TO, moving('sendfile', 'out')],
  [CALL.SPLICE_FROM, moving('splice', 'in')],
  [CALL.SPLICE_TO, moving('splice', 'out')],
  [CALL.TEE_FROM, moving('tee', 'in')],
  [CALL.TEE_TO, moving('tee', 'out')],
  [CALL.COPY_FROM, copying],
  [CALL.COPY_TO, copying],
  [CALL.GETDENTS, listing],
  [CALL.FCHDIR, entering],
  [
    CALL.FADVISE,
    plain(({ fd, args }) => ({
      call: 'fadvise64',
      fd,
      offset: args[0],
      length: args[1],
      advice: int(args[2]),
    })),
  ],
  [CALL.FCHMOD, plain(({ fd, args }) => ({ call: 'fchmod', fd, mode: int(args[0]) }))],
  [CALL.FCHOWN, plain(({ fd, args }) => ({ call: 'fchown', fd, uid: u32(args[0]), gid: u32(args[1]) }))],
  [CALL.FLOCK, plain(({ fd, args }) => ({ call: 'flock', fd, operation: int(args[0]) }))],
  [CALL.READAHEAD, plain(({ fd }) => ({ call: 'readahead', fd }))],
  [CALL.VMSPLICE, plain(({ fd }) => ({ call: 'vmsplice', fd }))],
  [CALL.FUTIMENS, plain(({ fd }) => ({ call: 'futimens', fd }))],
  [CALL.FSTATFS, fstatfs],
  [CALL.FGETXATTR, plain(({ fd, bytes }) => ({ call: 'fgetxattr', fd, name: bytes.toString() }))],
]);

export const call: Handler = (question) => {
  const { fields } = question;
  const fd = fields.u32() | 0;
  const which = fields.u32();
  const args = [fields.i64(), fields.i64(), fields.i64(), fields.i64()] as const;
  const bytes = fields.bytes();
  fields.end();
  const answer = ANSWERS.get(which);
  if (answer === undefined) throw new MalformedMessage(`call ${which}`);
  const result = answer(question, { fd, args, bytes });
  const flags = result.native === true ? FLAG.NATIVE : 0;
  question
    .reply(result.ret)
    .u32(flags)
    .str(result.bytes ?? '');
};
