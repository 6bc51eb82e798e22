/**
 * Whether store.mdb can be handed to LMDB, which maps the file into memory and trusts what it finds
 * there: a page number that points behind the end ends the process with a bus error.
 *
 * So a file that was changed by anybody but us is read through first: every page that the last
 * transaction reaches, and every page that it says is free.
 *
 *     page 0, 1   meta: where the two trees begin; the one with the higher transaction counts
 *     free tree   transaction → pages that it freed
 *     main tree   key → value, or key → overflow pages that hold the value
 *
 * The layout is that of LMDB's data version 2 as lmdb-js builds it, on little-endian machines of 64
 * bits.
 */
import { fstatSync, readSync } from 'node:fs';

/** A store as a file. */
export class StoreFile {
  readonly #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  get size(): number {
    return fstatSync(this.#fd).size;
  }

  /** Fills `bytes` from an offset on. @returns how many there were */
  read(offset: number, bytes: Buffer): number {
    return readSync(this.#fd, bytes, 0, bytes.length, offset);
  }
}

/** Whether a value is good, as far as its owner can tell. */
export type CheckValue = (key: Buffer, value: Buffer) => boolean;

const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const HEADER = 24;
const NODE = 8;
const BRANCH = 0x01;
const LEAF = 0x02;
const OVERFLOW = 0x04;
const META = 0x08;
const BIG_DATA = 0x01;
const NO_PAGE = 2n ** 64n - 1n;
const MAX_DEPTH = 32;
const FREE_AT_END = 65536;

class Damage extends Error {}

function expect(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Damage(what);
}

interface Tree {
  readonly root: number | undefined;
  readonly depth: number;
  readonly entries: number;
}

interface Meta {
  readonly pageSize: number;
  readonly transaction: bigint;
  readonly lastPage: number;
  readonly free: Tree;
  readonly main: Tree;
}

/** What the file begins with: the transaction that was committed last. */
function readMeta(file: StoreFile): Meta {
  const first = metaAt(file, 0);
  const second = metaAt(file, first.pageSize);
  expect(first.pageSize === second.pageSize, 'two page sizes');
  return first.transaction >= second.transaction ? first : second;
}

function metaAt(file: StoreFile, offset: number): Meta {
  const bytes = Buffer.alloc(168);
  expect(file.read(offset, bytes) === bytes.length, 'no meta page');
  expect((bytes.readUInt16LE(18) & META) !== 0, 'no meta page');
  expect(bytes.readUInt32LE(24) === MAGIC, 'not a store');
  expect((bytes.readUInt32LE(28) & 0xffff) === DATA_VERSION, 'a store of another version');
  // Of the free tree: integer keys, and that the store is a file of its own; of the main tree: nothing.
  expect(bytes.readUInt16LE(52) === 0x4008 && bytes.readUInt16LE(100) === 0, 'trees of another kind');
  const pageSize = bytes.readUInt32LE(48);
  expect(pageSize >= 512 && pageSize <= 65536 && (pageSize & (pageSize - 1)) === 0, 'bad page size');
  return {
    pageSize,
    lastPage: number64(bytes, 144),
    transaction: bytes.readBigUInt64LE(152),
    free: treeAt(bytes, 48),
    main: treeAt(bytes, 96),
  };
}

function treeAt(bytes: Buffer, offset: number): Tree {
  const root = bytes.readBigUInt64LE(offset + 40);
  return {
    root: root === NO_PAGE ? undefined : number64(bytes, offset + 40),
    depth: bytes.readUInt16LE(offset + 6),
    entries: number64(bytes, offset + 32),
  };
}

function number64(bytes: Buffer, offset: number): number {
  const value = bytes.readBigUInt64LE(offset);
  expect(value < 2n ** 40n, 'a number that is too large');
  return Number(value);
}

/**
 * Reads a store through.
 *
 * @returns what is wrong with it, or `undefined` when nothing is
 */
export function findDamage(file: StoreFile, check: CheckValue = () => true): string | undefined {
  try {
    const meta = readMeta(file);
    // The file may end before its last pages when those are free; but nobody has so many free pages.
    const plausible = 2 * (file.size / meta.pageSize) + FREE_AT_END;
    expect(meta.lastPage < plausible, 'a length that is too large');
    const walk = new Walk(file, meta);
    walk.tree(meta.main, byBytes, (key, value) => expect(check(key, value), 'an unreadable record'));
    walk.tree(meta.free, byNumber, (key, value) => walk.freed(key, value));
    return undefined;
  } catch (error) {
    if (error instanceof Damage) return error.message;
    throw error;
  }
}

/** The number of the last transaction, or `undefined` when the file does not say. */
export function lastTransaction(file: StoreFile): bigint | undefined {
  try {
    return readMeta(file).transaction;
  } catch (error) {
    if (error instanceof Damage) return undefined;
    throw error;
  }
}

/** Whether a key comes before another. */
type Order = (a: Buffer, b: Buffer) => boolean;
const byBytes: Order = (a, b) => Buffer.compare(a, b) < 0;
const byNumber: Order = (a, b) =>
  a.length === 8 && b.length === 8 && a.readBigUInt64LE(0) < b.readBigUInt64LE(0);

type Visit = (key: Buffer, value: Buffer) => void;

class Walk {
  readonly #file: StoreFile;
  readonly #meta: Meta;
  /** Pages that the trees reach. */
  readonly #used = new Set<number>();
  #entries = 0;
  #previousKey: Buffer | undefined;
  #before: Order = byBytes;

  constructor(file: StoreFile, meta: Meta) {
    this.#file = file;
    this.#meta = meta;
  }

  tree(tree: Tree, before: Order, visit: Visit): void {
    this.#before = before;
    this.#entries = 0;
    this.#previousKey = undefined;
    expect(tree.depth <= MAX_DEPTH, 'a tree that is too deep');
    if (tree.root !== undefined) this.#page(tree.root, tree.depth, visit);
    expect(this.#entries === tree.entries, 'a wrong number of records');
  }

  /** A record of the free tree: a count, then pages, or minus a length and the first page of a run. */
  freed(key: Buffer, value: Buffer): void {
    expect(key.length === 8 && value.length >= 8 && value.length % 8 === 0, 'a bad list of free pages');
    const count = number64(value, 0);
    expect(count <= value.length / 8 - 1, 'a list of free pages that is cut off');
    for (let i = 1; i <= count; i++) {
      const entry = value.readBigInt64LE(8 * i);
      if (entry === 0n) continue;
      const pages = entry < 0n ? -entry : 1n;
      const first = entry < 0n ? this.#runStart(value, ++i, count) : entry;
      const end = first + pages;
      expect(first >= 2n && end <= BigInt(this.#meta.lastPage) + 1n, 'a free page outside the file');
      for (let page = Number(first); page < Number(end); page++) {
        expect(!this.#used.has(page), 'a page that is free and used');
      }
    }
  }

  #runStart(value: Buffer, index: number, count: number): bigint {
    expect(index <= count, 'a list of free pages that is cut off');
    return value.readBigInt64LE(8 * index);
  }

  #page(number: number, depth: number, visit: Visit): void {
    const page = this.#take(number, 1);
    const kind = page.readUInt16LE(18);
    expect(
      (kind & (BRANCH | LEAF | OVERFLOW | META)) === (depth > 1 ? BRANCH : LEAF),
      'a page of another kind',
    );
    const lower = page.readUInt16LE(20);
    const upper = page.readUInt16LE(22);
    expect(lower <= upper && upper <= page.length - HEADER && lower % 2 === 0, 'a page with bad bounds');
    expect(lower >= 2, 'an empty page');
    for (let i = 0; i < lower / 2; i++) {
      const at = HEADER + page.readUInt16LE(HEADER + 2 * i);
      expect(at >= HEADER + upper && at + NODE <= page.length, 'a node outside its page');
      const keyEnd = at + NODE + page.readUInt16LE(at + 6);
      expect(keyEnd <= page.length, 'a key outside its page');
      if (depth > 1) this.#page(childOf(page, at), depth - 1, visit);
      else this.#leaf(page, at, keyEnd, visit);
    }
  }

  #leaf(page: Buffer, at: number, keyEnd: number, visit: Visit): void {
    const key = page.subarray(at + NODE, keyEnd);
    const size = page.readUInt16LE(at) + page.readUInt16LE(at + 2) * 65536;
    const flags = page.readUInt16LE(at + 4);
    expect(flags === 0 || flags === BIG_DATA, 'a node of another kind');
    expect(key.length > 0, 'a record without a key');
    this.#entries++;
    if (flags === 0) {
      expect(keyEnd + size <= page.length, 'a value outside its page');
      this.#visit(key, page.subarray(keyEnd, keyEnd + size), visit);
      return;
    }
    expect(keyEnd + 24 <= page.length, 'a value outside its page');
    // A value that became smaller keeps its pages.
    const pages = number64(page, keyEnd + 16);
    expect(pages >= Math.floor((HEADER - 1 + size) / this.#meta.pageSize) + 1, 'a value of another size');
    expect(page.readBigUInt64LE(keyEnd + 8) <= this.#meta.transaction, 'a page from the future');
    const overflow = this.#take(number64(page, keyEnd), pages);
    expect((overflow.readUInt16LE(18) & OVERFLOW) !== 0, 'a page of another kind');
    expect(overflow.readUInt32LE(20) === pages, 'a value of another size');
    this.#visit(key, overflow.subarray(HEADER, HEADER + size), visit);
  }

  #visit(key: Buffer, value: Buffer, visit: Visit): void {
    const previous = this.#previousKey;
    expect(previous === undefined || this.#before(previous, key), 'keys out of order');
    this.#previousKey = key;
    visit(key, value);
  }

  /** Reads pages that nothing else uses. */
  #take(number: number, pages: number): Buffer {
    expect(number >= 2 && number + pages - 1 <= this.#meta.lastPage, 'a page outside the file');
    for (let page = number; page < number + pages; page++) {
      expect(!this.#used.has(page), 'a page that is used twice');
      this.#used.add(page);
    }
    const { pageSize } = this.#meta;
    const bytes = Buffer.allocUnsafe(pageSize * pages);
    expect(this.#file.read(number * pageSize, bytes) === bytes.length, 'the file is cut off');
    expect(number64(bytes, 0) === number, 'a page in the place of another');
    // LMDB would take a page from the future for one of its own and write to it in place.
    expect(bytes.readBigUInt64LE(8) <= this.#meta.transaction, 'a page from the future');
    return bytes;
  }
}

/** A branch node has the child's number where a leaf has size and flags. */
const childOf = (page: Buffer, at: number): number => page.readUIntLE(at, 6);
