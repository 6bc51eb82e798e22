/**
 * What tasks ask of the kernel, as data: what goes in and what comes back. System calls of Linux by their
 * names; behind them, in the same form, what a driver does on a task's behalf (`dma_buf_*`), and what a
 * user does to the machine (`task_add`, `device_*`).
 */
import type { Failure } from '../dma-buf/failure.ts';
import type { Device } from '../mm/dma/device.ts';
import type { DmaDirection } from '../mm/dma/dma-mapping.ts';
import type { Errno } from '../uapi/errno.ts';
import type { PhysRange } from '../units.ts';
import type { KeptRule } from './faults/fault-rule.ts';
import type { Credentials } from './task.ts';

/** A pointer argument: the caller's bytes, changed in place, or `null` for an unmapped address. */
export type UserPointer = Uint8Array | null;

/** The calls that begin with a descriptor. */
export type FileCall =
  /** A request with its argument: a pointer, or for the few that take one by value a number in 8 bytes. */
  | { readonly call: 'ioctl'; readonly fd: number; readonly request: number; readonly arg: UserPointer }
  | { readonly call: 'read'; readonly fd: number; readonly buf: UserPointer }
  | { readonly call: 'write'; readonly fd: number; readonly buf: UserPointer }
  | { readonly call: 'pread64'; readonly fd: number; readonly buf: UserPointer; readonly offset: bigint }
  | { readonly call: 'pwrite64'; readonly fd: number; readonly buf: UserPointer; readonly offset: bigint }
  | { readonly call: 'lseek'; readonly fd: number; readonly offset: bigint; readonly whence: number }
  | { readonly call: 'ftruncate'; readonly fd: number; readonly length: bigint }
  /** `buf` gets a struct stat: 128 bytes. */
  | { readonly call: 'fstat'; readonly fd: number; readonly buf: UserPointer }
  /** `buf` gets struct linux_dirent64s. */
  | { readonly call: 'getdents64'; readonly fd: number; readonly buf: UserPointer }
  | { readonly call: 'dup'; readonly fd: number }
  | { readonly call: 'fcntl'; readonly fd: number; readonly cmd: number; readonly arg: number }
  | {
      readonly call: 'mmap';
      readonly fd: number;
      readonly length: bigint;
      readonly prot: number;
      readonly flags: number;
      readonly offset: bigint;
    }
  /** SCM_RIGHTS: the descriptor's file becomes one of another task. `ret` is the number there. */
  | { readonly call: 'sendmsg'; readonly fd: number; readonly to: string; readonly cloexec?: boolean };

/** The calls of a task about itself. */
export type TaskCall =
  | { readonly call: 'munmap'; readonly mapping: number }
  | { readonly call: 'setrlimit'; readonly resource: 'RLIMIT_NOFILE'; readonly soft: number }
  /** A child with copies of descriptors and mappings. `ret` is its pid. */
  | { readonly call: 'fork'; readonly child: string }
  /** Another program: close-on-exec descriptors are closed, mappings go. */
  | { readonly call: 'execve' }
  /** Closes everything; what its devices hold as well. */
  | { readonly call: 'exit' };

/** What an importing driver does with a buffer when a task asks it to (drivers/dma-buf/dma-buf.c). */
export type ImporterCall =
  /** dma_buf_get() and dma_buf_attach(). `ret` is the attachment's number. */
  | { readonly call: 'dma_buf_attach'; readonly fd: number; readonly device: string }
  | { readonly call: 'dma_buf_map_attachment'; readonly attachment: number; readonly direction: DmaDirection }
  | { readonly call: 'dma_buf_unmap_attachment'; readonly attachment: number }
  /** dma_buf_detach() and dma_buf_put(). */
  | { readonly call: 'dma_buf_detach'; readonly attachment: number };

/** What a user changes about the machine. */
export type MachineCall =
  /** A task of its own: not a child of any. `ret` is its pid. */
  | {
      readonly call: 'task_add';
      readonly name: string;
      readonly credentials: Credentials;
      readonly nofile: number;
    }
  | { readonly call: 'device_add'; readonly device: Device }
  | { readonly call: 'device_del'; readonly device: string }
  /** Logical time passes for all. */
  | { readonly call: 'sleep'; readonly nanoseconds: number }
  /** A fault rule from now on. `ret` is its number. */
  | { readonly call: 'fault_add'; readonly rule: KeptRule }
  | { readonly call: 'fault_del'; readonly id: number }
  /** Somebody holds pages of a CMA area, so that they cannot be moved away. */
  | { readonly call: 'pin'; readonly range: PhysRange }
  | { readonly call: 'unpin'; readonly range: PhysRange }
  /** Loads a heap's module. */
  | { readonly call: 'modprobe'; readonly module: string }
  | { readonly call: 'delete_module'; readonly module: string };

export type Syscall =
  | { readonly call: 'open'; readonly path: string; readonly flags: number }
  | { readonly call: 'close'; readonly fd: number }
  /** `fds` holds struct pollfds. */
  | { readonly call: 'poll'; readonly fds: UserPointer; readonly timeout: number }
  | FileCall
  | TaskCall
  | ImporterCall
  | MachineCall;

export interface SyscallResult {
  /** The return value (a descriptor, a mapping's number, bytes, 0), or the negative errno. */
  readonly ret: number;
  /** Set exactly when `ret` is negative. */
  readonly errno?: Errno;
  /** Why it failed, in numbers. */
  readonly why?: Failure;
}
