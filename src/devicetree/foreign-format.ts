/**
 * What a file that is no device-tree blob probably is, and what to do with it.
 */

/** A format that people pass where a blob belongs. */
export interface ForeignFormat {
  /** With its article, to follow "this is": `a gzip file`. */
  readonly what: string;
  readonly hint: string;
}

const UNPACK = 'unpack it first';
const EXTRACT = 'a device tree may be inside; extract it first (for example with extract-dtb or dumpimage)';

const MAGICS: readonly (readonly [bytes: readonly number[], what: string, hint: string])[] = [
  [[0x1f, 0x8b], 'a gzip file', `${UNPACK}: gunzip FILE`],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'an xz file', `${UNPACK}: unxz FILE`],
  [[0x28, 0xb5, 0x2f, 0xfd], 'a zstd file', `${UNPACK}: unzstd FILE`],
  [[0x50, 0x4b, 0x03, 0x04], 'a zip file', UNPACK],
  [[0x7f, 0x45, 0x4c, 0x46], 'an ELF file', EXTRACT],
  [[0xd7, 0xb7, 0xab, 0x1e], 'an Android device-tree table (dtb.img or dtbo.img)', EXTRACT],
  [[0x41, 0x4e, 0x44, 0x52, 0x4f, 0x49, 0x44, 0x21], 'an Android boot image', EXTRACT],
  [[0x51, 0x43, 0x44, 0x54], 'a Qualcomm device-tree table (QCDT)', EXTRACT],
  [[0x27, 0x05, 0x19, 0x56], 'a U-Boot legacy image', EXTRACT],
  [
    [0xed, 0xfe, 0x0d, 0xd0],
    'a device-tree blob with its bytes swapped',
    'swap each 32-bit word back, or write the blob again with dtc',
  ],
  [
    [0x2f, 0xf2, 0x01, 0x12],
    'an unfinished blob: libfdt’s sequential writer was never finished',
    'call fdt_finish() before saving it',
  ],
];

/** Bytes looked at to tell text from binary. */
const TEXT_SAMPLE = 65_536;

/** The beginning of a file as text, or `undefined` when it holds what no text file does. */
export function textSample(bytes: Uint8Array): string | undefined {
  const sample = bytes.subarray(0, TEXT_SAMPLE);
  for (const byte of sample) {
    if (byte < 0x09 || (byte > 0x0d && byte < 0x20 && byte !== 0x1b) || byte === 0x7f) return undefined;
  }
  return new TextDecoder('utf-8').decode(sample, { stream: true });
}

/** A line that says it. */
const HEADER = /^[ \t]*\/(?:dts-v1|plugin)\/[ \t]*;/m;
/**
 * How only source begins: a comment of C, a directive, a line marker that cpp left, or the root node. What is no
 * directive of dtc's may be a mistyped one, but no path as `grep -r` prints them: after it a word ends.
 */
const START =
  /^\s*(?:\/[/*{]|\/\s+\{|\/(?:dts-v1|plugin|include|memreserve|delete-(?:node|property)|omit-if-no-ref)\/|\/[a-z][a-z0-9-]*\/(?=[\s;"&<])|#\s*include\s*["<]|#\s*\d+\s*"|#(?:define|undef|if|ifdef|ifndef)\b)/;

/** Whether a text is device-tree source: it says so, or begins as nothing else does. */
export const isDts = (text: string): boolean => HEADER.test(text) || START.test(text);

/** Guesses what a file without the blob's magic is; `undefined` when nothing is known of it. */
export function foreignFormat(bytes: Uint8Array): ForeignFormat | undefined {
  for (const [magic, what, hint] of MAGICS) {
    if (magic.every((byte, index) => bytes[index] === byte)) return { what, hint };
  }
  const text = bytes.length > 0 ? textSample(bytes) : undefined;
  if (text === undefined) return undefined;
  if (isDts(text))
    return { what: 'device-tree source', hint: 'compile it first: dtc -O dtb -o FILE.dtb FILE.dts' };
  // Bytes that are no UTF-8: source may hold such comments, anything else is not worth a guess.
  if (text.includes('\ufffd')) return undefined;
  return { what: 'a text file', hint: 'name a YAML board FILE.yaml, or give a blob that dtc wrote' };
}
