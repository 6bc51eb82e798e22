/**
 * MMAP, MUNMAP, MPROTECT, MREMAP and MADVISE: the host maps the buffer's file, the model keeps the account. What the model refuses, the host is
 * not asked for.
 */
import { higher, lower } from '../kernel/address-space.ts';
import { adviceError } from '../kernel/advice.ts';
import type { Syscall } from '../kernel/syscall.ts';
import type { MappedArea } from '../kernel/views/views.ts';
import { errnoNumber } from '../uapi/errno.ts';
import { MAP_FIXED } from '../uapi/fcntl.ts';
import { FLAG } from './protocol.ts';
import type { Handler, Question } from './question.ts';

/** Why a buffer refuses once what stood at the fixed address has gone: checkExporter() of kernel/mapping.ts. */
const REFUSED_BY_BUFFER: ReadonlySet<string> = new Set([
  'no-mmap',
  'past-end',
  'no-private-mapping',
  'no-cpu',
]);

/** Whether the model takes the call, without making it. */
const wouldTake = ({ kernel, task }: Question, call: Syscall): boolean =>
  kernel.rehearse((rehearsal) => rehearsal.syscall(task, call)).ret >= 0;

export const mmap: Handler = (question) => {
  const { fields } = question;
  const fd = fields.u32() | 0;
  const addr = fields.u64();
  const length = fields.u64();
  const prot = fields.u32();
  const flags = fields.u32() | 0;
  const offset = fields.u64();
  const at = fields.u64();
  fields.end();
  const isFixed = (flags & MAP_FIXED) !== 0;
  const asked = { call: 'mmap', fd, length, prot, flags, offset } as const;
  // Where it goes, is the host's to say; a fixed address is looked at before.
  const call = at === 0n ? { ...asked, ...(isFixed && { addr }) } : { ...asked, addr, at };
  if (at === 0n && wouldTake(question, call)) {
    question.reply(0).u32(FLAG.NATIVE).u32(prot);
    return;
  }
  const { ret, errno, why } = question.call(call);
  const hole = isFixed && errno === 'EINVAL' && why !== undefined && REFUSED_BY_BUFFER.has(why.kind);
  question
    .reply(Math.min(ret, 0))
    .u32(hole ? FLAG.HOLE : 0)
    .u32(prot);
};

/** The areas of the task in a range of addresses, ascending. */
function areasIn({ kernel, task }: Question, start: bigint, length: bigint): readonly MappedArea[] {
  const areas = kernel.areasIn(task, { start, end: start + length });
  return [...areas].sort((a, b) => (a.start < b.start ? -1 : 1));
}

/** What is not a buffer's in the range is the host's alone. */
export const munmap: Handler = (question) => {
  const { fields } = question;
  const address = fields.u64();
  const length = fields.u64();
  fields.end();
  const [area] = areasIn(question, address, length);
  if (area === undefined) {
    question.reply(0);
    return;
  }
  const { mapping, base } = area;
  question.reply(question.call({ call: 'munmap', mapping, offset: address - base, length }).ret);
};

export const mprotect: Handler = (question) => {
  const { fields } = question;
  const address = fields.u64();
  const length = fields.u64();
  const prot = fields.u32() | 0;
  fields.end();
  let ret = 0;
  for (const { mapping, base, start, end } of areasIn(question, address, length)) {
    const from = higher(start, address);
    const to = lower(end, address + length);
    ret = question.call({ call: 'mprotect', mapping, offset: from - base, length: to - from, prot }).ret;
    if (ret < 0) break;
  }
  question.reply(ret);
};

export const mremap: Handler = (question) => {
  const { fields } = question;
  const address = fields.u64();
  const old_len = fields.u64();
  const new_len = fields.u64();
  const flags = fields.u32() | 0;
  const new_addr = fields.u64();
  const isDone = fields.u32() !== 0;
  const at = fields.u64();
  fields.end();
  const [area] = areasIn(question, address, 1n);
  if (area === undefined) {
    question.reply(-errnoNumber('EFAULT'));
    return;
  }
  const { mapping, base } = area;
  const asked = {
    call: 'mremap',
    mapping,
    offset: address - base,
    old_len,
    new_len,
    flags,
    new_addr,
  } as const;
  const call = isDone ? { ...asked, at } : asked;
  if (!isDone && wouldTake(question, call)) question.reply(0);
  else question.reply(Math.min(question.call(call).ret, 0));
};

/** Advice that a mapping of a buffer refuses; the host is given what is taken. */
export const madvise: Handler = (question) => {
  const { fields, kernel } = question;
  const address = fields.u64();
  const length = fields.u64();
  const advice = fields.u32() | 0;
  fields.end();
  const { linux } = kernel.profile;
  for (const area of areasIn(question, address, length)) {
    const error = adviceError(advice, area, linux);
    if (error !== undefined) {
      question.reply(-errnoNumber(error)).u32(0);
      return;
    }
  }
  question.reply(0).u32(FLAG.NATIVE);
};
