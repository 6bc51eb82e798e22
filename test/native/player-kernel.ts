/**
 * The kernel as a real program reaches it: calls are made by `syscall-player.c` under `dmaheap exec`, one after another, and
 * what a program cannot see (physical addresses, the log) is read from the session meanwhile.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { type Mapping, SegmentationFault } from '../../src/kernel/mapping.ts';
import type { Syscall, SyscallResult } from '../../src/kernel/syscall.ts';
import type { LogLine } from '../../src/printk.ts';
import type { Profile } from '../../src/profile/profile.ts';
import type { Session } from '../../src/session/session.ts';
import { decodePollfds, encodePollfds } from '../../src/uapi/poll.ts';
import { encodeStat } from '../../src/uapi/stat.ts';
import type { RecordedKernel } from '../conformance/recorded-process.ts';

/** How long an answer may take, milliseconds. */
const PATIENCE = 60_000;
const SIGSEGV = 11;
/** O_DIRECTORY of the host: the value of x86_64, or of arm64. */
const O_DIRECTORY = constants.O_DIRECTORY;
/** No line of the player's is longer. */
const LINE = 1 << 19;

/** A call that the player does not make. */
export class NotPlayed extends Error {}

const nap = (milliseconds: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
};

/** Bytes as the player reads them: the length, and what is there before the zeros at the end. */
function written(bytes: Uint8Array): string {
  let used = bytes.length;
  while (used > 0 && bytes[used - 1] === 0) used--;
  return `${bytes.length}:${Buffer.from(bytes.subarray(0, used)).toString('hex')}`;
}

export class PlayerKernel implements RecordedKernel {
  readonly profile: Profile;
  readonly #session: Session;
  readonly #task: string;
  readonly #child: ChildProcess;
  readonly #to: number;
  readonly #from: number;
  #rest = '';

  /**
   * @param command starts the player under exec: the words before its arguments
   * @param fifos a directory with the FIFOs `in` and `out`
   * @param task the name that the command gives the player
   */
  constructor(command: readonly string[], fifos: string, session: Session, task: string) {
    this.#session = session;
    this.#task = task;
    this.profile = session.view((kernel) => kernel.profile);
    const [program = '', ...words] = command;
    const [to, from] = [join(fifos, 'in'), join(fifos, 'out')];
    // Both ends, so that opening waits for nobody.
    this.#to = openSync(to, constants.O_RDWR);
    this.#from = openSync(from, constants.O_RDWR | constants.O_NONBLOCK);
    this.#child = spawn(program, [...words, to, from], { stdio: ['ignore', 'ignore', 'inherit'] });
  }

  /** Ends the player. @returns when it is gone */
  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    // The player ends at the end of its input, which is when no writer is left.
    closeSync(this.#to);
    if (this.#child.exitCode === null && this.#child.signalCode === null) await gone;
    closeSync(this.#from);
  }

  syscall(task: string, call: Syscall): SyscallResult {
    if (task !== 'shell') throw new NotPlayed(`a call of task ${task}`);
    return { ret: this.#make(call).ret };
  }

  hasTask(task: string): boolean {
    return task === 'shell';
  }

  task(): undefined {
    return undefined;
  }

  device(): undefined {
    return undefined;
  }

  lookup(): ReturnType<Kernel['lookup']> {
    throw new NotPlayed('a look at a path');
  }

  buffer(_task: string, fd: number): ReturnType<RecordedKernel['buffer']> {
    return this.#session.view((kernel) => kernel.buffer(this.#task, fd));
  }

  buffers(): ReturnType<RecordedKernel['buffers']> {
    return this.#session.view((kernel) => kernel.buffers());
  }

  /** The log from a line on. */
  log(from: number): readonly LogLine[] {
    return this.#session.view((kernel) => [...kernel.printk.since(from)]);
  }

  get nextSeq(): number {
    return this.#session.view((kernel) => kernel.printk.nextSeq);
  }

  /** A file as the player reads it; `undefined` when it cannot be opened. */
  text(path: string): string | undefined {
    const fd = this.#ask('open', path, 0).ret;
    if (fd < 0) return undefined;
    const { bytes } = this.#ask('read', fd, 65536);
    this.#ask('close', fd);
    return Buffer.from(bytes).toString();
  }

  mapping(id: number): Pick<Mapping, 'read' | 'write'> {
    const touched = (access: 'read' | 'write', offset: bigint, signal: number | undefined) => {
      if (signal === undefined) return;
      if (signal !== SIGSEGV) throw new Error(`the player met signal ${signal}`);
      throw new SegmentationFault(access, offset, 'SEGV_MAPERR');
    };
    return {
      read: (offset, into) => {
        const { bytes, signal } = this.#ask('load', id, offset, into.length);
        touched('read', offset, signal);
        into.fill(0);
        into.set(bytes);
      },
      write: (offset, from) => {
        const [byte = 0] = from;
        if (from.some((other) => other !== byte)) throw new NotPlayed('a store of different bytes');
        touched('write', offset, this.#ask('fill', id, offset, from.length, byte).signal);
      },
    };
  }

  #make(call: Syscall): { readonly ret: number; readonly bytes?: Uint8Array } {
    switch (call.call) {
      case 'open': {
        const board = this.profile.arch.openFlags.O_DIRECTORY;
        const flags = (call.flags & board) === 0 ? call.flags : (call.flags & ~board) | O_DIRECTORY;
        return this.#ask('open', call.path, flags);
      }
      case 'close':
      case 'dup':
        return this.#ask(call.call, call.fd);
      case 'ioctl': {
        if (call.readOnly === true) throw new NotPlayed('an argument that may only be read');
        const given = call.arg === null ? 'null' : written(call.arg);
        const answer = this.#ask('ioctl', call.fd, call.request >>> 0, given);
        if (call.arg !== null) {
          call.arg.fill(0);
          call.arg.set(answer.bytes);
        }
        return answer;
      }
      case 'read':
      case 'pread64':
      case 'getdents64': {
        const at = call.call === 'pread64' ? [call.offset] : [];
        const answer = this.#ask(call.call, call.fd, call.buf?.length ?? 0, ...at);
        call.buf?.set(answer.bytes);
        return answer;
      }
      case 'write':
        return this.#ask('write', call.fd, written(call.buf ?? new Uint8Array()));
      case 'lseek':
        return this.#ask('lseek', call.fd, call.offset, call.whence);
      case 'ftruncate':
        return this.#ask('ftruncate', call.fd, call.length);
      case 'fcntl':
        return this.#ask('fcntl', call.fd, call.cmd, call.arg);
      case 'mmap':
        return this.#ask('mmap', call.fd, call.length, call.prot, call.flags, call.offset);
      case 'munmap':
        return this.#ask('munmap', call.mapping);
      case 'setrlimit':
        return this.#ask('setrlimit', call.soft);
      case 'fstat':
        return this.#fstat(call.fd, call.buf);
      case 'poll': {
        const [entry] = decodePollfds(call.fds ?? new Uint8Array());
        if (entry === undefined) throw new NotPlayed('a poll of nothing');
        const { ret, bytes } = this.#ask('poll', entry.fd, entry.events);
        call.fds?.set(encodePollfds([{ ...entry, revents: (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8) }]));
        return { ret };
      }
      default:
        throw new NotPlayed(`the call ${call.call}`);
    }
  }

  /** struct stat of the host's as the board's. */
  #fstat(fd: number, buf: Uint8Array | null): { readonly ret: number } {
    const { ret, bytes } = this.#ask('fstat', fd);
    const [size = 0, mode = 0, blksize = 0] = Buffer.from(bytes).toString().split(' ').map(Number);
    const none = { st_dev: 0n, st_ino: 0n, st_nlink: 1, st_uid: 0, st_gid: 0, st_rdev: 0n, st_blocks: 0n };
    const stat = { ...none, st_size: BigInt(size), st_mode: mode, st_blksize: blksize };
    if (ret === 0) buf?.set(encodeStat(stat, this.profile.arch.stat));
    return { ret };
  }

  #ask(...words: readonly (string | number | bigint)[]): {
    readonly ret: number;
    readonly bytes: Uint8Array;
    readonly signal?: number;
  } {
    const line = Buffer.from(`${words.join(' ')}\n`);
    for (let done = 0; done < line.length; ) done += writeSync(this.#to, line, done);
    const [ret = '', bytes = ''] = this.#line().split(':');
    if (ret.startsWith('sig')) return { ret: -1, bytes: new Uint8Array(), signal: Number(ret.slice(3)) };
    return { ret: Number(ret), bytes: Buffer.from(bytes, 'hex') };
  }

  #line(): string {
    const end = Date.now() + PATIENCE;
    const room = Buffer.alloc(LINE);
    while (!this.#rest.includes('\n')) {
      if (Date.now() > end) throw new Error('the player does not answer');
      try {
        const got = readSync(this.#from, room);
        this.#rest += room.toString('latin1', 0, got);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
        nap(0.2);
      }
    }
    const newline = this.#rest.indexOf('\n');
    const line = this.#rest.slice(0, newline);
    this.#rest = this.#rest.slice(newline + 1);
    return line;
  }
}
