/** What an importing driver does with an attachment that it has, and why it cannot. */
import type { Diagnostic } from '../diagnostic.ts';
import type { Failure } from '../dma-buf/failure.ts';
import type { DeviceMapping } from '../kernel/coherency/dma.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import type { DmaDirection } from '../mm/dma/dma-mapping.ts';
import { asPosted } from '../profile/coherent-series.ts';
import type { Caller } from './caller.ts';

/** Why there is no such attachment; `undefined` when there is one. @param device whose it is to be */
export function whyNoAttachment(kernel: Kernel, attachment: number, device?: string): Failure | undefined {
  const owner = kernel.attachment(attachment)?.device;
  if (owner === undefined) return { kind: 'no-such-attachment', attachment };
  if (device === undefined || device === owner) return undefined;
  return { kind: 'attachment-of-other', attachment, device, owner };
}

type AttachmentCall = Extract<
  Syscall,
  { readonly call: 'dma_buf_map_attachment' | 'dma_buf_unmap_attachment' | 'dma_buf_detach' }
>;

/** The call says only that something is wrong with the attachment: whether it is there, and mapped, says what. */
function call({ kernel, task }: Caller, request: AttachmentCall): SyscallResult {
  const result = kernel.syscall(task, request);
  if (result.why?.kind !== 'bad-argument') return result;
  const { attachment } = request;
  const direction = kernel.attachment(attachment)?.direction;
  const why: Failure =
    whyNoAttachment(kernel, attachment) ??
    (direction === undefined
      ? { kind: 'attachment-not-mapped', attachment }
      : { kind: 'attachment-mapped', attachment, direction });
  return { ...result, why };
}

/** What is to be told of a device that has a buffer mapped: the coherent series as posted gives it another address. */
export function mappedWarning(
  { profile }: Kernel,
  { heap, backend, device }: Pick<DeviceMapping, 'heap' | 'backend' | 'device'>,
): Diagnostic | undefined {
  const { coherent_series: series } = profile;
  if (series === 'off' || backend !== 'coherent') return undefined;
  return {
    code: 'series-dma-address',
    severity: 'warning',
    message: `the coherent series ${asPosted(series)} gives ${device} an address that is not in the pool ${heap}: it takes virt_to_page() of a memremap()ed address. The address here is the pool's, as a port that mends that gives it`,
  };
}

/** dma_buf_map_attachment(). */
export const mapAttachment = (caller: Caller, attachment: number, direction: DmaDirection): SyscallResult =>
  call(caller, { call: 'dma_buf_map_attachment', attachment, direction });

/** dma_buf_unmap_attachment(). */
export const unmapAttachment = (caller: Caller, attachment: number): SyscallResult =>
  call(caller, { call: 'dma_buf_unmap_attachment', attachment });

/** dma_buf_detach(). */
export const detachAttachment = (caller: Caller, attachment: number): SyscallResult =>
  call(caller, { call: 'dma_buf_detach', attachment });
