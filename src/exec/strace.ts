/**
 * A call as strace prints it: `[pid 123] ioctl(3</dev/dma_heap/system>, DMA_HEAP_IOCTL_ALLOC, {len=4096, …}) = 0`.
 */
import type { Kernel } from '../kernel/kernel.ts';
import type { Syscall, SyscallResult } from '../kernel/syscall.ts';
import { linkTarget } from '../kernel/virtual-files/fdinfo.ts';
import { formatFlags } from '../profile/open-flag-words.ts';
import { FCNTL_COMMANDS, IOCTL_REQUESTS, type Names, POLL_EVENTS, WHENCES } from '../uapi/call-names.ts';
import {
  DMA_BUF_IOCTL_SYNC,
  DMA_BUF_SET_NAME_A,
  DMA_BUF_SET_NAME_B,
  DMA_BUF_SYNC_END,
  DMA_BUF_SYNC_READ,
  DMA_BUF_SYNC_WRITE,
  decodeDmaBufSync,
} from '../uapi/dma-buf.ts';
import {
  DMA_HEAP_ALLOCATION_DATA_SIZE,
  DMA_HEAP_IOCTL_ALLOC,
  decodeDmaHeapAllocationData,
} from '../uapi/dma-heap.ts';
import { strerror } from '../uapi/errno.ts';
import {
  F_SETFL,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_TYPE,
  MREMAP_DONTUNMAP,
  MREMAP_FIXED,
  MREMAP_MAYMOVE,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from '../uapi/fcntl.ts';
import { decodePollfds } from '../uapi/poll.ts';
import { formatHex } from '../units.ts';

/** Who calls, as far as a line needs it. */
interface Caller {
  readonly kernel: Kernel;
  readonly task: string;
  readonly pid: number;
}

/** The name of a number; hexadecimal where it has none. */
const named = (names: Names, value: number): string =>
  Object.entries(names).find(([, known]) => known === value)?.[0] ?? formatHex(BigInt(value >>> 0));

const bits = (names: Names, value: number): string => {
  const set = Object.entries(names).flatMap(([name, bit]) => ((value & bit) === 0 ? [] : [name]));
  return set.length === 0 ? '0' : set.join('|');
};

const protection = (prot: number): string =>
  prot === 0 ? 'PROT_NONE' : bits({ PROT_READ, PROT_WRITE, PROT_EXEC }, prot);

function mapFlags(flags: number): string {
  const kind = named({ MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE }, flags & MAP_TYPE);
  const rest = flags & ~MAP_TYPE & ~MAP_FIXED;
  const fixed = (flags & MAP_FIXED) === 0 ? '' : '|MAP_FIXED';
  return `${kind}${fixed}${rest === 0 ? '' : `|${formatHex(BigInt(rest >>> 0))}`}`;
}

/** A descriptor with what it is of. */
function descriptor({ kernel, task }: Caller, fd: number): string {
  const open = kernel.descriptor(task, fd)?.open;
  return open === undefined ? `${fd}` : `${fd}<${linkTarget(open)}>`;
}

function pointer(arg: Uint8Array | null, shown: (bytes: Uint8Array) => string): string {
  return arg === null ? '(unreadable)' : shown(arg);
}

const text = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return JSON.stringify(Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString());
};

function allocation(bytes: Uint8Array): string {
  if (bytes.length < DMA_HEAP_ALLOCATION_DATA_SIZE) return `(${bytes.length} bytes)`;
  const { len, fd, fd_flags, heap_flags } = decodeDmaHeapAllocationData(bytes);
  const before = fd === 0 ? '' : `, fd=${fd}`;
  return `{len=${len}${before}, fd_flags=${formatFlags(fd_flags)}, heap_flags=${formatHex(heap_flags)}}`;
}

function sync(bytes: Uint8Array): string {
  if (bytes.length < 8) return `(${bytes.length} bytes)`;
  const flags = Number(decodeDmaBufSync(bytes));
  const start = (flags & DMA_BUF_SYNC_END) === 0 ? 'DMA_BUF_SYNC_START' : 'DMA_BUF_SYNC_END';
  return `{flags=${start}|${bits({ DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE }, flags)}}`;
}

function ioctlArguments(caller: Caller, call: Extract<Syscall, { call: 'ioctl' }>): readonly string[] {
  const { arg, fd } = call;
  const request = call.request >>> 0;
  const head = [descriptor(caller, fd), named(IOCTL_REQUESTS, request)];
  switch (request) {
    case DMA_HEAP_IOCTL_ALLOC:
      return [...head, pointer(arg, allocation)];
    case DMA_BUF_IOCTL_SYNC:
      return [...head, pointer(arg, sync)];
    case DMA_BUF_SET_NAME_A:
    case DMA_BUF_SET_NAME_B:
      return [...head, pointer(arg, text)];
    default:
      return [...head, pointer(arg, (bytes) => `(${bytes.length} bytes)`)];
  }
}

function pollArguments(caller: Caller, fds: Uint8Array | null): readonly string[] {
  const entries = fds === null ? [] : decodePollfds(fds);
  const shown = entries.map(
    ({ fd, events }) => `{fd=${descriptor(caller, fd)}, events=${bits(POLL_EVENTS, events)}}`,
  );
  return [`[${shown.join(', ')}]`, `${entries.length}`];
}

/** The arguments of a call, before it is made: afterwards a descriptor may be closed. */
function argumentsOf(caller: Caller, call: Syscall): readonly string[] {
  const { openFlags } = caller.kernel.profile.arch;
  switch (call.call) {
    case 'open':
      return [JSON.stringify(call.path), formatFlags(call.flags, openFlags)];
    case 'ioctl':
      return ioctlArguments(caller, call);
    case 'poll':
      return pollArguments(caller, call.fds);
    case 'mmap': {
      const address = call.addr === undefined || call.addr === 0n ? 'NULL' : formatHex(call.addr);
      const how = [protection(call.prot), mapFlags(call.flags), descriptor(caller, call.fd)];
      return [address, `${call.length}`, ...how, formatHex(call.offset)];
    }
    case 'munmap':
    case 'mprotect': {
      const base = caller.kernel.mappingAddress(caller.task, call.mapping) ?? 0n;
      const range = [formatHex(base + (call.offset ?? 0n)), `${call.length ?? 0n}`];
      return call.call === 'mprotect' ? [...range, protection(call.prot)] : range;
    }
    case 'mremap': {
      const base = caller.kernel.mappingAddress(caller.task, call.mapping) ?? 0n;
      const from = formatHex(base + call.offset);
      const how =
        call.flags === 0 ? '0' : bits({ MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP }, call.flags);
      const to = (call.flags & MREMAP_FIXED) === 0 ? [] : [formatHex(call.new_addr ?? 0n)];
      return [from, `${call.old_len}`, `${call.new_len}`, how, ...to];
    }
    case 'fcntl': {
      const arg = call.cmd === F_SETFL ? formatFlags(call.arg, openFlags) : `${call.arg}`;
      return [descriptor(caller, call.fd), named(FCNTL_COMMANDS, call.cmd), arg];
    }
    case 'lseek':
      return [descriptor(caller, call.fd), `${call.offset}`, named(WHENCES, call.whence)];
    default:
      return Object.entries(call).flatMap(([name, value]) => plainArgument(caller, name, value));
  }
}

/** An argument of a call that has no words of its own. */
function plainArgument(caller: Caller, name: string, value: unknown): readonly string[] {
  if (name === 'call' || name === 'at') return [];
  if (name === 'fd' && typeof value === 'number') return [descriptor(caller, value)];
  if (value instanceof Uint8Array) return [`(${value.length} bytes)`];
  if (typeof value === 'string') return [JSON.stringify(value)];
  return [`${name}=${String(value)}`];
}

/** What a call that worked returned. */
function returned(caller: Caller, call: Syscall, { ret }: SyscallResult): string {
  switch (call.call) {
    case 'open':
    case 'dup':
    case 'scm_receive':
      return descriptor(caller, ret);
    case 'mmap':
    case 'mremap':
      return formatHex(caller.kernel.mappingAddress(caller.task, ret) ?? 0n);
    case 'ioctl': {
      const made = call.at === undefined || call.at < 0 || ret < 0 ? '' : descriptor(caller, call.at);
      return made.includes('<') ? `${ret} (fd ${made})` : `${ret}`;
    }
    default:
      return `${ret}`;
  }
}

/**
 * Traces a call.
 *
 * @returns what makes the line of it, once its result is there
 */
export function traced(caller: Caller, call: Syscall): (result: SyscallResult) => string {
  const head = `[pid ${caller.pid}] ${call.call}(${argumentsOf(caller, call).join(', ')})`;
  return (result) => {
    const { ret, errno } = result;
    if (errno === undefined) return `${head} = ${returned(caller, call, result)}`;
    return `${head} = -1 ${errno} (${strerror(errno)})${ret < 0 ? '' : ` [${ret}]`}`;
  };
}
