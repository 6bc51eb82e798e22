/**
 * Reads flattened device trees: versions 16 and 17, and those from 2 on that libfdt reads too.
 *
 * Nothing outside the blob is read, work and memory are proportional to the blob, and every fault is a
 * diagnostic that names the offset and the node. Where the specification and libfdt part, libfdt decides what
 * can be read, because Linux reads through it: equal names of siblings are kept, blocks may overlap, bytes
 * after the end tag and after `totalsize` do not matter.
 */
import type { SourcePosition } from '../diagnostic.ts';
import { formatHex } from '../units.ts';
import { type DtbHeader, DtbInput, MEM_RESERVE_ENTRY, readHeader } from './dtb-header.ts';
import type { DeviceTree, DtNode, DtProperty, MemReserve } from './tree.ts';
import { byteString } from './value.ts';

export const FDT_BEGIN_NODE = 1;
export const FDT_END_NODE = 2;
export const FDT_PROP = 3;
export const FDT_NOP = 4;
export const FDT_END = 9;

/** Levels of nodes, the root's included: Linux's FDT_MAX_DEPTH, past which it drops nodes. */
export const MAX_DEPTH = 64;
/** The longest path of a node in bytes: Linux could not show a longer one below /proc/device-tree. */
export const MAX_PATH = 4095;
/** The longest name of a property in bytes. Many properties may name one long string, so it must end somewhere. */
export const MAX_PROPERTY_NAME = 1024;

const BROKEN = 'the blob is damaged, or the tool that wrote it is; write it again with dtc';

/** A node whose end tag has not come yet. */
interface OpenNode {
  readonly name: string;
  readonly path: string;
  readonly position: SourcePosition;
  readonly properties: DtProperty[];
  readonly children: DtNode[];
}

/**
 * Decodes a device-tree blob.
 *
 * @param bytes the file; property values are views on it
 * @param file its name, for positions and messages
 * @throws InvalidInput naming the offset, the node, what was expected and a hint
 */
export function decodeDtb(bytes: Uint8Array, file: string): DeviceTree {
  const input = new DtbInput(bytes, file);
  const header = readHeader(input);
  const memReserves = readMemReserves(input, header);
  return { root: new StructureReader(input, header).read(), memReserves, bootCpuid: header.bootCpuid };
}

/** Reads the memory reservation block up to the entry of size 0 that ends it: fdt_num_mem_rsv(). */
function readMemReserves(input: DtbInput, header: DtbHeader): MemReserve[] {
  const entries: MemReserve[] = [];
  for (let at = header.memReserveStart; ; at += MEM_RESERVE_ENTRY) {
    if (at + MEM_RESERVE_ENTRY > header.totalSize) {
      input.fail(
        'dtb-memreserve-unterminated',
        at,
        'the memory reservation block runs past the end of the blob; expected an entry of size 0 to end it',
        BROKEN,
      );
    }
    const [address, size] = [input.u64(at), input.u64(at + 8)];
    if (size === 0n) return entries;
    entries.push({ address, size });
  }
}

/** Walks the tags of the structure block with a stack of open nodes. */
class StructureReader {
  readonly #input: DtbInput;
  readonly #header: DtbHeader;
  readonly #names = new Map<number, string>();
  readonly #open: OpenNode[] = [];
  #at: number;
  #root: DtNode | undefined;

  constructor(input: DtbInput, header: DtbHeader) {
    this.#input = input;
    this.#header = header;
    this.#at = header.structStart;
  }

  read(): DtNode {
    for (;;) {
      const tagAt = this.#at;
      const tag = this.#word('a tag');
      switch (tag) {
        case FDT_BEGIN_NODE:
          this.#beginNode(tagAt);
          break;
        case FDT_PROP:
          this.#property(tagAt);
          break;
        case FDT_END_NODE:
          this.#endNode(tagAt);
          break;
        case FDT_NOP:
          break;
        case FDT_END:
          return this.#end(tagAt);
        default:
          this.#fail(
            'dtb-bad-tag',
            tagAt,
            `unknown tag ${formatHex(tag)}; expected begin-node 1, end-node 2, property 3, nop 4 or end 9`,
          );
      }
    }
  }

  #beginNode(tagAt: number): void {
    const parent = this.#open.at(-1);
    if (parent === undefined && this.#root !== undefined) {
      this.#fail('dtb-two-roots', tagAt, 'a second root node; expected the end tag 9 after the first');
    }
    if (this.#open.length === MAX_DEPTH) {
      this.#fail(
        'dtb-too-deep',
        tagAt,
        `nodes are nested more than ${MAX_DEPTH} deep, which Linux does not keep`,
      );
    }
    const name = this.#nodeName(tagAt);
    let path = '/';
    if (parent !== undefined) path = parent.path === '/' ? `/${name}` : `${parent.path}/${name}`;
    else if (name !== '') this.#fail('dtb-root-name', tagAt, 'the root node has a name; expected none');
    if (path.length > MAX_PATH) {
      this.#fail('dtb-name-too-long', tagAt, `a node's path is longer than ${MAX_PATH} bytes`);
    }
    this.#open.push({ name, path, position: this.#position(tagAt), properties: [], children: [] });
  }

  #nodeName(tagAt: number): string {
    const { bytes } = this.#input;
    const limit = Math.min(this.#header.structEnd, this.#at + MAX_PATH + 1);
    const length = bytes.subarray(this.#at, limit).indexOf(0);
    if (length < 0 && limit < this.#header.structEnd) {
      this.#fail('dtb-name-too-long', tagAt, `a node's name is longer than ${MAX_PATH} bytes`);
    }
    if (length < 0) this.#failTruncated(tagAt, "a node's name, which a NUL must end");
    const name = byteString(bytes.subarray(this.#at, this.#at + length));
    this.#skip(length + 1);
    if (this.#header.version >= 16) return name;
    // Until version 16 a node's name was its full path.
    const slash = name.lastIndexOf('/');
    if (slash < 0) {
      this.#fail(
        'dtb-bad-node-name',
        tagAt,
        `the node name has no slash; in version ${this.#header.version} it must be a full path`,
      );
    }
    return name.slice(slash + 1);
  }

  #property(tagAt: number): void {
    const node = this.#open.at(-1);
    if (node === undefined) {
      this.#fail('dtb-bad-nesting', tagAt, 'a property outside of any node');
    }
    if (node.children.length > 0) {
      this.#fail(
        'dtb-bad-nesting',
        tagAt,
        'a property after a child node, where libfdt and Linux do not see it',
      );
    }
    const length = this.#word("a property's length");
    const nameOffset = this.#word("a property's name offset");
    const name = this.#propertyName(tagAt, nameOffset);
    // Before version 16 values of 8 bytes and more were aligned to 8.
    if (this.#header.version < 16 && length >= 8 && (this.#at - this.#header.structStart) % 8 !== 0)
      this.#at += 4;
    if (length > this.#header.structEnd - this.#at) {
      this.#failTruncated(tagAt, `the value of property "${name}", ${length} bytes long`);
    }
    const value = this.#input.bytes.subarray(this.#at, this.#at + length);
    this.#skip(length);
    node.properties.push({ name, value, position: this.#position(tagAt) });
  }

  #propertyName(tagAt: number, offset: number): string {
    const known = this.#names.get(offset);
    if (known !== undefined) return known;
    const { stringsStart, stringsEnd } = this.#header;
    if (offset >= stringsEnd - stringsStart) {
      this.#fail(
        'dtb-bad-string',
        tagAt,
        `a property's name is at ${formatHex(offset)} in the strings block, which is ${stringsEnd - stringsStart} bytes long`,
      );
    }
    const start = stringsStart + offset;
    const limit = Math.min(stringsEnd, start + MAX_PROPERTY_NAME + 1);
    const length = this.#input.bytes.subarray(start, limit).indexOf(0);
    if (length < 0 && limit < stringsEnd) {
      this.#fail('dtb-name-too-long', tagAt, `a property's name is longer than ${MAX_PROPERTY_NAME} bytes`);
    }
    if (length < 0) {
      this.#fail(
        'dtb-bad-string',
        tagAt,
        `a property's name at ${formatHex(offset)} in the strings block has no NUL to end it`,
      );
    }
    const name = byteString(this.#input.bytes.subarray(start, start + length));
    this.#names.set(offset, name);
    return name;
  }

  #endNode(tagAt: number): void {
    const node = this.#open.pop();
    if (node === undefined) {
      this.#fail('dtb-bad-nesting', tagAt, 'an end-node tag without a node to end');
    }
    const { name, properties, children, position } = node;
    const closed: DtNode = { name, properties, children, position };
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#root = closed;
    else parent.children.push(closed);
  }

  #end(tagAt: number): DtNode {
    if (this.#open.length > 0) {
      this.#fail(
        'dtb-bad-nesting',
        tagAt,
        `the end tag comes while ${this.#open.length} nodes are still open`,
      );
    }
    if (this.#root === undefined) {
      return this.#fail('dtb-no-root', tagAt, 'the blob has no root node; expected a begin-node tag 1');
    }
    return this.#root;
  }

  /** The next word of the structure block. */
  #word(what: string): number {
    if (this.#at + 4 > this.#header.structEnd) this.#failTruncated(this.#at, what);
    const word = this.#input.u32(this.#at);
    this.#at += 4;
    return word;
  }

  /** Steps over `length` bytes and the padding that aligns the next tag. */
  #skip(length: number): void {
    const next = this.#at + length - this.#header.structStart;
    this.#at = this.#header.structStart + Math.ceil(next / 4) * 4;
  }

  #position(offset: number): SourcePosition {
    return { file: this.#input.file, offset };
  }

  #failTruncated(offset: number, what: string): never {
    this.#fail(
      'dtb-truncated',
      offset,
      `the structure block ends at ${formatHex(this.#header.structEnd)} inside ${what}`,
    );
  }

  #fail(code: string, offset: number, message: string): never {
    this.#input.fail(code, offset, message, BROKEN, this.#open.at(-1)?.path);
  }
}
