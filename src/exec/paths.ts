/** STAT, ACCESS, LINK and PROC: what a program sees of files without opening them. */
import { linkTarget } from '../kernel/virtual-files/fdinfo.ts';
import type { VirtualNode } from '../kernel/virtual-files/node.ts';
import { errnoNumber } from '../uapi/errno.ts';
import { decodeStat, S_IFCHR, S_IFDIR, S_IFLNK, S_IFREG, type Stat } from '../uapi/stat.ts';
import type { Handler, Question } from './question.ts';

const MODES = { file: S_IFREG, directory: S_IFDIR, symlink: S_IFLNK, device: S_IFCHR } as const;
const X_OK = 1;

export const stat: Handler = (question) => {
  const { fields, kernel, task } = question;
  const fd = fields.i32();
  const path = fields.str();
  fields.u32(); // at-flags: the model follows links
  fields.end();
  if (fd < 0) {
    const found = kernel.lookup(path, task);
    if ('errno' in found) replyStat(question, -errnoNumber(found.errno));
    else replyStat(question, 0, statOfNode(found.node, kernel.profile.geometry.pageSize));
    return;
  }
  const layout = kernel.profile.arch.stat;
  const buf = new Uint8Array(layout.size);
  const { ret } = question.call({ call: 'fstat', fd, buf });
  replyStat(question, ret, ret < 0 ? undefined : decodeStat(buf, layout));
};

function statOfNode(node: VirtualNode, pageSize: number): Stat {
  const { mode, uid = 0, gid = 0, size = 0 } = node;
  const isDirectory = node.kind === 'directory';
  return {
    st_dev: 0n,
    st_ino: 0n,
    st_mode: MODES[node.kind] | mode,
    st_nlink: isDirectory ? 2 : 1,
    st_uid: uid,
    st_gid: gid,
    st_rdev: node.kind === 'device' ? deviceNumber(node.major, node.minor) : 0n,
    st_size: BigInt(size),
    st_blksize: pageSize,
    st_blocks: 0n,
  };
}

const deviceNumber = (major: number, minor: number): bigint =>
  BigInt((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12));

function replyStat(question: Question, ret: number, stat?: Stat): void {
  const { st_mode = 0, st_nlink = 0, st_uid = 0, st_gid = 0, st_rdev = 0n } = stat ?? {};
  const rdev = Number(st_rdev);
  const reply = question.reply(ret).u32(st_mode).u32(st_nlink).u32(st_uid).u32(st_gid);
  reply.u32((rdev >>> 8) & 0xfff).u32((rdev & 0xff) | ((rdev >>> 12) & 0xfff00));
  reply
    .u64(stat?.st_ino ?? 0n)
    .u64(stat?.st_size ?? 0n)
    .u64(stat?.st_blocks ?? 0n);
  reply.u32(stat?.st_blksize ?? 0).str('');
}

export const access: Handler = (question) => {
  const { fields, kernel, task } = question;
  const path = fields.str();
  const mode = fields.u32();
  fields.u32(); // at-flags: real and effective users are one
  fields.end();
  const found = kernel.lookup(path, task);
  if ('errno' in found) {
    question.reply(-errnoNumber(found.errno));
    return;
  }
  const { node } = found;
  // Not even user 0 executes what nobody may.
  const isRefused = (mode & X_OK) !== 0 && node.kind !== 'directory' && (node.mode & 0o111) === 0;
  question.reply(isRefused ? -errnoNumber('EACCES') : 0);
};

/** What the link /proc/PID/fd/N of a host path shows. */
export const link: Handler = (question) => {
  const { fields, kernel, around } = question;
  const path = fields.str();
  fields.end();
  const file = around.buffers.fileAt(kernel, path);
  const open = file === undefined ? undefined : kernel.openFile(file);
  const shown = open === undefined ? around.mirror.emulatedPath(path) : linkTarget(open);
  question.reply(shown === undefined ? -errnoNumber('ENOENT') : 0).str(shown ?? '');
};
