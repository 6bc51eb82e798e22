/** IOCTL: a request on a descriptor, with the memory that its argument leads to. */
import { lstatSync } from 'node:fs';
import type { DescriptorView } from '../kernel/views/descriptor-view.ts';
import { DMA_BUF_NAME_LEN, DMA_BUF_SET_NAME_A, DMA_BUF_SET_NAME_B } from '../uapi/dma-buf.ts';
import { DRM_IOCTL_PRIME_FD_TO_HANDLE, DRM_IOCTL_VERSION } from '../uapi/drm.ts';
import { errnoNumber } from '../uapi/errno.ts';
import { O_CLOEXEC } from '../uapi/fcntl.ts';
import { FIGETBSZ, FIOASYNC, FIOCLEX, FIONBIO, FIONCLEX, FIOQSIZE } from '../uapi/fs.ts';
import { IOC_READ, IOC_WRITE, iocDir, iocSize } from '../uapi/ioctl.ts';
import { FLAG, KIND } from './protocol.ts';
import type { Handler, Question } from './question.ts';
import { MalformedMessage } from './wire.ts';

const EINVAL = -errnoNumber('EINVAL');

/** Requests of the file layer whose numbers do not tell how much they read and write. */
const UNTOLD: ReadonlyMap<number, number> = new Map([
  [FIONBIO, 4],
  [FIOASYNC, 4],
  [FIGETBSZ, 4],
  [FIOQSIZE, 8],
]);

/** Requests that the host's descriptor must see as well. */
const NATIVE: ReadonlySet<number> = new Set([FIOCLEX, FIONCLEX]);

const isSetName = (request: number): boolean =>
  request === DMA_BUF_SET_NAME_A || request === DMA_BUF_SET_NAME_B;

/** What the program's memory holds from an address on, as far as it was sent. */
interface Sent {
  readonly bytes: Buffer;
  /** Whether what is missing cannot be read: the carrier was asked for it. */
  readonly isAll: boolean;
}

export const ioctl: Handler = (question) => {
  const { fields, kernel, task } = question;
  const fd = fields.u32();
  const request = fields.u32();
  const arg = fields.u64();
  const at = fields.i32();
  const name = fields.str();
  const memory = fields.bytes();
  const writable = fields.u32();
  const parts = fields.list(12, (each) => ({ address: each.u64(), bytes: each.bytes() }));
  fields.end();
  const descriptor = kernel.descriptor(task, fd);
  const named = parts.find(({ address, bytes }) => address === arg && bytes.length >= memory.length);
  const sent: Sent = { bytes: named?.bytes ?? memory, isAll: parts.length > 0 };
  const need = descriptor?.open.kind === 'dma_buf' && isSetName(request) ? DMA_BUF_NAME_LEN : sizeOf(request);
  if (
    need > iocSize(request) &&
    sent.bytes.length < need &&
    !sent.isAll &&
    !endsBefore(request, sent.bytes)
  ) {
    answer(question, 0, { flags: FLAG.MORE, wanted: [{ address: arg, length: need }] });
    return;
  }
  const pointer = pointerFor(descriptor, request, sent.bytes);
  // The program's own kernel gave that number: what the model has there was closed unseen.
  if (at >= 0 && kernel.hasDescriptor(task, at)) question.call({ call: 'close', fd: at });
  const texts = descriptor?.open.kind === 'drm' && request === DRM_IOCTL_VERSION ? textsOf(pointer) : [];
  const before = pointer?.slice();
  const readOnly = (iocDir(request) & IOC_READ) !== 0 && writable < iocSize(request);
  const result = question.call({
    call: 'ioctl',
    fd,
    request,
    arg: pointer,
    at,
    ...(texts.length > 0 && { pointers: texts.map(({ bytes }) => bytes) }),
    ...(readOnly && { readOnly }),
  });
  const ret = descriptor?.open.kind === 'drm' && isForeign(question, request, pointer) ? EINVAL : result.ret;
  const made = at >= 0 ? kernel.descriptor(task, at) : undefined;
  const native = ret >= 0 && NATIVE.has(request) ? FLAG.NATIVE : 0;
  const changed = pointer !== null && before !== undefined && Buffer.compare(before, pointer) !== 0;
  const stores = [
    ...(changed ? [{ address: arg, bytes: pointer }] : []),
    ...(ret < 0 || pointer === null ? [] : texts.flatMap((place) => toldText(place, pointer))),
  ];
  answer(question, ret, {
    flags: native | (made === undefined ? 0 : FLAG.TAKEN),
    ...(made !== undefined && { made: adopt(question, at, made, name) }),
    stores,
  });
};

/** Whether a descriptor is to be imported that is the host's alone, such as /dev/null: open, but of no dma-buf. */
function isForeign(
  { kernel, task, process }: Question,
  request: number,
  pointer: Uint8Array | null,
): boolean {
  if (request !== DRM_IOCTL_PRIME_FD_TO_HANDLE || pointer === null || pointer.length < 12) return false;
  const fd = new DataView(pointer.buffer, pointer.byteOffset).getInt32(8, true);
  if (kernel.hasDescriptor(task, fd)) return false;
  return lstatSync(`/proc/${process.pid}/fd/${fd}`, { throwIfNoEntry: false }) !== undefined;
}

/** Bytes that a request reads or writes at its argument. */
const sizeOf = (request: number): number => UNTOLD.get(request) ?? iocSize(request);

const endsBefore = (request: number, bytes: Uint8Array): boolean => isSetName(request) && bytes.includes(0);

/** The argument as the model takes it. */
function pointerFor(
  descriptor: DescriptorView | undefined,
  request: number,
  bytes: Uint8Array,
): Uint8Array | null {
  if (descriptor?.open.kind === 'dma_buf' && isSetName(request)) {
    // Cut short without an end: the rest cannot be read.
    if (bytes.length < DMA_BUF_NAME_LEN && !bytes.includes(0)) return null;
    return Uint8Array.from(bytes.subarray(0, DMA_BUF_NAME_LEN));
  }
  const size = sizeOf(request);
  const reads = (iocDir(request) & IOC_WRITE) !== 0 || UNTOLD.has(request);
  if (reads && bytes.length < size) return bytes.length === 0 ? null : Uint8Array.from(bytes);
  const pointer = new Uint8Array(size);
  pointer.set(bytes.subarray(0, size));
  return pointer;
}

/** A text that a struct points to: its room, `null` for a null pointer. */
interface TextPlace {
  /** Where the struct has its room, and afterwards its length. */
  readonly at: number;
  readonly address: bigint;
  readonly bytes: Uint8Array | null;
}

/** Where struct drm_version has the rooms of name, date and description; the pointers stand behind them. */
const TEXT_ROOMS = [16, 32, 48] as const;
/** No text of a driver is longer. */
const TEXT_MAX = 256;

function textsOf(pointer: Uint8Array | null): readonly TextPlace[] {
  if (pointer === null || pointer.length < 64) return [];
  const view = new DataView(pointer.buffer, pointer.byteOffset, pointer.length);
  return TEXT_ROOMS.map((at) => {
    const room = view.getBigUint64(at, true);
    const address = view.getBigUint64(at + 8, true);
    const length = room > TEXT_MAX ? TEXT_MAX : Number(room);
    return { at, address, bytes: address === 0n ? null : new Uint8Array(length) };
  });
}

/** As much of a text as there is and has room. */
function toldText({ at, address, bytes }: TextPlace, pointer: Uint8Array) {
  if (bytes === null) return [];
  const length = new DataView(pointer.buffer, pointer.byteOffset).getUint32(at, true);
  return [{ address, bytes: bytes.subarray(0, length) }];
}

/** A descriptor that the call made. */
interface Made {
  readonly kind: number;
  readonly openFlags: number;
  readonly size: bigint;
  /** The file in the buffers' directory; empty: the one that was offered. */
  readonly name: string;
}

function adopt(question: Question, at: number, made: DescriptorView, offered: string): Made {
  const { around, kernel, process, task } = question;
  const { open, file, cloexec } = made;
  const openFlags = process.border.flagsToHost(open.flags) | (cloexec ? O_CLOEXEC : 0);
  if (open.kind === 'sync_file') return { kind: KIND.SYNC_FILE, openFlags, size: 0n, name: '' };
  if (open.kind !== 'dma_buf') throw new Error(`an ioctl made a ${open.kind}`);
  const name = kernel.exportedBuffer(file)?.name;
  if (name !== undefined) return { kind: KIND.BUFFER, openFlags, size: open.size, name };
  if (offered === '') throw new MalformedMessage('a new buffer, and no file was offered');
  around.buffers.add(kernel, task, at, file, offered);
  return { kind: KIND.BUFFER, openFlags, size: open.size, name: '' };
}

interface Answer {
  readonly flags: number;
  readonly made?: Made;
  readonly stores?: readonly { readonly address: bigint; readonly bytes: Uint8Array }[];
  readonly wanted?: readonly { readonly address: bigint; readonly length: number }[];
}

function answer(question: Question, ret: number, { flags, made, stores = [], wanted = [] }: Answer): void {
  const reply = question.reply(ret).u32(flags);
  reply.u32(made?.kind ?? 0).u32(made?.openFlags ?? 0);
  reply.u64(made?.size ?? 0n).str(made?.name ?? '');
  reply.u32(stores.length);
  for (const { address, bytes } of stores) reply.u64(address).str(bytes);
  reply.u32(wanted.length);
  for (const { address, length } of wanted) reply.u64(address).u32(length);
}
