/** SEND and RECEIVE: descriptors in messages between processes, which the host carries. */
import { acquire } from './acquire.ts';
import type { Handler } from './question.ts';

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
  const { fields, kernel, process, around } = question;
  const received = fields.list(12, (each) => ({
    fd: each.u32(),
    cloexec: each.u32() !== 0,
    path: each.str(),
  }));
  fields.end();
  question.hasCalled = true;
  for (const descriptor of received) acquire(kernel, process, descriptor, around);
  question.reply(0);
};
