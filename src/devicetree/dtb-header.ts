/**
 * The header of a flattened device tree: read, and checked before anything is read through it.
 *
 *     0        4           8            12            16             20       24
 *     magic    totalsize   off_struct   off_strings   off_memrsv     version  last_comp
 *     28 boot_cpuid (version 2 on)   32 size_strings (3 on)   36 size_struct (17 on)
 *
 * The checks are those of libfdt's fdt_check_header() and fdt_ro_probe_(), and the alignments that the
 * Devicetree Specification asks for.
 */
import type { Diagnostic } from '../diagnostic.ts';
import { InvalidInput } from '../diagnostic.ts';
import { formatHex } from '../units.ts';
import { foreignFormat } from './foreign-format.ts';

export const FDT_MAGIC = 0xd00dfeed;
/** The versions that libfdt, and so Linux, reads. */
export const FIRST_VERSION = 2;
export const LAST_VERSION = 17;
export const MEM_RESERVE_ENTRY = 16;

/** A blob's header, every offset inside the blob. Ends are exclusive. */
export interface DtbHeader {
  readonly totalSize: number;
  readonly version: number;
  readonly bootCpuid: number;
  readonly memReserveStart: number;
  readonly structStart: number;
  readonly structEnd: number;
  readonly stringsStart: number;
  readonly stringsEnd: number;
}

/** Bytes being read as a blob, and how a fault in them is reported. */
export class DtbInput {
  readonly bytes: Uint8Array;
  readonly file: string;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, file: string) {
    this.bytes = bytes;
    this.file = file;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The big-endian word at `offset`; the caller has checked the bounds. */
  u32(offset: number): number {
    return this.#view.getUint32(offset);
  }

  u64(offset: number): bigint {
    return this.#view.getBigUint64(offset);
  }

  /** Throws InvalidInput: `message` names what is wrong at byte `offset`. */
  fail(code: string, offset: number, message: string, hint: string, path?: string): never {
    const diagnostic: Diagnostic = {
      code,
      severity: 'error',
      message: `${message} (byte offset ${formatHex(offset)}${path === undefined ? '' : `, in node ${path}`})`,
      position: { file: this.file, offset },
      ...(path === undefined ? {} : { path }),
      hint,
    };
    throw new InvalidInput([diagnostic]);
  }
}

const BROKEN = 'the file is damaged or was cut; build or copy it again';

/** The size of the header in bytes: libfdt's fdt_header_size_(). */
function headerSize(version: number): number {
  if (version <= 2) return 32;
  return version <= 16 ? 36 : 40;
}

/** Reads and checks the header of a blob. Throws InvalidInput. */
export function readHeader(input: DtbInput): DtbHeader {
  const { bytes } = input;
  if (bytes.length === 0) input.fail('dtb-empty', 0, 'the file is empty', 'give a device-tree blob');
  if (bytes.length < 4 || input.u32(0) !== FDT_MAGIC) failMagic(input);
  if (bytes.length < headerSize(FIRST_VERSION)) {
    input.fail(
      'dtb-truncated',
      bytes.length,
      `the file ends inside the header: ${bytes.length} bytes, and a header has at least ${headerSize(FIRST_VERSION)}`,
      BROKEN,
    );
  }
  const [totalSize, structStart, stringsStart, memReserveStart] = [4, 8, 12, 16].map((at) =>
    input.u32(at),
  ) as [number, number, number, number];
  const version = input.u32(20);
  const lastCompVersion = input.u32(24);
  if (version < FIRST_VERSION || lastCompVersion > LAST_VERSION) {
    input.fail(
      'dtb-version',
      version < FIRST_VERSION ? 20 : 24,
      `the blob has format version ${version} (compatible down to ${lastCompVersion}); Linux reads ${FIRST_VERSION} to ${LAST_VERSION}`,
      'write it again with dtc, which makes version 17',
    );
  }
  if (lastCompVersion > version) {
    input.fail(
      'dtb-version',
      24,
      `the blob has format version ${version}, yet says that readers need at least ${lastCompVersion}`,
      BROKEN,
    );
  }
  const size = headerSize(version);
  if (totalSize < size) {
    input.fail(
      'dtb-total-size',
      4,
      `totalsize is ${totalSize}, less than the header's ${size} bytes`,
      BROKEN,
    );
  }
  if (totalSize > bytes.length) {
    input.fail(
      'dtb-truncated',
      4,
      `the header says ${totalSize} bytes, but the file has only ${bytes.length}`,
      'the file was cut; copy it again in full',
    );
  }
  const block = (name: string, field: number, start: number, length: number, align: number): number => {
    if (start < size || start > totalSize) {
      input.fail(
        'dtb-bad-offset',
        field,
        `the ${name} block starts at ${formatHex(start)}, outside ${formatHex(size)}..${formatHex(totalSize)}`,
        BROKEN,
      );
    }
    if (start % align !== 0) {
      input.fail(
        'dtb-misaligned',
        field,
        `the ${name} block starts at ${formatHex(start)}, which is no multiple of ${align}`,
        'write the blob again with dtc',
      );
    }
    if (length > totalSize - start) {
      input.fail(
        'dtb-bad-offset',
        field,
        `the ${name} block is ${length} bytes from ${formatHex(start)}, past the end of the blob at ${formatHex(totalSize)}`,
        BROKEN,
      );
    }
    return start + length;
  };
  block('memory reservation', 16, memReserveStart, 0, 8);
  const structEnd = block(
    'structure',
    8,
    structStart,
    version >= 17 ? input.u32(36) : Math.max(0, totalSize - structStart),
    4,
  );
  // Version 2 does not say how long its strings are.
  const stringsEnd = block(
    'strings',
    12,
    stringsStart,
    version >= 3 ? input.u32(32) : Math.max(0, totalSize - stringsStart),
    1,
  );
  return {
    totalSize,
    version,
    bootCpuid: input.u32(28),
    memReserveStart,
    structStart,
    structEnd,
    stringsStart,
    // Before version 17 libfdt looks for a string's end up to the end of the blob.
    stringsEnd: version >= 17 ? stringsEnd : totalSize,
  };
}

function failMagic(input: DtbInput): never {
  const foreign = foreignFormat(input.bytes);
  const expected = 'expected a device-tree blob, which starts with d0 0d fe ed';
  const found = [...input.bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  input.fail(
    'dtb-bad-magic',
    0,
    foreign === undefined ? `${expected}, and found ${found}` : `this is ${foreign.what}; ${expected}`,
    foreign?.hint ?? 'give a .dtb file that dtc or the kernel build made',
  );
}
