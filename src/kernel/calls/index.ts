/**
 * What tasks ask of the kernel, by name: one more is its file beside this one, which exports the type of its arguments too, and
 * its line here. System calls of Linux by their names; what a driver does on a task's behalf (`dma_buf_*`); and what a
 * user does to the machine.
 */

import { mkdir, rmdir } from './cgroup-calls.ts';
import {
  dmaAllocAttrsCall,
  dmaAllocPagesCall,
  dmaFreeCall,
  dmaSetMask,
  driverBind,
  ofReservedMemDeviceInit,
  ofReservedMemDeviceRelease,
} from './driver-calls.ts';
import { drmGemClose, drmPrimeFdToHandle, drmPrimeHandleToFd } from './drm-calls.ts';
import { dup, fcntl, lseek } from './file-calls.ts';
import { fadvise64, fallocate, fsync, ftruncate, readahead, syncFileRange, syncfs } from './file-size.ts';
import { flock } from './flock.ts';
import {
  type FileHandler,
  file,
  fileOrPath,
  type Handler,
  type MachineHandler,
  machine,
  type TaskHandler,
  task,
  voidTask,
} from './handler.ts';
import {
  deviceAdd,
  deviceDel,
  dmaBufAttach,
  dmaBufDetach,
  dmaBufMapAttachment,
  dmaBufUnmapAttachment,
} from './importer-calls.ts';
import { ioctl } from './ioctl.ts';
import { deleteModule, faultAdd, faultDel, modprobe, pin, sleep, unpin } from './machine-calls.ts';
import { drmCreateDumb, drmDevRegister, vb2Reqbufs } from './media-calls.ts';
import { mmap, munmap, refuseOffset } from './mmap.ts';
import { mprotect } from './mprotect.ts';
import { mremap } from './mremap.ts';
import { occupy } from './occupy.ts';
import { close, closeRange, open } from './open.ts';
import { overlayApply } from './overlay-calls.ts';
import { fchmod, fchmodat, fchown, fchownat, fgetxattr, futimens, utimensat } from './owner-calls.ts';
import { chdir, create, fchdir, link, rename, truncate, unlink } from './path-calls.ts';
import { epollCtl, poll } from './poll-calls.ts';
import { execve, exit, fork, sendmsg, setrlimit, taskAdd } from './process-calls.ts';
import { scmDrop, scmReceive, scmSend } from './scm-calls.ts';
import { copyFileRange, sendfile, splice, vmsplice } from './splice-calls.ts';
import { faccessat, fstat, fstatfs, newfstatat, readlinkat } from './stat-calls.ts';
import {
  pread64,
  preadv2,
  pwrite64,
  pwritev2,
  read,
  refuseBelowPosition,
  refuseNegative,
  write,
} from './transfers.ts';
import { getdents64 } from './virtual-calls.ts';

const CALLS = {
  open: task(open),
  close: task(close),
  close_range: task(closeRange),
  ioctl: file(ioctl),
  read: file(read),
  write: file(write),
  readv: file(read),
  writev: file(write),
  pread64: file(pread64, refuseNegative),
  pwrite64: file(pwrite64, refuseNegative),
  preadv: file(pread64, refuseNegative),
  pwritev: file(pwrite64, refuseNegative),
  preadv2: file(preadv2, refuseBelowPosition),
  pwritev2: file(pwritev2, refuseBelowPosition),
  lseek: file(lseek),
  sendfile: file(sendfile),
  splice: file(splice),
  tee: file(splice),
  vmsplice: file(vmsplice),
  copy_file_range: file(copyFileRange),
  ftruncate: file(ftruncate),
  fallocate: file(fallocate),
  fsync: file(fsync),
  fdatasync: file(fsync),
  sync_file_range: file(syncFileRange),
  syncfs: file(syncfs),
  fadvise64: file(fadvise64),
  readahead: file(readahead),
  flock: file(flock),
  fchmod: file(fchmod),
  fchown: file(fchown),
  futimens: file(futimens),
  fgetxattr: file(fgetxattr),
  fstat: fileOrPath(fstat),
  fstatfs: fileOrPath(fstatfs),
  fchdir: fileOrPath(fchdir),
  getdents64: file(getdents64),
  newfstatat: task(newfstatat),
  faccessat: task(faccessat),
  readlinkat: task(readlinkat),
  truncate: task(truncate),
  unlink: task(unlink),
  link: task(link),
  rename: task(rename),
  symlink: task(create),
  mknod: task(create),
  fchmodat: task(fchmodat),
  fchownat: task(fchownat),
  utimensat: task(utimensat),
  chdir: task(chdir),
  dup: fileOrPath(dup),
  fcntl: fileOrPath(fcntl),
  mmap: file(mmap, refuseOffset),
  munmap: task(munmap),
  mprotect: task(mprotect),
  mremap: task(mremap),
  poll: task(poll),
  epoll_ctl: file(epollCtl),
  sendmsg: fileOrPath(sendmsg),
  scm_send: fileOrPath(scmSend),
  scm_receive: task(scmReceive),
  scm_drop: task(scmDrop),
  setrlimit: task(setrlimit),
  fork: task(fork),
  mkdir: task(mkdir),
  rmdir: task(rmdir),
  execve: task(execve),
  exit: voidTask(exit),
  dma_buf_attach: task(dmaBufAttach),
  dma_buf_map_attachment: task(dmaBufMapAttachment),
  dma_buf_unmap_attachment: voidTask(dmaBufUnmapAttachment),
  dma_buf_detach: voidTask(dmaBufDetach),
  drm_prime_fd_to_handle: file(drmPrimeFdToHandle),
  drm_prime_handle_to_fd: file(drmPrimeHandleToFd),
  drm_gem_close: file(drmGemClose),
  driver_bind: task(driverBind),
  of_reserved_mem_device_init: task(ofReservedMemDeviceInit),
  of_reserved_mem_device_release: voidTask(ofReservedMemDeviceRelease),
  dma_set_mask: task(dmaSetMask),
  dma_alloc_attrs: task(dmaAllocAttrsCall),
  dma_alloc_pages: task(dmaAllocPagesCall),
  dma_free: voidTask(dmaFreeCall),
  vb2_reqbufs: task(vb2Reqbufs),
  drm_dev_register: task(drmDevRegister),
  drm_create_dumb: task(drmCreateDumb),
  task_add: machine(taskAdd),
  device_add: machine(deviceAdd),
  device_del: machine(deviceDel),
  sleep: machine(sleep),
  fault_add: machine(faultAdd),
  fault_del: machine(faultDel),
  pin: machine(pin),
  unpin: machine(unpin),
  of_overlay_fdt_apply: machine(overlayApply),
  occupy: machine(occupy),
  modprobe: machine(modprobe),
  delete_module: machine(deleteModule),
};

type Calls = typeof CALLS;
type Flat<T> = { [K in keyof T]: T[K] };

/** The arguments of a call, as its handler has them. */
type ArgumentsOf<H> =
  H extends FileHandler<infer A>
    ? { readonly fd: number } & A
    : H extends TaskHandler<infer A>
      ? A
      : H extends MachineHandler<infer A>
        ? A
        : never;

/** The calls of one kind, as data: the name and the arguments. */
type CallOn<On extends Handler['on']> = {
  [N in keyof Calls]: Calls[N]['on'] extends On ? Flat<{ readonly call: N } & ArgumentsOf<Calls[N]>> : never;
}[keyof Calls];

/** The calls that begin with a descriptor. */
export type FileCall = CallOn<'file'>;
/** The other calls of a task. */
export type TaskCall = CallOn<'task'>;
/** What a user changes about the machine. */
export type MachineCall = CallOn<'machine'>;
export type Syscall = FileCall | TaskCall | MachineCall;

const HANDLERS: ReadonlyMap<string, Handler> = new Map(Object.entries(CALLS));

/** What answers the call of that name; `undefined` when there is none. */
export const handlerOf = (name: string): Handler | undefined => HANDLERS.get(name);

/** The calls of tasks that can fail on Linux. */
export const failingCalls = (): readonly string[] =>
  [...HANDLERS].flatMap(([name, handler]) =>
    handler.on === 'file' || (handler.on === 'task' && !handler.isVoid) ? [name] : [],
  );

/** The calls of tasks that return nothing on Linux. */
export const voidCalls = (): readonly string[] =>
  [...HANDLERS].flatMap(([name, handler]) => (handler.on === 'task' && handler.isVoid ? [name] : []));
