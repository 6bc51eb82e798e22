/**
 * What tasks ask of the kernel, as data: what goes in and what comes back. Of types alone; made of the table of calls.
 * What stands below that table has `SyscallResult` of `calls/results.ts`.
 */
export type { FileCall, MachineCall, Syscall, TaskCall } from './calls/index.ts';
export type { SyscallResult, UserPointer } from './calls/results.ts';
