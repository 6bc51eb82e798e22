/**
 * Records as bytes: a small tagged binary form, and a checksum over key and value.
 *
 * Our own, because it is measured to be what a session needs and no library gives: typed arrays and
 * bigints come back as exactly what they were, loading it costs nothing (msgpackr 9 ms, 1.3 ms when
 * bundled, of the 45 ms that a command may take over bare node; JSON is four times larger and slower
 * on bitmaps), the form does not change with node's version as that of v8.serialize() does, and a
 * damaged record is refused instead of being read as something else.
 *
 *     checksum (4 bytes, little-endian) | value
 *     value = tag | varint, bytes or values
 */

/** The bytes are no record: damaged, or written by something else. */
export class BadRecord extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'BadRecord';
  }
}

const NULL = 0;
const UNDEFINED = 1;
const FALSE = 2;
const TRUE = 3;
const UINT = 4; // varint
const NEGATIVE = 5; // varint of -value
const FLOAT = 6; // 8 bytes
const BIG = 7; // 8 bytes, 0 … 2^64-1
const BIG_LARGE = 8; // text in hexadecimal with its sign
const LATIN1 = 9; // varint length, bytes
const UTF16 = 10; // varint length in bytes, bytes
const ARRAY = 11; // varint count, values
const OBJECT = 12; // varint count, pairs of string and value
const TYPED = 13; // kind, varint length in bytes, bytes
const TRIMMED = 14; // kind, varint length in bytes, varint length without zeros at the end, bytes

const KINDS = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
] as const;

/** Deeper values are bugs in writers and attacks on readers: recursion must not exhaust the stack. */
const MAX_DEPTH = 64;
const HEADER = 4;
/** Arrays of words, as bitmaps are: most of one's bits are at its beginning. */
const LEAST_TRIMMED = 64;
const MOST_TRIMMED = 1 << 16;

let scratch = Buffer.allocUnsafeSlow(1 << 14);
/** The same bytes as words. */
let scratchWords = new Uint32Array(scratch.buffer);
let end = 0;

/**
 * Encodes a record.
 *
 * @returns its own copy of the bytes
 * @throws TypeError for a value that is not plain data, which is a bug of the caller
 */
export const encodeRecord = (key: string, value: unknown): Uint8Array =>
  new Uint8Array(borrowRecord(key, value));

/** Encodes a record as `encodeRecord` does. @returns bytes that are good until the next record is encoded */
export function borrowRecord(key: string, value: unknown): Buffer {
  end = HEADER;
  putValue(value, 0);
  scratch.writeUInt32LE(checksum(key, scratch, scratchWords, end), 0);
  return scratch.subarray(0, end);
}

/** Decodes a record that was stored under `key`. @throws BadRecord */
export function decodeRecord(key: string, bytes: Uint8Array): unknown {
  // A copy at offset 0 when needed: the checksum and the typed arrays want aligned words.
  const own = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
  if (own.length <= HEADER) throw new BadRecord('too short');
  const reader = new Reader(own);
  if (reader.view.getUint32(0, true) !== checksumOf(key, own)) throw new BadRecord('wrong checksum');
  const value = reader.value(0);
  if (reader.at !== own.length) throw new BadRecord('bytes left over');
  return value;
}

/** Whether bytes are what was stored under a key, by their checksum. */
export function isRecord(key: string, bytes: Uint8Array): boolean {
  if (bytes.length <= HEADER) return false;
  const own = new Uint8Array(bytes);
  return new DataView(own.buffer).getUint32(0, true) === checksumOf(key, own);
}

const checksumOf = (key: string, bytes: Uint8Array): number =>
  checksum(key, bytes, new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2), bytes.length);

/** FNV-1a over 32-bit words instead of bytes, with a final mix: fast enough before any JIT. */
function checksum(key: string, bytes: Uint8Array, words: Uint32Array, length: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  const whole = length >>> 2;
  for (let i = 1; i < whole; i++) {
    hash = Math.imul(hash ^ (words[i] ?? 0), 0x01000193);
    hash ^= hash >>> 15;
  }
  for (let i = whole << 2; i < length; i++) {
    hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  }
  hash ^= length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function reserve(bytes: number): void {
  if (end + bytes <= scratch.length) return;
  const larger = Buffer.allocUnsafeSlow(Math.max(scratch.length * 2, end + bytes));
  larger.set(scratch.subarray(0, end));
  scratch = larger;
  scratchWords = new Uint32Array(scratch.buffer, 0, scratch.length >>> 2);
}

function putVarint(value: number): void {
  reserve(10);
  let rest = value;
  if (rest < 0x80) {
    scratch[end++] = rest;
    return;
  }
  while (rest >= 0x80) {
    scratch[end++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  scratch[end++] = rest;
}

function putTag(tag: number): void {
  reserve(1);
  scratch[end++] = tag;
}

function putString(text: string): void {
  if (text.length < 0x40 && putShort(text)) return;
  // Latin-1 or UTF-16, because UTF-8 would lose lone surrogates and is slower to write.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the first 256 characters are meant
  const latin1 = /^[\u0000-\u00ff]*$/.test(text);
  const length = latin1 ? text.length : text.length * 2;
  putTag(latin1 ? LATIN1 : UTF16);
  putVarint(length);
  reserve(length);
  scratch.write(text, end, latin1 ? 'latin1' : 'utf16le');
  end += length;
}

/** As `putString`, faster. @returns false when it is not Latin-1 */
function putShort(text: string): boolean {
  const { length } = text;
  reserve(2 + length);
  let at = end;
  scratch[at++] = LATIN1;
  scratch[at++] = length;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0xff) return false;
    scratch[at++] = unit;
  }
  end = at;
  return true;
}

/** As `putNumber`, faster. @param value from 0 to 2^31 - 1 */
function putUint(value: number): void {
  reserve(6);
  let at = end;
  scratch[at++] = UINT;
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) scratch[at++] = (rest & 0x7f) | 0x80;
  scratch[at++] = rest;
  end = at;
}

function putNumber(value: number): void {
  if ((value | 0) === value && (value > 0 || Object.is(value, 0))) {
    putUint(value);
    return;
  }
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    putTag(value >= 0 ? UINT : NEGATIVE);
    putVarint(Math.abs(value));
    return;
  }
  putTag(FLOAT);
  reserve(8);
  end = scratch.writeDoubleLE(value, end);
}

function putBigint(value: bigint): void {
  if (value >= 0n && value <= 0xffff_ffff_ffff_ffffn) {
    putTag(BIG);
    reserve(8);
    end = scratch.writeBigUInt64LE(value, end);
    return;
  }
  putTag(BIG_LARGE);
  putString(value.toString(16));
}

function putValue(value: unknown, depth: number): void {
  if (value === null) putTag(NULL);
  else if (value === undefined) putTag(UNDEFINED);
  else if (typeof value === 'boolean') putTag(value ? TRUE : FALSE);
  else if (typeof value === 'number') putNumber(value);
  else if (typeof value === 'bigint') putBigint(value);
  else if (typeof value === 'string') putString(value);
  else if (typeof value !== 'object') throw new TypeError(`a record holds plain data, not a ${typeof value}`);
  else if (depth >= MAX_DEPTH) throw new TypeError('a record may not nest deeper than 64 levels');
  else if (Array.isArray(value)) putArray(value, depth + 1);
  else if (ArrayBuffer.isView(value)) putTyped(value);
  else putObject(value, depth + 1);
}

function putArray(values: readonly unknown[], depth: number): void {
  putTag(ARRAY);
  putVarint(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (typeof value === 'number') putNumber(value);
    else putValue(value, depth);
  }
}

function putObject(value: object, depth: number): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw new TypeError(`a record holds plain data, not a ${value.constructor.name}`);
  }
  putTag(OBJECT);
  const keys = Object.keys(value);
  putVarint(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    putString(key);
    putValue((value as Readonly<Record<string, unknown>>)[key], depth);
  }
}

function putTyped(value: ArrayBufferView): void {
  const kind = KINDS.findIndex((type) => value instanceof type);
  if (kind < 0) throw new TypeError('a record holds typed arrays, not a DataView');
  const kept = withoutZeros(value);
  const isTrimmed = kept < value.byteLength;
  putTag(isTrimmed ? TRIMMED : TYPED);
  putTag(kind);
  putVarint(value.byteLength);
  if (isTrimmed) putVarint(kept);
  reserve(kept);
  scratch.set(new Uint8Array(value.buffer, value.byteOffset, kept), end);
  end += kept;
}

/** How many bytes there are before the zeros at the end, in whole words; all of an array that is too short or too long to care. */
function withoutZeros({ buffer, byteOffset, byteLength }: ArrayBufferView): number {
  if (byteLength < LEAST_TRIMMED || byteLength > MOST_TRIMMED || byteOffset % 4 !== 0 || byteLength % 4 !== 0)
    return byteLength;
  const words = new Uint32Array(buffer, byteOffset, byteLength >>> 2);
  let length = words.length;
  while (length > 0 && words[length - 1] === 0) length--;
  return length << 2;
}

class Reader {
  readonly view: DataView;
  at = HEADER;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new BadRecord('nested too deep');
    switch (this.#byte()) {
      case NULL:
        return null;
      case UNDEFINED:
        return undefined;
      case FALSE:
        return false;
      case TRUE:
        return true;
      case UINT:
        return this.#varint();
      case NEGATIVE:
        return -this.#varint();
      case FLOAT:
        return this.view.getFloat64(this.#skip(8), true);
      case BIG:
        return this.view.getBigUint64(this.#skip(8), true);
      case BIG_LARGE:
        return parseBig(this.#string(this.#byte()));
      case LATIN1:
        return this.#string(LATIN1);
      case UTF16:
        return this.#string(UTF16);
      case ARRAY:
        return this.#array(depth + 1);
      case OBJECT:
        return this.#object(depth + 1);
      case TYPED:
        return this.#typed(false);
      case TRIMMED:
        return this.#typed(true);
      default:
        throw new BadRecord('unknown tag');
    }
  }

  #skip(length: number): number {
    const at = this.at;
    if (length > this.#bytes.length - at) throw new BadRecord('cut off');
    this.at += length;
    return at;
  }

  #byte(): number {
    return this.#bytes[this.#skip(1)] ?? 0;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw new BadRecord('number too large');
      if (byte < 0x80) return value;
    }
  }

  #string(tag: number): string {
    if (tag !== LATIN1 && tag !== UTF16) throw new BadRecord('not a string');
    const length = this.#varint();
    const at = this.#skip(length);
    return this.#bytes.toString(tag === LATIN1 ? 'latin1' : 'utf16le', at, at + length);
  }

  #array(depth: number): unknown[] {
    // Every value takes a byte at least, so a damaged count cannot make us allocate more.
    const count = this.#varint();
    if (count > this.#bytes.length - this.at) throw new BadRecord('cut off');
    const values: unknown[] = [];
    for (let i = 0; i < count; i++) values.push(this.value(depth));
    return values;
  }

  #object(depth: number): object {
    const count = this.#varint();
    const value: Record<string, unknown> = {};
    for (let i = 0; i < count; i++) {
      const key = this.#string(this.#byte());
      const item = this.value(depth);
      if (key !== '__proto__') value[key] = item;
      else
        Object.defineProperty(value, key, {
          value: item,
          enumerable: true,
          writable: true,
          configurable: true,
        });
    }
    return value;
  }

  #typed(isTrimmed: boolean): ArrayBufferView {
    const type = KINDS[this.#byte()];
    if (type === undefined) throw new BadRecord('unknown typed array');
    const length = this.#varint();
    if (length % type.BYTES_PER_ELEMENT !== 0) throw new BadRecord('typed array cut off');
    const kept = isTrimmed ? this.#varint() : length;
    // So that damaged lengths cannot make us allocate much more than there is.
    if (kept > length || (isTrimmed && length > MOST_TRIMMED)) throw new BadRecord('typed array cut off');
    const at = this.#skip(kept);
    // A copy: the caller may change it, and it must not hang on the bytes of the store.
    const bytes = new Uint8Array(length);
    bytes.set(this.#bytes.subarray(at, at + kept));
    return new type(bytes.buffer);
  }
}

function parseBig(text: string): bigint {
  if (!/^-?[0-9a-f]+$/.test(text)) throw new BadRecord('not a number');
  return text.startsWith('-') ? -BigInt(`0x${text.slice(1)}`) : BigInt(`0x${text}`);
}
