/** CLOSE, DUP, SETFD and FCNTL: what becomes of a descriptor's number. */

import { errnoNumber } from '../uapi/errno.ts';
import { F_GETFL, F_SETFD, F_SETFL, FD_CLOEXEC } from '../uapi/fcntl.ts';
import { FLAG, STAYS } from './protocol.ts';
import type { Handler } from './question.ts';

const EBADF = -errnoNumber('EBADF');

/** Numbers that the model does not have are passed over: threads may close one twice. One that a fault rule lets the program forget stays. */
export const close: Handler = (question) => {
  const { fields, kernel, task } = question;
  const fds = fields.list(4, (each) => each.u32());
  fields.end();
  let ret = fds.length === 1 ? EBADF : 0;
  for (const fd of fds) {
    if (kernel.hasDescriptor(task, fd)) ret = question.call({ call: 'close', fd }).ret;
  }
  const [fd] = fds;
  const stays = ret === 0 && fds.length === 1 && fd !== undefined && kernel.hasDescriptor(task, fd);
  question.reply(stays ? STAYS : ret);
};

/** The host has made the second descriptor; what stood under its number is closed. */
export const dup: Handler = (question) => {
  const { fields } = question;
  const fd = fields.u32();
  const at = fields.u32();
  const cloexec = fields.u32() !== 0;
  fields.end();
  question.reply(question.call({ call: 'dup', fd, at, cloexec }).ret);
};

export const setfd: Handler = (question) => {
  const { fields } = question;
  const fd = fields.u32();
  const arg = fields.u32() === 0 ? 0 : FD_CLOEXEC;
  fields.end();
  question.reply(question.call({ call: 'fcntl', fd, cmd: F_SETFD, arg }).ret);
};

/** All commands but those that make a descriptor, which DUP tells of. */
export const fcntl: Handler = (question) => {
  const { fields, process } = question;
  const fd = fields.u32();
  const cmd = fields.u32();
  const given = Number(fields.i64());
  fields.end();
  const arg = cmd === F_SETFL ? process.border.flagsToBoard(given | 0) : given;
  const { ret } = question.call({ call: 'fcntl', fd, cmd, arg });
  const isFlags = cmd === F_GETFL && ret >= 0;
  const native = cmd === F_SETFD && ret >= 0 ? FLAG.NATIVE : 0;
  question.reply(isFlags ? process.border.flagsToHost(ret) : ret).u32(native);
};
