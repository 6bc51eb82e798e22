/**
 * Writes flattened device trees, laid out as dtc does: header, reservations, structure, strings.
 */
import { InvalidInput } from '../diagnostic.ts';
import { FDT_MAGIC, MEM_RESERVE_ENTRY } from './dtb-header.ts';
import { FDT_BEGIN_NODE, FDT_END, FDT_END_NODE, FDT_PROP, MAX_DEPTH } from './dtb-reader.ts';
import type { DeviceTree, DtNode } from './tree.ts';

export interface EncodeDtbOptions {
  /** The format version; 17 unless given. */
  readonly version?: 16 | 17;
  /** Bytes of zeroes at the end, inside `totalsize`: room for a boot loader. 0 unless given. dtc -p */
  readonly padding?: number;
  /** At least so many bytes, filled up with zeroes. dtc -S */
  readonly minimum?: number;
  /** A multiple of so many bytes, filled up with zeroes. dtc -a */
  readonly align?: number;
  /** Empty reservations behind the tree's own, for a boot loader. dtc -R */
  readonly emptyReserves?: number;
}

/** Where the reservations start: the header of both versions, rounded up to 8. */
const MEM_RESERVE_START = 40;
/** The last version that a reader of 16 and 17 must know. */
const LAST_COMP_VERSION = 16;

/**
 * Encodes a tree as a blob of version 16 or 17.
 *
 * Reservations of size 0 are left out: such an entry would end the list.
 *
 * @throws InvalidInput when a name cannot stand in a blob (a NUL, a character above U+00FF) or nodes are
 *   nested more than `MAX_DEPTH` deep
 */
export function encodeDtb(tree: DeviceTree, options: EncodeDtbOptions = {}): Uint8Array {
  const version = options.version ?? 17;
  const strings = new StringTable();
  const struct = new ByteSink();
  writeNode(tree.root, '/', 1, struct, strings);
  struct.u32(FDT_END);

  const reserves = tree.memReserves.filter((entry) => entry.size !== 0n);
  const end = Array.from({ length: 1 + (options.emptyReserves ?? 0) }, () => ({ address: 0n, size: 0n }));
  const structStart = MEM_RESERVE_START + (reserves.length + end.length) * MEM_RESERVE_ENTRY;
  const stringsStart = structStart + struct.length;
  const { minimum = 0, padding = 0, align = 1 } = options;
  const used = stringsStart + strings.bytes.length;
  const total = Math.ceil(Math.max(used + padding, minimum) / align) * align;
  const out = new ByteSink();
  for (const word of [
    FDT_MAGIC,
    total,
    structStart,
    stringsStart,
    MEM_RESERVE_START,
    version,
    LAST_COMP_VERSION,
    tree.bootCpuid,
    strings.bytes.length,
    version >= 17 ? struct.length : 0,
  ]) {
    out.u32(word);
  }
  for (const { address, size } of [...reserves, ...end]) {
    out.u64(address);
    out.u64(size);
  }
  out.bytes(struct.taken());
  out.bytes(strings.bytes.taken());
  out.bytes(new Uint8Array(total - used));
  return out.taken();
}

function writeNode(node: DtNode, path: string, depth: number, struct: ByteSink, strings: StringTable): void {
  if (depth > MAX_DEPTH) fail('dtb-too-deep', `nodes are nested more than ${MAX_DEPTH} deep`, path);
  struct.u32(FDT_BEGIN_NODE);
  struct.name(node.name, path);
  struct.align();
  for (const { name, value } of node.properties) {
    struct.u32(FDT_PROP);
    struct.u32(value.length);
    struct.u32(strings.offsetOf(name, path));
    struct.bytes(value);
    struct.align();
  }
  for (const child of node.children) {
    writeNode(child, `${path === '/' ? '' : path}/${child.name}`, depth + 1, struct, strings);
  }
  struct.u32(FDT_END_NODE);
}

function fail(code: string, message: string, path: string): never {
  throw new InvalidInput([{ code, severity: 'error', message: `${message} (in node ${path})`, path }]);
}

/**
 * The strings block. A name that ends an earlier one shares its bytes (`reg` in `linux,reg`), at the lowest
 * offset that fits, as dtc does. Past `SHARING_LIMIT` bytes only equal names share, so that the table of tails
 * stays small.
 */
class StringTable {
  static readonly SHARING_LIMIT = 65_536;
  readonly bytes = new ByteSink();
  readonly #offsets = new Map<string, number>();

  offsetOf(name: string, path: string): number {
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    const start = this.bytes.length;
    this.bytes.name(name, path);
    this.#offsets.set(name, start);
    if (this.bytes.length <= StringTable.SHARING_LIMIT) {
      for (let skip = 1; skip <= name.length; skip++) {
        const tail = name.slice(skip);
        if (!this.#offsets.has(tail)) this.#offsets.set(tail, start + skip);
      }
    }
    return start;
  }
}

/** Bytes that grow at the end. */
class ByteSink {
  #buffer = new Uint8Array(1024);
  #view = new DataView(this.#buffer.buffer);
  length = 0;

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.length, value);
    this.length += 4;
  }

  u64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.length, value);
    this.length += 8;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.length);
    this.length += value.length;
  }

  /** A byte string and its NUL. */
  name(name: string, path: string): void {
    this.#reserve(name.length + 1);
    for (let i = 0; i < name.length; i++) {
      const code = name.charCodeAt(i);
      if (code === 0 || code > 0xff) {
        fail(
          'dtb-unencodable-name',
          'a name holds a character that a blob cannot: NUL or one above U+00FF',
          path,
        );
      }
      this.#buffer[this.length++] = code;
    }
    this.#buffer[this.length++] = 0;
  }

  /** Pads with zeroes to a whole cell. */
  align(): void {
    const pad = (4 - (this.length % 4)) % 4;
    this.#reserve(pad);
    this.#buffer.fill(0, this.length, this.length + pad);
    this.length += pad;
  }

  taken(): Uint8Array {
    return this.#buffer.slice(0, this.length);
  }

  #reserve(more: number): void {
    if (this.length + more <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, this.length + more));
    grown.set(this.#buffer.subarray(0, this.length));
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
  }
}
