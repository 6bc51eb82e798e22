/** What SYNC does for importing drivers. Models the heaps' begin_cpu_access() and end_cpu_access() (Linux 7.3). */
import { type DmaDirection, syncForCpu, syncForDevice } from '../../mm/dma/dma-mapping.ts';
import { findDevice } from '../device-table.ts';
import type { KernelState } from '../state.ts';

/**
 * DMA_BUF_IOCTL_SYNC as the heaps answer it: every mapped attachment is synced, in the direction of the call.
 * Without one nothing happens. Coherent pools are mapped uncached, so that there is no line to maintain.
 */
export function cpuAccess(
  state: KernelState,
  by: string,
  file: number,
  access: 'begin' | 'end',
  direction: DmaDirection,
): void {
  for (const attachment of [...state.attachments.ofFile(file)].reverse()) {
    const device = findDevice(state.records, attachment.device);
    if (attachment.mapped === undefined || device === undefined) continue;
    const sync = access === 'begin' ? syncForCpu : syncForDevice;
    state.coherency.add(
      sync(state.dmaContext(), device, attachment.mapped, direction, { kind: 'task', name: by }),
    );
  }
}
