/** Requests on a descriptor: the file layer's, then the driver's. Models fs/ioctl.c (Linux 7.3). */
import { attachedDevices } from '../../dma-buf/attachment.ts';
import { refuseCpu } from '../../dma-buf/cpu-access.ts';
import type { DmaBufFile } from '../../dma-buf/dma-buf.ts';
import { dmaBufIoctl } from '../../dma-buf/dma-buf-ioctl.ts';
import { dmaHeapIoctl, findDmaHeap } from '../../dma-buf/dma-heap.ts';
import { fencesBefore } from '../../dma-buf/fences.ts';
import { NotModelled } from '../../dma-buf/not-modelled.ts';
import type { DmaDirection } from '../../mm/dma/dma-mapping.ts';
import { geometryOf, profileIn } from '../../profile/recorded-profile.ts';
import { DMA_BUF_IOCTL_EXPORT_SYNC_FILE } from '../../uapi/dma-buf.ts';
import type { KernelState } from '../state.ts';
import { cpuAccess } from './cpu-access.ts';
import { drmIoctl } from './drm-calls.ts';
import type { Ioctl } from './ioctl-call.ts';
import type { Opened } from './opened.ts';
import { fail, ok, type SyscallResult } from './results.ts';
import { vfsIoctl } from './vfs-ioctl.ts';

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
      if (
        request === DMA_BUF_IOCTL_EXPORT_SYNC_FILE &&
        fencesBefore(file, true, state.printk.time).length > 0
      )
        throw new NotModelled('a sync_file of a fence that is pending');
      const context = {
        files: state.files,
        linux: profileIn(state.records).linux,
        isAttached: () => attachedDevices(state.records, descriptor.file).length > 0,
        install,
        isSyncFile: (other: number) => state.files.get(table.get(other)?.file ?? -1)?.kind === 'sync_file',
        cpuAccess: (access: 'begin' | 'end', direction: DmaDirection) => {
          if (access === 'begin') waitForFences(state, file, direction !== 'DMA_FROM_DEVICE');
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
      return drmIoctl(state, opened, call);
    case 'sync_file':
      throw new NotModelled('a request on a sync_file');
    case 'virtual':
    case 'path':
      return fail('ENOTTY');
  }
}

/** dma_buf_begin_cpu_access(): nobody signals a fence meanwhile, so that time passes until the last one does by itself. */
function waitForFences({ printk }: KernelState, file: DmaBufFile, writes: boolean): void {
  const last = fencesBefore(file, writes, printk.time).reduce((most, { until }) => Math.max(most, until), 0);
  if (last > printk.time) printk.advance(last - printk.time);
}
