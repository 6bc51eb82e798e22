/** The attachment that a user means: by its number, or by the buffer behind a descriptor. */
import type { Kernel } from '../../kernel/kernel.ts';
import type { AttachmentView, BufferView, DeviceAttachment } from '../../kernel/views/views.ts';
import { whyNoAttachment } from '../../program/attachment.ts';
import { bufferOf } from '../bytes/buffer-of.ts';
import { CallFailed, UsageError } from '../failures.ts';
import { readDescriptor } from './arguments.ts';

/** What was written: `4` or `attachment:1`. */
export type AttachmentWord = { readonly fd: number } | { readonly attachment: number };

/** @throws UsageError */
export function readAttachment(text: string): AttachmentWord {
  const number = /^attachment:([0-9]{1,9})$/.exec(text)?.[1];
  if (number !== undefined) return { attachment: Number(number) };
  return { fd: readDescriptor(text, 'or attachment:N, as device attach printed it') };
}

export interface Wanted {
  /** `device map: isp`. */
  readonly what: string;
  readonly device: string;
  readonly task: string;
  readonly word: AttachmentWord;
  /** Among several of one buffer, those that the command can work on. */
  readonly fits: (attachment: AttachmentView) => boolean;
}

/** @throws CallFailed when there is none, UsageError when there are several */
export function findAttachment(kernel: Kernel, wanted: Wanted): DeviceAttachment {
  const { what, device, word } = wanted;
  if ('attachment' in word) {
    const { attachment } = word;
    const found = kernel.attachment(attachment);
    const why = whyNoAttachment(kernel, attachment, device);
    if (found !== undefined && why === undefined) return found;
    throw new CallFailed([
      { what: `${what} attachment:${attachment}`, errno: 'EINVAL', ...(why && { why }) },
    ]);
  }
  return ofBuffer(wanted, word.fd, bufferOf({ kernel, task: wanted.task }, word.fd, what));
}

function ofBuffer({ what, device, fits }: Wanted, fd: number, buffer: BufferView): DeviceAttachment {
  const all = buffer.attachments
    .filter((attachment) => attachment.device === device)
    .map((attachment) => ({ ...attachment, buffer }));
  const fitting = all.filter(fits);
  const [one, ...others] = fitting.length > 0 ? fitting : all;
  if (one === undefined) {
    const note = `${device} is not attached to it; dmaheap device attach ${device} ${fd} does that`;
    throw new CallFailed([{ what: `${what} ${fd}`, errno: 'EINVAL', notes: [note] }]);
  }
  if (others.length === 0) return one;
  const list = [one, ...others].map(({ id }) => `attachment:${id}`).join(', ');
  throw new UsageError(`${device} has several attachments to ${fd}`, `Name one of them: ${list}`);
}
