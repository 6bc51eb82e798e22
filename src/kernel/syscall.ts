/**
 * The system calls that the emulator answers, as data: what goes in and what comes back.
 */
import type { Failure } from '../dma-buf/failure.ts';
import type { Errno } from '../uapi/errno.ts';

/** A pointer argument: the caller's bytes, changed in place, or `null` for an unmapped address. */
export type UserPointer = Uint8Array | null;

export type Syscall =
  | { readonly call: 'open'; readonly path: string; readonly flags: number }
  | { readonly call: 'close'; readonly fd: number }
  | { readonly call: 'ioctl'; readonly fd: number; readonly request: number; readonly arg: UserPointer }
  | { readonly call: 'dup'; readonly fd: number }
  | {
      readonly call: 'mmap';
      readonly fd: number;
      readonly length: bigint;
      readonly prot: number;
      readonly flags: number;
      readonly offset: bigint;
    }
  | { readonly call: 'fcntl'; readonly fd: number; readonly cmd: number; readonly arg: number }
  | { readonly call: 'lseek'; readonly fd: number; readonly offset: bigint; readonly whence: number }
  | { readonly call: 'munmap'; readonly mapping: number }
  | { readonly call: 'setrlimit'; readonly resource: 'RLIMIT_NOFILE'; readonly soft: number };

export interface SyscallResult {
  /** The return value (a descriptor, a mapping's number, 0), or the negative errno. */
  readonly ret: number;
  /** Set exactly when `ret` is negative. */
  readonly errno?: Errno;
  /** Why it failed, in numbers. */
  readonly why?: Failure;
}
