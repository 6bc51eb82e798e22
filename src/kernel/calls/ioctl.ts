/** Requests on a descriptor: the file layer's, then the driver's. Models fs/ioctl.c (Linux 7.3). */
import { attachedDevices } from '../../dma-buf/attachment.ts';
import { refuseCpu } from '../../dma-buf/cpu-access.ts';
import { dmaBufIoctl } from '../../dma-buf/dma-buf-ioctl.ts';
import { dmaHeapIoctl, findDmaHeap } from '../../dma-buf/dma-heap.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import type { DmaDirection } from '../../mm/dma/dma-mapping.ts';
import { geometryOf, profileIn } from '../../profile/recorded-profile.ts';
import type { KernelState } from '../state.ts';
import { drmIoctl } from './drm-calls.ts';
import { cpuAccess } from './importer-calls.ts';
import type { Opened } from './opened.ts';
import { fail, ok, type SyscallResult, type UserPointer } from './results.ts';
import { vfsIoctl } from './vfs-ioctl.ts';

export interface Ioctl {
  readonly request: number;
  /** A pointer, or for the few requests that take a number by value, that in 8 bytes. */
  readonly arg: UserPointer;
  /** The caller may not write where the pointer leads. */
  readonly readOnly?: true;
  /** The number that the caller's own table gave for a new descriptor; -1: none was left. The lowest free one unless given. */
  readonly at?: number;
}

/** ioctl(2): do_vfs_ioctl(), vfs_ioctl(). A changed file is stored. */
export function ioctl(state: KernelState, opened: Opened, call: Ioctl): SyscallResult {
  const { task, table, fd, descriptor, file } = opened;
  const { arg, at } = call;
  const request = call.request >>> 0;
  if (file.kind === 'stream') throw new NotModelled('an ioctl on a standard stream');
  const answered = vfsIoctl(table, fd, file, request, arg, geometryOf(state.records));
  if (answered !== undefined) {
    state.files.put(descriptor.file, file);
    return answered;
  }
  const install = (newFile: number, flags: number) => state.install(table, newFile, flags, at);
  switch (file.kind) {
    case 'dma_buf': {
      const context = {
        files: state.files,
        linux: profileIn(state.records).linux,
        isAttached: () => attachedDevices(state.records, descriptor.file).length > 0,
        install,
        isSyncFile: (other: number) => state.files.get(table.get(other)?.file ?? -1)?.kind === 'sync_file',
        cpuAccess: (access: 'begin' | 'end', direction: DmaDirection) => {
          const refused = refuseCpu(state.records, file.backing);
          if (refused === undefined) cpuAccess(state, task, descriptor.file, access, direction);
          return refused;
        },
      };
      const result = dmaBufIoctl(context, file, request, arg);
      if ('errno' in result) return fail(result.errno, result.why);
      state.files.put(descriptor.file, file);
      return ok(0);
    }
    case 'dma_heap': {
      const heap = findDmaHeap(state.records, file.heap);
      if (heap === undefined) throw new Error(`heap ${file.heap} has gone`);
      const result = dmaHeapIoctl(
        state.heapContext(task),
        state.files,
        heap,
        request,
        arg,
        install,
        call.readOnly,
      );
      return 'errno' in result ? fail(result.errno, result.why) : ok(0);
    }
    case 'drm':
      return drmIoctl(state, opened, request, arg, at);
    case 'sync_file':
      throw new NotModelled('a request on a sync_file');
    case 'virtual':
    case 'path':
      return fail('ENOTTY');
  }
}
