/**
 * Devices that use a dma-buf. Models struct dma_buf_attachment (drivers/dma-buf/dma-buf.c, Linux 7.3), as
 * records.
 */
import type { DmaMapping } from '../mm/dma/dma-mapping.ts';
import type { Records } from '../records.ts';
import { recordKey } from '../records.ts';

export interface Attachment {
  readonly id: number;
  /** The number of the dma-buf's file. */
  readonly file: number;
  readonly device: string;
  /** The task that asked the device's driver for it, through a file of the device that it holds open. */
  readonly task: string;
  /** Tasks that share that file since a fork. When the last of all has exited, the driver lets go. */
  readonly sharers: readonly string[];
  /** The number of the DRM file that has a handle of it, and lets it go when it is closed; absent: the tasks hold it. */
  readonly through?: number;
  /** The references that the importing driver holds. */
  readonly references: number;
  /** What dma_buf_map_attachment() gave, while it is mapped. */
  readonly mapped?: DmaMapping;
}

const NEXT = 'attachments';
const PREFIX = 'attachment/';
const attachmentKey = (id: number): string => recordKey('attachment', id);
/** By file, so that a buffer's attachments are found without the others'. */
const ofFileKey = (file: number): string => recordKey('attached', file);

export class AttachmentTable {
  readonly #records: Records;

  constructor(records: Records) {
    this.#records = records;
  }

  get(id: number): Attachment | undefined {
    return this.#records.get<Attachment>(attachmentKey(id));
  }

  put(attachment: Attachment): void {
    this.#records.put<Attachment>(attachmentKey(attachment.id), attachment);
  }

  add(given: Omit<Attachment, 'id'>): Attachment {
    const id = this.#records.get<number>(NEXT) ?? 1;
    this.#records.put(NEXT, id + 1);
    const attachment = { id, ...given };
    this.put(attachment);
    this.#records.put(ofFileKey(given.file), [id, ...this.#idsOf(given.file)]);
    return attachment;
  }

  remove({ id, file }: Attachment): void {
    this.#records.delete(attachmentKey(id));
    const left = this.#idsOf(file).filter((other) => other !== id);
    if (left.length > 0) this.#records.put(ofFileKey(file), left);
    else this.#records.delete(ofFileKey(file));
  }

  /** A dma-buf's attachments, the newest first, as its list has them. */
  ofFile(file: number): readonly Attachment[] {
    return this.#idsOf(file).flatMap((id) => this.get(id) ?? []);
  }

  /** All attachments, the oldest first. */
  *all(): Iterable<Attachment> {
    for (const [, attachment] of this.#records.list<Attachment>(PREFIX)) yield attachment;
  }

  #idsOf(file: number): readonly number[] {
    return this.#records.get<number[]>(ofFileKey(file)) ?? [];
  }
}

/** Whether a task has the device's file open that the attachment was made through. */
export const holdsAttachment = ({ task, sharers, through }: Attachment, name: string): boolean =>
  through === undefined && (task === name || sharers.includes(name));

/** The names of the devices attached to a dma-buf, the newest attachment first. */
export const attachedDevices = (records: Records, file: number): readonly string[] =>
  new AttachmentTable(records).ofFile(file).map(({ device }) => device);
