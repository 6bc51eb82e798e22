/** RLIMIT, HOST_FULL and NOTE: what a carrier tells of its side. */
import { NR_OPEN } from '../kernel/task.ts';
import type { Handler } from './question.ts';

const RLIMIT_NOFILE = 7;

/** Other limits do not bound what is emulated. */
export const rlimit: Handler = (question) => {
  const { fields } = question;
  const resource = fields.u32();
  const limit = fields.u64();
  fields.end();
  if (resource !== RLIMIT_NOFILE) {
    question.reply(0);
    return;
  }
  const soft = limit > BigInt(NR_OPEN) ? NR_OPEN : Number(limit);
  question.reply(question.call({ call: 'setrlimit', resource: 'RLIMIT_NOFILE', soft }).ret);
};

/** The host had no room for the file of a new buffer: that is not the board's exhaustion, and nobody gets the buffer. */
export const hostFull: Handler = (question) => {
  const { fields, kernel, task, process, around } = question;
  const fd = fields.u32();
  const errno = fields.u32();
  fields.end();
  const open = kernel.descriptor(task, fd)?.open;
  const size = open?.kind === 'dma_buf' ? open.size : 0n;
  around.note(
    process,
    `the host has no room for a buffer of ${size} bytes in ${around.buffers.directory} (errno ${errno}): the board had`,
  );
  question.reply(kernel.hasDescriptor(task, fd) ? question.call({ call: 'close', fd }).ret : 0);
};

export const note: Handler = (question) => {
  const { fields, process, around } = question;
  fields.u32(); // the code
  const text = fields.str();
  fields.end();
  around.note(process, text);
  question.reply(0);
};
