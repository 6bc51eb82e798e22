/** The calls of the recorded programs about mappings. */
import {
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_GROWSDOWN,
  MAP_HUGETLB,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MREMAP_MAYMOVE,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  PROT_EXEC,
  PROT_GROWSDOWN,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
} from '../../../src/uapi/fcntl.ts';
import type { Program } from './libc.ts';
import { PAGE, type Pointer, type Process, pages, RW } from './process.ts';

const p = (count: number): bigint => BigInt(count) * PAGE;

function mapHole(the: Process): void {
  const maps = (when: string): void => {
    const lines = the.cat('/proc/self/maps').split('\n').slice(0, -1);
    lines.forEach((line, i) => {
      const [, start = '', end = '', access = '', offset = '', path = ''] =
        /^([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) \S+ \d+ +(.*)$/.exec(line) ?? [];
      const length = BigInt(`0x${end}`) - BigInt(`0x${start}`);
      const first = BigInt(`0x${offset}`) / PAGE;
      the.lines.push(
        `${when}, mapping ${i}: ${length / PAGE} pages at page ${first}, ${access}, path ${path}`,
      );
    });
    the.tell(when, `${lines.length} mappings`);
  };
  const fd = the.buffer(8);
  const m = the.made('mmap 8 pages', the.mmap(fd, { length: p(8) }));
  const n = the.made('mmap them again, read only', the.mmap(fd, { length: p(8), prot: PROT_READ }));
  the.load('fresh byte', m);
  the.load('fresh last byte', pages(m, 8, -1));
  for (let i = 0; i < 8; i++) the.fill(pages(m, i), PAGE, 0x41 + i);
  the.load('page 5 through the second mapping', pages(n, 5));
  maps('before');
  the.res('munmap pages 3 and 4', the.munmap(pages(m, 3), p(2)));
  maps('after the hole');
  the.load('page 2 last byte', pages(m, 3, -1));
  the.load('page 3', pages(m, 3));
  the.store('page 4 last byte', pages(m, 5, -1), 1);
  the.load('page 5', pages(m, 5));
  the.load('page 3 through the second mapping', pages(n, 3));
  the.res('munmap the hole again', the.munmap(pages(m, 3), p(2)));
  the.res('munmap unaligned address', the.munmap(pages(m, 0, 1), PAGE));
  the.res('munmap length 0', the.munmap(m, 0n));
  the.res('munmap half a page takes a page', the.munmap(m, PAGE / 2n));
  the.load('page 0', m);
  the.load('page 1', pages(m, 1));
  the.res('close', the.close(fd));
  the.alive('alive after close');
  the.store('page 7 after close', pages(m, 7), 0x7a);
  the.load('page 7 through the second mapping', pages(n, 7));
  the.load('page 1 after close', pages(m, 1));
  maps('after close');
  the.res('munmap the left rest', the.munmap(m, p(3)));
  the.load('page 6', pages(m, 6));
  the.res('munmap everything over the hole', the.munmap(m, p(8)));
  the.load('page 6 unmapped', pages(m, 6));
  the.alive('alive while the second mapping stands');
  the.res('munmap the second mapping', the.munmap(n, p(8)));
  the.alive('alive at the end');
}

function mremapSize(the: Process): void {
  // Room that is taken: the programs had anonymous memory there.
  const other = the.buffer(64);
  const room = the.place(other, { length: p(64), prot: PROT_NONE });
  the.close(other);
  const fd = the.buffer(8);
  const put = (at: number, count: number, offset: number): Pointer =>
    the.place(fd, {
      length: p(count),
      flags: MAP_SHARED | MAP_FIXED,
      offset: p(offset),
      to: pages(room, at),
    });
  const move = (
    name: string,
    from: Pointer,
    old: bigint,
    next: bigint,
    flags: number,
  ): Pointer | undefined => {
    const { ret, errno } = the.mremap(from, old, next, flags);
    the.tell(name, errno ?? (ret === from.mapping ? 'ok, same place' : 'ok, moved'));
    return errno === undefined ? { mapping: ret, at: 0n } : undefined;
  };
  let m = put(0, 8, 0);
  for (let i = 0; i < 8; i++) the.fill(pages(m, i), 1n, 0x61 + i);
  move('same size', m, p(8), p(8), 0);
  move('grow past the buffer, no room', m, p(8), p(16), 0);
  let moved = move('grow past the buffer, may move', m, p(8), p(16), MREMAP_MAYMOVE);
  if (moved !== undefined) {
    the.load('grown: page 7', pages(moved, 7));
    the.load('grown: page 8, past the buffer', pages(moved, 8));
    the.load('grown: where it was', m);
    the.munmap(moved, p(16));
    m = put(0, 8, 0);
  }
  move('shrink 8 to 4', m, p(8), p(4), 0);
  the.load('shrunk: page 3', pages(m, 3));
  the.load('shrunk: page 4', pages(m, 4));
  if (move('grow 4 to 8 beside free room', m, p(4), p(8), 0) !== undefined) {
    the.load('regrown: page 4', pages(m, 4));
    the.load('regrown: page 7', pages(m, 7));
  }
  the.munmap(m, p(8));
  m = put(16, 4, 2);
  the.load('offset mapping: first page', m);
  moved = move('offset mapping: grow 4 to 6, may move', m, p(4), p(6), MREMAP_MAYMOVE);
  if (moved !== undefined) {
    the.load('offset mapping grown: page 5', pages(moved, 5));
    the.munmap(moved, p(6));
    m = put(16, 4, 2);
  }
  move('new size 0', m, p(4), 0n, 0);
  move('new size 1 byte', m, p(4), 1n, 0);
  the.load('one page kept', m);
  the.load('second page gone', pages(m, 1));
  m = put(16, 4, 0);
  move('unaligned address', pages(m, 0, 8), PAGE, PAGE, MREMAP_MAYMOVE);
  move('unknown flag', m, p(4), p(4), 64);
  move('old size 0, may not move', m, 0n, p(4), 0);
  move('old size 0, may move', m, 0n, p(4), MREMAP_MAYMOVE);
  move('old size beyond the mapping, shrink', m, p(8), p(2), 0);
  the.load('then page 1', pages(m, 1));
  the.load('then page 2', pages(m, 2));
  m = put(32, 8, 0);
  the.munmap(pages(m, 3), PAGE);
  move('over a hole, grow', m, p(8), p(9), MREMAP_MAYMOVE);
  move('over a hole, same size', m, p(8), p(8), 0);
  the.load('left of the hole', pages(m, 2));
  move('nothing there', pages(m, 3), PAGE, p(2), MREMAP_MAYMOVE);
  the.close(fd);
}

function mprotect(the: Process): void {
  const rw = the.buffer(4);
  const ro = the.buffer(4, O_RDONLY);
  const wo = the.buffer(4, O_WRONLY);
  const [R, W, X] = [PROT_READ, PROT_WRITE, PROT_EXEC];
  const all = p(4);
  let m = the.made('rdwr buffer: mmap rw', the.mmap(rw, { length: all }));
  // The first byte of the program's code.
  the.fill(m, 1n, 0x40);
  the.fill(pages(m, 1), PAGE, 0x62);
  const change = (name: string, at: Pointer, length: bigint, prot: number): void =>
    the.res(name, the.mprotect(at, length, prot));
  const second = pages(m, 1);
  change('rw: mprotect none', m, all, PROT_NONE);
  the.load('none: load', second);
  the.store('none: store', second, 1);
  change('none: mprotect read', m, all, R);
  the.load('read: load', second);
  the.store('read: store', second, 1);
  change('read: mprotect write', m, all, W);
  the.store('write: store', pages(m, 1, 1), 0x63);
  the.load('write: load', pages(m, 1, 1));
  change('write: mprotect read exec', m, all, R | X);
  the.store('read exec: store', second, 1);
  change('mprotect read write exec', m, all, R | W | X);
  the.store('read write exec: store', pages(m, 1, 2), 0x64);
  change('mprotect exec alone', m, all, X);
  change('mprotect page 2 none', pages(m, 2), PAGE, PROT_NONE);
  change('mprotect the rest rw', m, p(2), RW);
  the.load('page 1 kept', pages(m, 1, 2));
  the.load('page 2', pages(m, 2));
  change('mprotect unaligned', pages(m, 0, 8), PAGE, R);
  change('mprotect length 0', m, 0n, PROT_NONE);
  the.load('after length 0', second);
  change('mprotect unknown bit', m, PAGE, 0x40);
  change('mprotect grows down', m, PAGE, R | PROT_GROWSDOWN);
  the.munmap(second, PAGE);
  change('mprotect over a hole', m, all, R);
  the.store('left of the hole after that', m, 1);
  m = the.made('rdonly buffer: mmap read', the.mmap(ro, { length: all, prot: R }));
  the.load('rdonly: load', m);
  the.store('rdonly: store', m, 1);
  change('rdonly: mprotect read write', m, all, RW);
  change('rdonly: mprotect write', m, all, W);
  change('rdonly: mprotect read exec', m, all, R | X);
  change('rdonly: mprotect none', m, all, PROT_NONE);
  the.store('rdonly none: store', m, 1);
  const map = (name: string, fd: number, prot: number, flags: number, length = PAGE, offset = 0n): Pointer =>
    the.made(name, the.mmap(fd, { length, prot, flags, offset }));
  map('rdonly: mmap rw shared', ro, RW, MAP_SHARED);
  map('rdonly: mmap write shared', ro, W, MAP_SHARED);
  map('rdonly: mmap read private', ro, R, MAP_PRIVATE);
  map('rdonly: mmap rw private', ro, RW, MAP_PRIVATE);
  m = map('rdonly: mmap none shared', ro, PROT_NONE, MAP_SHARED);
  change('rdonly mapped none: mprotect read', m, PAGE, R);
  change('rdonly mapped none: mprotect write', m, PAGE, W);
  map('wronly: mmap write shared', wo, W, MAP_SHARED);
  map('wronly: mmap read shared', wo, R, MAP_SHARED);
  map('wronly: mmap none shared', wo, PROT_NONE, MAP_SHARED);
  map('rdwr: mmap read private', rw, R, MAP_PRIVATE);
  const own = map('rdwr: mmap rw private', rw, RW, MAP_PRIVATE);
  if (own.mapping > 0) {
    the.load('private: load', own);
    the.store('private: store', pages(own, 0, 9), 0x70);
    const shared = the.place(rw, { length: PAGE, prot: R });
    the.load('private store seen in the buffer', pages(shared, 0, 9));
  }
  map('rdwr: mmap rw private, all 4 pages', rw, RW, MAP_PRIVATE, all);
  map('rdwr: mmap read private, all 4 pages', rw, R, MAP_PRIVATE, all);
  map('rdwr: mmap rw private, page 1', rw, RW, MAP_PRIVATE, PAGE, PAGE);
  map('rdwr: mmap rw shared validate', rw, RW, MAP_SHARED_VALIDATE);
}

function mmapArgs(the: Program): void {
  const [R, W, X, S] = [PROT_READ, PROT_WRITE, PROT_EXEC, MAP_SHARED];
  const buf = the.buffer(4);
  const m = the.made('whole', the.mmap(buf, { length: p(4) }));
  for (let i = 0; i < 4; i++) the.fill(pages(m, i), PAGE, 0x61 + i);
  const attempt = (name: string, length: bigint, prot: number, flags: number, offset = 0n): void => {
    const made = the.made(name, the.mmap(buf, { length, prot, flags, offset }));
    if (made.mapping > 0) the.munmap(made, length);
  };
  attempt('length 0', 0n, R, S);
  attempt('length 1', 1n, R, S);
  attempt('length 3 pages and 1 byte', p(3) + 1n, R, S);
  attempt('length 4 pages and 1 byte', p(4) + 1n, R, S);
  attempt('length 5 pages', p(5), R, S);
  attempt('offset 3 pages, 1 page', PAGE, R, S, p(3));
  attempt('offset 3 pages, 2 pages', p(2), R, S, p(3));
  attempt('offset 4 pages', PAGE, R, S, p(4));
  attempt('offset 1 TiB', PAGE, R, S, 1n << 40n);
  attempt('offset half a page', PAGE, R, S, PAGE / 2n);
  attempt('offset negative, aligned', PAGE, R, S, -PAGE);
  attempt('offset + length wraps', p(4), R, S, -p(2));
  attempt('length huge', 1n << 62n, R, S);
  attempt('length SIZE_MAX', (1n << 64n) - 1n, R, S);
  attempt('prot none', PAGE, PROT_NONE, S);
  attempt('prot write', PAGE, W, S);
  attempt('prot exec', PAGE, X, S);
  attempt('prot read write exec', PAGE, R | W | X, S);
  attempt('no type', PAGE, R, 0);
  attempt('private', PAGE, R, MAP_PRIVATE);
  attempt('shared validate', PAGE, R, MAP_SHARED_VALIDATE);
  attempt('shared validate, sync', PAGE, R, MAP_SHARED_VALIDATE | 0x80000);
  attempt('shared validate, populate', PAGE, R, MAP_SHARED_VALIDATE | 0x8000);
  attempt('shared, populate', p(4), RW, S | 0x8000);
  attempt('shared, populate, nonblock', p(4), RW, S | 0x18000);
  attempt('shared, locked', p(4), RW, S | 0x2000);
  attempt('shared, noreserve', PAGE, R, S | 0x4000);
  attempt('shared, growsdown', PAGE, R, S | MAP_GROWSDOWN);
  attempt('shared, huge pages', PAGE, R, S | MAP_HUGETLB);
  let q = the.made('2 pages at offset 1', the.mmap(buf, { length: p(2), prot: R, offset: PAGE }));
  the.load('offset mapping, page 0', q);
  the.load('offset mapping, last byte', pages(q, 2, -1));
  the.munmap(q, p(2));
  q = the.place(buf, { length: PAGE + 1n });
  the.load('last byte of the second page of PAGE + 1', pages(q, 2, -1));
  the.munmap(q, PAGE + 1n);
  the.load('after munmap of PAGE + 1, second page', pages(q, 1));
  // Where the program had anonymous memory, another buffer.
  const other = the.buffer(8);
  const room = the.place(other, { length: p(8) });
  the.fill(room, p(8), 0x2d);
  const fixed = (at: Pointer, length: bigint, offset: bigint, prot = RW, how = MAP_FIXED) =>
    the.mmap(buf, { length, prot, flags: S | how, offset, to: at });
  const where = pages(room, 2);
  const first = fixed(where, p(2), PAGE);
  q = { mapping: first.ret, at: 0n };
  the.tell(
    'fixed over anonymous memory',
    first.errno ?? (the.address(q) === the.address(where) ? 'ok, where asked' : 'elsewhere'),
  );
  the.load('before it', pages(room, 1));
  the.load('in it', q);
  the.load('in it, page 1', pages(q, 1));
  the.load('behind it', pages(room, 4));
  const over = fixed(pages(room, 3), p(2), 0n);
  const second: Pointer = { mapping: over.ret, at: 0n };
  the.load('fixed over a part of it: first', q);
  the.load('second', second);
  the.load('third', pages(second, 1));
  the.made('fixed, no replace, taken', fixed(where, PAGE, 0n, R, MAP_FIXED_NOREPLACE));
  the.made('fixed, unaligned', fixed(pages(room, 0, 1), PAGE, 0n, R));
  the.made('fixed, past the end of the buffer', fixed(pages(room, 6), p(2), p(3), R));
  the.load('what stood there', pages(room, 6));
  the.load('the buffer keeps its byte', pages(m, 1));
  the.munmap(room, p(8));
  const one = { length: PAGE, prot: R };
  the.made('heap node, shared', the.mmap(the.heap, one));
  the.made('heap node, private', the.mmap(the.heap, { length: PAGE, flags: MAP_PRIVATE }));
  const path = the.open('/proc/self/fd', O_PATH).ret;
  the.made('O_PATH descriptor', the.mmap(path, one));
  the.made('descriptor -1', the.mmap(-1, one));
  the.close(buf);
  the.made('closed descriptor', the.mmap(buf, one));
  the.load('the first mapping after close', pages(m, 3));
}

/** The programs about mappings. */
export const MAPPING_PROGRAMS: Readonly<Record<string, (the: Program) => void>> = {
  'map-hole': mapHole,
  'mremap-size': mremapSize,
  mprotect,
  'mmap-args': mmapArgs,
};
