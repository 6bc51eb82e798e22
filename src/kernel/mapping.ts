/**
 * Mappings of dma-bufs: the checks of mmap and the bytes behind it. Models mm/mmap.c: do_mmap() and
 * drivers/dma-buf/dma-buf.c: dma_buf_mmap_internal() (Linux 7.3).
 */
import { BACKENDS } from '../dma-buf/backends.ts';
import type { DmaBufFile, OpenFile } from '../dma-buf/dma-buf.ts';
import type { Failure } from '../dma-buf/failure.ts';
import { NotModelled } from '../dma-buf/not-modelled.ts';
import type { PhysMemory } from '../mm/phys-memory.ts';
import type { Geometry } from '../profile/geometry.ts';
import type { Profile } from '../profile/profile.ts';
import type { Errno } from '../uapi/errno.ts';
import {
  LEGACY_MAP_MASK,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_GROWSDOWN,
  MAP_HUGETLB,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_TYPE,
  mayRead,
  mayWrite,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from '../uapi/fcntl.ts';
import type { PfnRange, PhysAddr } from '../units.ts';
import { U64_MASK } from '../units.ts';
import { type AddressSpace, higher, lower, MMAP_MIN_ADDR } from './address-space.ts';
import { type MappingRecord, type MappingTable, mappedEnd, partAt } from './mapping-table.ts';

/** The bytes of a mapping, as the task that made it sees them: by offset from the address that mmap returned. */
export interface Mapping {
  readonly id: number;
  /** The end of what is left of it, bytes from that address. */
  readonly length: bigint;
  /** Loads bytes. @throws SegmentationFault outside the mapping or where it may not read */
  read(offset: bigint, into: Uint8Array): void;
  /** Stores bytes. @throws SegmentationFault outside the mapping or where it may not write */
  write(offset: bigint, from: Uint8Array): void;
  /** The first byte of a span that is not mapped, from the address that mmap returned; `undefined`: all are. */
  holeIn(offset: bigint, length: bigint): bigint | undefined;
}

/** SIGBUS: a page of a mapping that mremap has made longer than its buffer. */
export class PastBuffer extends Error {
  constructor(access: 'read' | 'write', offset: bigint) {
    super(
      `bus error (SIGBUS, BUS_ADRERR): ${access} at offset ${offset} of a mapping, behind the end of its buffer`,
    );
    this.name = 'BusError';
  }
}

/** SIGSEGV: an access that the mapping does not allow. */
export class SegmentationFault extends Error {
  readonly offset: bigint;
  /** si_code: nothing is mapped there, or the mapping's protection forbids it. */
  readonly code: 'SEGV_MAPERR' | 'SEGV_ACCERR';

  constructor(access: 'read' | 'write', offset: bigint, code: 'SEGV_MAPERR' | 'SEGV_ACCERR') {
    super(`segmentation fault (SIGSEGV, ${code}): ${access} at offset ${offset} of a mapping`);
    this.name = 'SegmentationFault';
    this.offset = offset;
    this.code = code;
  }
}

/** What sys_mmap() of arm64 refuses before it looks at the descriptor. */
export function checkMmapOffset(
  { flags, offset }: { readonly flags: number; readonly offset: bigint },
  { page }: Geometry,
): { readonly errno: Errno; readonly why?: Failure } | undefined {
  if (offset % page === 0n) {
    if ((flags & MAP_ANONYMOUS) !== 0) throw new NotModelled('an anonymous mapping (MAP_ANONYMOUS)');
    return undefined;
  }
  return { errno: 'EINVAL', why: { kind: 'misaligned-offset', offset, page } };
}

type Refused = { readonly errno: Errno; readonly why?: Failure };

/** What mmap(2) asks of a file. `addr`: where, with MAP_FIXED; else a wish. 0: anywhere. */
export interface MmapArguments {
  readonly length: bigint;
  readonly prot: number;
  readonly flags: number;
  readonly offset: bigint;
  readonly addr?: bigint;
  /** Where the caller's host has put it: no address is looked for. */
  readonly at?: bigint;
}

/**
 * Why mmap refuses before it changes anything, in the order in which Linux looks, or the address that it chose:
 * do_mmap().
 */
export function checkMmap(
  file: OpenFile,
  call: MmapArguments,
  { arch, geometry, linux }: Profile,
  space: AddressSpace,
): Refused | { readonly address: bigint } {
  const { page, pageAlign, wordMax } = geometry;
  const { prot, flags } = call;
  const length = call.length & wordMax;
  const offset = call.offset & U64_MASK;
  const bad = (why: Failure) => ({ errno: 'EINVAL', why }) as const;
  const badFlags = () => bad({ kind: 'bad-argument', argument: 'flags', value: BigInt(flags) });
  const pastEnd = (size: bigint): Failure => ({ kind: 'past-end', of: 'buffer', offset, length, size });
  // mmap2() counts pages in a word; what is beyond, the C library does not ask for.
  if (offset / page > wordMax) return bad(pastEnd(file.kind === 'dma_buf' ? file.size : 0n));
  if ((flags & MAP_HUGETLB) !== 0) return badFlags();
  if (length === 0n) return bad({ kind: 'empty-mapping' });
  const size = pageAlign(length);
  // do_mmap() wraps a length near 2^64 to 0, and __get_unmapped_area() finds no room for one of 2^48.
  const tooLong = file.kind === 'dma_buf' ? { why: pastEnd(file.size) } : {};
  if (size === 0n || size > arch.taskSize) return { errno: 'ENOMEM', ...tooLong };
  // file_mmap_ok(): the end of the mapping must be a file position.
  if (offset / page > (wordMax - size) / page) return { errno: 'EOVERFLOW', ...tooLong };
  const place =
    call.at === undefined
      ? placeFor((call.addr ?? 0n) & wordMax, size, flags, arch.taskSize, geometry, space)
      : { address: call.at };
  if ('errno' in place) return place;
  const kind = flags & MAP_TYPE;
  if (kind === MAP_SHARED_VALIDATE && (flags & ~LEGACY_MAP_MASK) !== 0) return { errno: 'EOPNOTSUPP' };
  if (kind !== MAP_SHARED && kind !== MAP_SHARED_VALIDATE && kind !== MAP_PRIVATE) {
    return badFlags();
  }
  const writes = (prot & PROT_WRITE) !== 0 && kind !== MAP_PRIVATE;
  if ((writes && !mayWrite(file.flags)) || !mayRead(file.flags)) {
    return { errno: 'EACCES', why: { kind: 'access-mode', flags: file.flags } };
  }
  const executes = (prot & PROT_EXEC) !== 0;
  if (executes && file.kind === 'virtual') throw new NotModelled('an executable mapping of a virtual file');
  if (executes && file.kind === 'dma_buf' && linux.dmaBufNoExec)
    return { errno: 'EPERM', why: { kind: 'no-exec' } };
  if (file.kind !== 'dma_buf') return { errno: 'ENODEV' };
  return (flags & MAP_GROWSDOWN) !== 0 ? badFlags() : place;
}

/** Where it goes: __get_unmapped_area(). @param size bytes, whole pages */
export function placeFor(
  addr: bigint,
  size: bigint,
  flags: number,
  taskSize: bigint,
  { page, pageAlign }: Geometry,
  space: AddressSpace,
): Refused | { readonly address: bigint } {
  const badAddress = (errno: Errno): Refused => ({
    errno,
    why: { kind: 'bad-argument', argument: 'addr', value: addr },
  });
  if (addr !== 0n && addr < MMAP_MIN_ADDR) throw new NotModelled('a mapping below vm.mmap_min_addr');
  if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) === 0) {
    const start = addr === 0n ? 0n : pageAlign(addr);
    if (start !== 0n && space.isFree({ start, end: start + size })) return { address: start };
    const found = space.find(size);
    return found === undefined ? { errno: 'ENOMEM' } : { address: found };
  }
  if (size > taskSize - addr) return badAddress('ENOMEM');
  if (addr % page !== 0n) return badAddress('EINVAL');
  if (addr === 0n) throw new NotModelled('a mapping below vm.mmap_min_addr');
  const taken = (flags & MAP_FIXED_NOREPLACE) !== 0 && !space.isFree({ start: addr, end: addr + size });
  return taken ? badAddress('EEXIST') : { address: addr };
}

/** Why the buffer refuses, once what stood in its way is unmapped: dma_buf_mmap_internal() and the exporter's mmap(). */
export function checkExporter(
  file: DmaBufFile,
  call: MmapArguments,
  { geometry, linux }: Profile,
): Refused | undefined {
  const { page, pageAlign, wordMax } = geometry;
  const bad = (why: Failure) => ({ errno: 'EINVAL', why }) as const;
  const { mappable, refusesPrivate } = BACKENDS[file.backing.backend];
  // dma_buf_mmap_internal() asks this before it looks at the range.
  if (!mappable) return bad({ kind: 'no-mmap', declared: file.backing.declared?.by ?? file.expName });
  const length = call.length & wordMax;
  const offset = call.offset & U64_MASK;
  const size = pageAlign(length);
  if (offset + size > file.size)
    return bad({ kind: 'past-end', of: 'buffer', offset, length, size: file.size });
  const [first, pages] = [Number(offset / page), Number(size / page)];
  const isPrivate = (call.flags & MAP_TYPE) === MAP_PRIVATE;
  if (isPrivate && refusesPrivate(file.sgTable, first, pages, linux, file.backing.declared)) {
    return bad({ kind: 'no-private-mapping' });
  }
  return undefined;
}

/** The pages that `[offset, offset + length)` touches: which bytes of each, and how many came before. */
function* pagesOf(
  offset: bigint,
  length: number,
  { page: size, pageSize }: Geometry,
): Iterable<{ readonly page: number; readonly from: number; readonly to: number; readonly done: number }> {
  let page = Number(offset / size);
  let from = Number(offset % size);
  for (let done = 0; done < length; page++, from = 0) {
    const to = Math.min(pageSize, from + length - done);
    yield { page, from, to, done };
    done += to - from;
  }
}

/** A mapping over the pieces of a buffer's sg table. */
export class MappedRange implements Mapping {
  readonly id: number;
  readonly length: bigint;
  readonly #task: string;
  readonly #record: MappingRecord;
  readonly #pieces: readonly PfnRange[];
  /** The page of the buffer with which each piece begins, made when first needed: a buffer may have thousands. */
  #firstPages: readonly number[] | undefined;
  #size: bigint | undefined;
  readonly #memory: () => PhysMemory;
  readonly #table: MappingTable;
  readonly #geometry: Geometry;
  readonly #readsExecOnly: boolean;

  /** @param memory what the task's loads and stores go to, asked for each time: a cache may have come up */
  constructor(
    task: string,
    id: number,
    record: MappingRecord,
    pieces: readonly PfnRange[],
    memory: () => PhysMemory,
    table: MappingTable,
    { geometry, arch }: Profile,
  ) {
    this.id = id;
    this.length = mappedEnd(record);
    this.#readsExecOnly = arch.readsExecOnly;
    this.#task = task;
    this.#record = record;
    this.#table = table;
    this.#geometry = geometry;
    this.#pieces = pieces;
    this.#memory = memory;
  }

  read(offset: bigint, into: Uint8Array): void {
    this.#check('read', offset, BigInt(into.length));
    const memory = this.#memory();
    this.#each(offset, into.length, (address, from, to) => memory.read(address, into.subarray(from, to)));
    if (this.#record.shared) return;
    for (const part of pagesOf(offset, into.length, this.#geometry)) {
      const copy = this.#table.copiedPage(this.#task, this.id, part.page);
      if (copy !== undefined) into.set(copy.subarray(part.from, part.to), part.done);
    }
  }

  write(offset: bigint, from: Uint8Array): void {
    this.#check('write', offset, BigInt(from.length));
    if (!this.#record.shared) {
      this.#writeCopies(offset, from);
      return;
    }
    const memory = this.#memory();
    this.#each(offset, from.length, (address, begin, end) =>
      memory.write(address, from.subarray(begin, end)),
    );
  }

  /** The first write to a page of a private mapping copies it. */
  #writeCopies(offset: bigint, from: Uint8Array): void {
    for (const part of pagesOf(offset, from.length, this.#geometry)) {
      const copy = this.#table.copiedPage(this.#task, this.id, part.page) ?? this.#pageBytes(part.page);
      copy.set(from.subarray(part.done, part.done + part.to - part.from), part.from);
      this.#table.putCopiedPage(this.#task, this.id, part.page, copy);
    }
  }

  #pageBytes(page: number): Uint8Array {
    const { pageSize, pagesToBytes } = this.#geometry;
    const bytes = new Uint8Array(pageSize);
    const memory = this.#memory();
    this.#each(pagesToBytes(page), pageSize, (address, from, to) =>
      memory.read(address, bytes.subarray(from, to)),
    );
    return bytes;
  }

  holeIn(offset: bigint, length: bigint): bigint | undefined {
    for (let at = offset; at < offset + length; ) {
      const part = partAt(this.#record, at);
      if (part === undefined) return at;
      at = part.to;
    }
    return undefined;
  }

  #check(access: 'read' | 'write', offset: bigint, length: bigint): void {
    // It may have been unmapped since, by munmap, exec or exit, and its number be another mapping's.
    const now = this.#table.get(this.#task, this.id);
    const { file, offset: first, start } = this.#record;
    if (now?.file !== file || now.offset !== first || now.start !== start) {
      throw new SegmentationFault(access, offset, 'SEGV_MAPERR');
    }
    if (offset < 0n) throw new SegmentationFault(access, offset, 'SEGV_MAPERR');
    const bytes = this.#bufferBytes;
    for (let at = offset; at < offset + length; ) {
      const part = partAt(now, at);
      if (part === undefined) {
        // A span that only ends outside faults where it begins to.
        throw new SegmentationFault(access, at === now.parts.at(-1)?.to ? offset : at, 'SEGV_MAPERR');
      }
      if (!this.#allows(access, part.prot)) throw new SegmentationFault(access, at, 'SEGV_ACCERR');
      const end = lower(part.to, offset + length);
      if (first + end > bytes) throw new PastBuffer(access, higher(at, bytes - first));
      at = part.to;
    }
  }

  /** The size of the buffer, counted once. */
  get #bufferBytes(): bigint {
    this.#size ??= this.#geometry.pagesToBytes(this.#pieces.reduce((sum, { pages }) => sum + pages, 0));
    return this.#size;
  }

  #allows(access: 'read' | 'write', prot: number): boolean {
    if (access === 'write') return (prot & PROT_WRITE) !== 0;
    // On arm64 a writable page can be read as well.
    if ((prot & (PROT_READ | PROT_WRITE)) !== 0) return true;
    if ((prot & PROT_EXEC) === 0) return false;
    if (this.#readsExecOnly) return true;
    throw new NotModelled('reading what may only be executed, which is up to the CPU');
  }

  /** Visits the physical pieces of `[offset, offset + length)` in order. */
  #each(offset: bigint, length: number, visit: (address: PhysAddr, from: number, to: number) => void): void {
    const { page: size, pageSize, pfnPhys } = this.#geometry;
    const position = this.#record.offset + offset;
    const page = Number(position / size);
    let skip = position % size;
    let index = this.#pieceOf(page);
    let within = page - (this.#firstPages?.[index] ?? 0);
    for (let done = 0; done < length; index++, within = 0, skip = 0n) {
      const piece = this.#pieces[index];
      if (piece === undefined) throw new Error('the mapping is larger than its buffer');
      const left = (piece.pages - within) * pageSize - Number(skip);
      const part = Math.min(length - done, left);
      visit(pfnPhys(piece.pfn + within) + skip, done, done + part);
      done += part;
    }
  }

  /** The piece that holds a page of the buffer. */
  #pieceOf(page: number): number {
    let next = 0;
    this.#firstPages ??= this.#pieces.map(({ pages }) => {
      const first = next;
      next += pages;
      return first;
    });
    let [low, high] = [0, this.#firstPages.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#firstPages[middle] ?? 0) <= page) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
