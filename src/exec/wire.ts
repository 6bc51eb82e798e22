/**
 * Frames and their fields as bytes: `u32 size, u16 type, u16 flags, u32 seq`, then the fields, little-endian and packed.
 * A string is a `u32` length and its bytes.
 */
import { ANSWER, HEADER, MAX_REQUEST } from './protocol.ts';

/** A message that is not as docs/exec-protocol.md has it: its connection ends, nothing else. */
export class MalformedMessage extends Error {
  constructor(what: string) {
    super(`malformed message: ${what}`);
    this.name = 'MalformedMessage';
  }
}

/** One question: its head, and its fields where they lie in what was received. */
export interface Frame {
  readonly type: number;
  readonly seq: number;
  readonly fields: FieldReader;
}

const EMPTY = Buffer.alloc(0);

/** Reads fields one after the other. Every method throws MalformedMessage where the message is cut short. */
export class FieldReader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  /** @param bytes holds the fields from `at` to `end`; must not change while fields are read */
  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  i32(): number {
    return this.#bytes.readInt32LE(this.#take(4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  i64(): bigint {
    return this.#bytes.readBigInt64LE(this.#take(8));
  }

  /** Bytes of a string, without a copy. */
  bytes(): Buffer {
    const length = this.u32();
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** A string as text. */
  str(): string {
    const length = this.u32();
    const at = this.#take(length);
    return this.#bytes.toString('utf8', at, at + length);
  }

  /**
   * A count and that many entries.
   *
   * @param least bytes that an entry has at least: a count that cannot be is refused before anything is read
   */
  list<T>(least: number, entry: (fields: this) => T): T[] {
    const count = this.u32();
    if (count * least > this.#end - this.#at) throw new MalformedMessage(`${count} entries do not fit`);
    return Array.from({ length: count }, () => entry(this));
  }

  /** Says that all fields were read. @throws MalformedMessage when bytes are left */
  end(): void {
    if (this.#at !== this.#end) throw new MalformedMessage(`${this.#end - this.#at} bytes too many`);
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#end - at) throw new MalformedMessage('cut short');
    this.#at = at + length;
    return at;
  }
}

/** Cuts a stream into frames, whatever parts it arrives in. */
export class FrameSplitter {
  #rest: Buffer = EMPTY;

  /**
   * The frames that are whole now, in order.
   *
   * @param chunk stays in use until the frames were handled
   * @throws MalformedMessage when a frame says an impossible size; those before it were yielded
   */
  *push(chunk: Buffer): Iterable<Frame> {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = EMPTY;
    let at = 0;
    while (bytes.length - at >= HEADER) {
      const size = bytes.readUInt32LE(at);
      if (size < HEADER || size > MAX_REQUEST) throw new MalformedMessage(`a frame of ${size} bytes`);
      if (bytes.length - at < size) break;
      if (bytes.readUInt16LE(at + 6) !== 0) throw new MalformedMessage('unknown flags');
      const fields = new FieldReader(bytes, at + HEADER, at + size);
      yield { type: bytes.readUInt16LE(at + 4), seq: bytes.readUInt32LE(at + 8), fields };
      at += size;
    }
    this.#rest = bytes.subarray(at);
  }
}

/** Builds one frame. Fields may be written in any number; `finish` gives the bytes. */
export class FieldWriter {
  #bytes = Buffer.allocUnsafe(4096);
  #at = 0;

  /** Starts a frame. What was written before is forgotten. */
  begin(type: number, seq: number): this {
    this.#at = HEADER;
    this.#bytes.writeUInt16LE(type, 4);
    this.#bytes.writeUInt16LE(0, 6);
    this.#bytes.writeUInt32LE(seq, 8);
    return this;
  }

  /** Starts the answer to a question, with its `ret`. */
  answer(type: number, seq: number, ret: number | bigint): this {
    return this.begin(type | ANSWER, seq).i64(ret);
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#bytes[at] = value;
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#bytes.writeUInt32LE(value >>> 0, at);
    return this;
  }

  u64(value: number | bigint): this {
    const at = this.#room(8);
    this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), at);
    return this;
  }

  i64(value: number | bigint): this {
    const at = this.#room(8);
    if (typeof value === 'number' && (value | 0) === value) {
      this.#bytes.writeInt32LE(value, at);
      this.#bytes.writeInt32LE(value < 0 ? -1 : 0, at + 4);
    } else {
      this.#bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)), at);
    }
    return this;
  }

  str(value: string | Uint8Array): this {
    if (typeof value === 'string') {
      const length = Buffer.byteLength(value);
      this.u32(length);
      const at = this.#room(length);
      this.#bytes.write(value, at, length, 'utf8');
      return this;
    }
    this.u32(value.length);
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** Ends the frame. @returns bytes of its own, which a socket may keep */
  finish(): Buffer {
    this.#bytes.writeUInt32LE(this.#at, 0);
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  /** Where the next `length` bytes go. To be asked before `#bytes` is looked at, which may be another buffer then. */
  #room(length: number): number {
    const at = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#at, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    return at;
  }
}
