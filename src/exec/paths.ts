/** STAT, ACCESS and PATH: what is asked of a path, or changed about it, without opening it. */
import type { Syscall } from '../kernel/syscall.ts';
import { errnoNumber } from '../uapi/errno.ts';
import { decodeStat, type Stat } from '../uapi/stat.ts';
import { FLAG, PATH } from './protocol.ts';
import type { Handler, Question } from './question.ts';
import { MalformedMessage } from './wire.ts';

export const stat: Handler = (question) => {
  const { fields, kernel } = question;
  const fd = fields.i32();
  const path = fields.str();
  const flags = fields.u32() | 0;
  fields.end();
  const layout = kernel.profile.arch.stat;
  const buf = new Uint8Array(layout.size);
  const { ret } = question.call(
    fd < 0 ? { call: 'newfstatat', path, flags, buf } : { call: 'fstat', fd, buf },
  );
  if (ret < 0) replyStat(question, ret);
  else replyStat(question, ret, decodeStat(buf, layout), fd < 0 ? hostPath(question, path) : '');
};

/** Where the host has what stands for a node or a directory: of that is what the model does not keep. */
function hostPath({ kernel, task, around }: Question, path: string): string {
  const found = kernel.lookup(path, task);
  if (!('node' in found)) return '';
  if (found.node.kind === 'directory') return around.mirror.directoryAt(found.path, found.node);
  return found.node.kind === 'device' ? around.mirror.nodeAt(found.path) : '';
}

function replyStat(question: Question, ret: number, stat?: Stat, host = ''): void {
  const { st_mode = 0, st_nlink = 0, st_uid = 0, st_gid = 0, st_rdev = 0n } = stat ?? {};
  const rdev = Number(st_rdev);
  const reply = question.reply(ret).u32(st_mode).u32(st_nlink).u32(st_uid).u32(st_gid);
  // new_decode_dev(): the minor number lies around the major one.
  reply.u32((rdev >>> 8) & 0xfff).u32((rdev & 0xff) | ((rdev >>> 12) & 0xfff00));
  reply
    .u64(stat?.st_ino ?? 0n)
    .u64(stat?.st_size ?? 0n)
    .u64(stat?.st_blocks ?? 0n);
  reply.u32(stat?.st_blksize ?? 0).str(host);
}

export const access: Handler = (question) => {
  const { fields } = question;
  const path = fields.str();
  const mode = fields.u32();
  const flags = fields.u32() | 0;
  fields.end();
  question.reply(question.call({ call: 'faccessat', path, mode, flags }).ret);
};

/** The calls that need no more than a path, or two, and a number. */
const CALLS: ReadonlyMap<number, (path: string, to: string, argument: bigint) => Syscall> = new Map<
  number,
  (path: string, to: string, argument: bigint) => Syscall
>([
  [PATH.TRUNCATE, (path, _, length) => ({ call: 'truncate', path, length })],
  [PATH.UNLINK, (path) => ({ call: 'unlink', path })],
  [PATH.RMDIR, (path) => ({ call: 'rmdir', path })],
  [PATH.MKDIR, (path) => ({ call: 'mkdir', path })],
  [PATH.RENAME, (path, to) => ({ call: 'rename', path, to })],
  [PATH.LINKAT, (path, to) => ({ call: 'link', path, to })],
  [PATH.SYMLINK, (path) => ({ call: 'symlink', path })],
  [PATH.CHMOD, (path, _, mode) => ({ call: 'fchmodat', path, mode: Number(mode) })],
  [PATH.CHOWN, (path, _, owner) => ({ call: 'fchownat', path, ...ownerOf(owner) })],
  [PATH.UTIMES, (path) => ({ call: 'utimensat', path })],
  [PATH.MKNOD, (path) => ({ call: 'mknod', path })],
]);

/** The user in the low half, the group in the high one. */
const ownerOf = (owner: bigint): { readonly uid: number; readonly gid: number } => ({
  uid: Number(BigInt.asUintN(32, owner)),
  gid: Number(BigInt.asUintN(32, owner >> 32n)),
});

/** Bytes that a link's target may have. */
const TARGET_MAX = 4096;

export const path: Handler = (question) => {
  const { fields } = question;
  const operation = fields.u32();
  const path = fields.str();
  const to = fields.str();
  const argument = fields.i64();
  fields.end();
  switch (operation) {
    case PATH.CHDIR:
    case PATH.OPENDIR:
      replyDirectory(question, operation, path);
      return;
    case PATH.READLINK: {
      const buf = new Uint8Array(TARGET_MAX);
      const { ret } = question.call({ call: 'readlinkat', path, buf });
      question
        .reply(ret)
        .u32(0)
        .str(buf.subarray(0, Math.max(ret, 0)));
      return;
    }
    default: {
      const callOf = CALLS.get(operation);
      if (callOf === undefined) throw new MalformedMessage(`operation ${operation} on a path`);
      question
        .reply(question.call(callOf(path, to, argument)).ret)
        .u32(0)
        .str('');
    }
  }
};

/** The mirror of a directory, for the host to enter or list. */
function replyDirectory(question: Question, operation: number, path: string): void {
  const { kernel, task, around } = question;
  const ret = operation === PATH.CHDIR ? question.call({ call: 'chdir', path }).ret : 0;
  const found = ret < 0 ? undefined : kernel.lookup(path, task);
  if (found === undefined || !('node' in found) || found.node.kind !== 'directory') {
    question
      .reply(ret < 0 ? ret : -errnoNumber('ENOTDIR'))
      .u32(0)
      .str('');
    return;
  }
  question.reply(0).u32(FLAG.NATIVE).str(around.mirror.directoryAt(found.path, found.node));
}
