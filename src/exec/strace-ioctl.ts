/** The request and the argument of ioctl(2) as strace prints them, or would if it knew them. */
import { formatFlags } from '../profile/open-flag-words.ts';
import { IOCTL_REQUESTS } from '../uapi/call-names.ts';
import * as dmaBuf from '../uapi/dma-buf.ts';
import {
  DMA_HEAP_ALLOCATION_DATA_SIZE,
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
} from '../uapi/dma-heap.ts';
import * as drm from '../uapi/drm.ts';
import { FIONBIO } from '../uapi/fs.ts';
import { IOC_READ, IOC_WRITE, iocDir, iocSize } from '../uapi/ioctl.ts';
import { bits, data, hex, path, REST } from './strace-words.ts';

const { DMA_BUF_SYNC_END, DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE } = dmaBuf;
/** A start is the absence of an end. */
const syncFlags = (flags: bigint): string => {
  const low = Number(flags & 0xffff_ffffn);
  const start = (low & DMA_BUF_SYNC_END) === 0 ? 'DMA_BUF_SYNC_START' : 'DMA_BUF_SYNC_END';
  const rest = low & ~DMA_BUF_SYNC_END;
  const high = flags >> 32n;
  const more = rest === 0 ? '' : `|${bits({ DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE }, rest)}`;
  return `${start}${more}${high === 0n ? '' : `|${hex(high << 32n)}`}`;
};

const u32 = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);

const untilZero = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return path(Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('latin1'));
};

/** A struct that a request has, by its size at least. */
interface Struct {
  readonly size: number;
  readonly words: (bytes: Uint8Array) => string;
}

const NAME: Struct = { size: 0, words: untilZero };
const SYNC_FILE: Struct = {
  size: 8,
  words: (bytes) =>
    `{flags=${bits({ DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE }, u32(bytes, 0))}, fd=${u32(bytes, 4) | 0}}`,
};
const PRIME: Struct = {
  size: 12,
  words: (bytes) => `{handle=${u32(bytes, 0)}, flags=${formatFlags(u32(bytes, 4))}, fd=${u32(bytes, 8) | 0}}`,
};

const STRUCTS: ReadonlyMap<number, Struct> = new Map([
  [
    DMA_HEAP_IOCTL_ALLOC,
    {
      size: DMA_HEAP_ALLOCATION_DATA_SIZE,
      words: (bytes) => {
        const { len, fd, fd_flags, heap_flags } = decodeDmaHeapAllocationData(bytes);
        const before = fd === 0 ? '' : `, fd=${fd}`;
        return `{len=${len}${before}, fd_flags=${formatFlags(fd_flags)}, heap_flags=${hex(heap_flags)}}`;
      },
    },
  ],
  [
    dmaBuf.DMA_BUF_IOCTL_SYNC,
    { size: 8, words: (bytes) => `{flags=${syncFlags(dmaBuf.decodeDmaBufSync(bytes))}}` },
  ],
  [dmaBuf.DMA_BUF_SET_NAME_A, NAME],
  [dmaBuf.DMA_BUF_SET_NAME_B, NAME],
  [dmaBuf.DMA_BUF_IOCTL_EXPORT_SYNC_FILE, SYNC_FILE],
  [dmaBuf.DMA_BUF_IOCTL_IMPORT_SYNC_FILE, SYNC_FILE],
  [drm.DRM_IOCTL_PRIME_FD_TO_HANDLE, PRIME],
  [drm.DRM_IOCTL_PRIME_HANDLE_TO_FD, PRIME],
  [drm.DRM_IOCTL_GEM_CLOSE, { size: 8, words: (bytes) => `{handle=${u32(bytes, 0)}}` }],
  [FIONBIO, { size: 4, words: (bytes) => `[${u32(bytes, 0) | 0}]` }],
]);

function requestWord(request: number): string {
  const known = Object.entries(IOCTL_REQUESTS).find(([, number]) => number >>> 0 === request)?.[0];
  if (known !== undefined) return known;
  const dir = iocDir(request);
  const way = dir === 0 ? '_IOC_NONE' : bits({ _IOC_READ: IOC_READ, _IOC_WRITE: IOC_WRITE }, dir);
  return `_IOC(${way}, ${hex((request >>> 8) & 0xff)}, ${hex(request & 0xff)}, ${hex(iocSize(request))})`;
}

/** @param arg what the program's memory held at the argument; `null` when it cannot be read */
export function ioctlWords(request: number, arg: Uint8Array | null): readonly string[] {
  const word = requestWord(request);
  if (arg === null) return [word, REST];
  const struct = STRUCTS.get(request);
  if (struct !== undefined && arg.length >= struct.size) return [word, struct.words(arg)];
  return arg.length === 0 ? [word, REST] : [word, data(arg)];
}
