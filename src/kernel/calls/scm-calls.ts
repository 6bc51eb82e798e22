/**
 * Files in messages that nobody has received yet: a file lives on in one when every descriptor of it is closed. Models
 * net/core/scm.c and net/unix/af_unix.c (Linux 7.3) for whoever carries the messages themselves: `sendmsg` is both ends at
 * once.
 */
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';
import { O_CLOEXEC } from '../../uapi/fcntl.ts';
import type { KernelState } from '../state.ts';
import { DescriptorTable } from '../task.ts';
import type { Opened } from './opened.ts';
import { badArgument, fail, ok, type SyscallResult } from './results.ts';

const NEXT = 'scm';
const scmKey = (id: number): string => recordKey('scm', id);

/** A file in a message. */
export interface ScmFile {
  /** The number of the open file. */
  readonly file: number;
  /** The task that sent it. */
  readonly by: string;
}

/** The files in messages by their numbers. */
export const filesInFlight = (records: Records): readonly (readonly [id: number, sent: ScmFile])[] =>
  [...records.list<ScmFile>('scm/')].map(([key, sent]) => [Number(key.slice('scm/'.length)), sent]);

/** A descriptor goes into a message: scm_fp_copy(). `ret` is the number of the file in flight. */
export function scmSend(state: KernelState, { task, descriptor }: Opened): SyscallResult {
  const { records, files } = state;
  const id = records.get<number>(NEXT) ?? 1;
  records.put(NEXT, id + 1);
  records.put<ScmFile>(scmKey(id), { file: descriptor.file, by: task });
  files.ref(descriptor.file);
  return ok(id);
}

export interface ScmReceive {
  /** The number that scm_send returned. */
  readonly message: number;
  /** MSG_CMSG_CLOEXEC. */
  readonly cloexec?: boolean;
  /** MSG_PEEK: the file stays in the message too. */
  readonly peek?: boolean;
  /** The number that the receiver's own table gave; -1: none was left. The lowest free one unless given. */
  readonly at?: number;
}

/** The receiver takes the file: scm_detach_fds(). `ret` is its descriptor; without one the message has lost the file. */
export function scmReceive(state: KernelState, by: string, call: ScmReceive): SyscallResult {
  const sent = state.records.get<ScmFile>(scmKey(call.message));
  if (sent === undefined) return badArgument('EINVAL', 'handle', call.message);
  if (call.peek === true) state.files.ref(sent.file);
  else state.records.delete(scmKey(call.message));
  const table = new DescriptorTable(state.records, by);
  const fd = state.install(table, sent.file, call.cloexec === true ? O_CLOEXEC : 0, call.at);
  if (typeof fd === 'number') return ok(fd);
  state.fput(sent.file, by);
  return fail('EMFILE', { kind: 'descriptor-limit', limit: fd.limit });
}

export interface ScmDrop {
  readonly message: number;
}

/** The message goes unread, with its socket: scm_destroy(). */
export function scmDrop(state: KernelState, by: string, { message }: ScmDrop): SyscallResult {
  const sent = state.records.get<ScmFile>(scmKey(message));
  if (sent === undefined) return badArgument('EINVAL', 'handle', message);
  state.records.delete(scmKey(message));
  state.fput(sent.file, by);
  return ok(0);
}
