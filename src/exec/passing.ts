/** SEND and RECEIVE: descriptors in messages between processes, which the host carries. */
import type { DescriptorView } from '../kernel/views/descriptor-view.ts';
import { linkTarget } from '../kernel/virtual-files/fdinfo.ts';
import { O_CLOEXEC, O_RDWR } from '../uapi/fcntl.ts';
import type { Handler, Question } from './question.ts';

/** Told before the host sends: a file lives on in the message when its sender closes it. */
export const send: Handler = (question) => {
  const { fields, kernel, task } = question;
  const fds = fields.list(4, (each) => each.u32());
  fields.end();
  let ret = 0;
  for (const fd of fds) {
    if (kernel.hasDescriptor(task, fd)) ret = Math.min(ret, question.call({ call: 'scm_send', fd }).ret);
  }
  question.reply(ret);
};

/** Told after the host has given the receiver its numbers. */
export const receive: Handler = (question) => {
  const { fields } = question;
  const received = fields.list(12, (each) => ({
    fd: each.u32(),
    cloexec: each.u32() !== 0,
    path: each.str(),
  }));
  fields.end();
  for (const { fd, cloexec, path } of received) take(question, fd, cloexec, path);
  question.reply(0);
};

function take(question: Question, at: number, cloexec: boolean, path: string): void {
  const { kernel, task, process, around } = question;
  const file = around.buffers.fileAt(kernel, path);
  const emulated = around.mirror.emulatedPath(path);
  const isIt = (sent: number): boolean =>
    file !== undefined ? sent === file : isAt(kernel.openFile(sent), emulated);
  const message = kernel.filesInFlight().find(([, sent]) => isIt(sent.file));
  if (message !== undefined) {
    question.call({ call: 'scm_receive', message: message[0], cloexec, at });
    return;
  }
  // Looked at twice (MSG_PEEK), or sent by one that told nobody: then the process must show that it has it.
  const holders = file === undefined ? [] : kernel.descriptorsOf(file);
  const own = holders.find((holder) => holder.task === task);
  const holder = own ?? (around.hasOpen(process.pid, at, path) ? holders[0] : undefined);
  if (holder !== undefined) {
    kernel.syscall(holder.task, { call: 'sendmsg', fd: holder.number, to: task, cloexec, at });
  } else if (emulated !== undefined) {
    kernel.syscall(task, { call: 'open', path: emulated, flags: O_RDWR | (cloexec ? O_CLOEXEC : 0), at });
  }
}

const isAt = (open: DescriptorView['open'] | undefined, path: string | undefined): boolean =>
  open !== undefined && path !== undefined && open.kind !== 'dma_buf' && linkTarget(open) === path;
