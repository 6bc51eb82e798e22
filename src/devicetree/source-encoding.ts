/**
 * Source as text and back to bytes. Source is UTF-8, but dtc copies whatever bytes a string has: those that are
 * no UTF-8 become lone surrogates (0xe9 is U+DCE9), which no valid text holds, and bytes again in a value.
 */
import { concatenate } from './dts/concatenate.ts';
import { byteString } from './value.ts';

const SEQUENCE = /[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[\x80-\xff]/g;
const LONE = /[\udc80-\udcff]/gu;
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder();
const encoder = new TextEncoder();

const bytesOf = (characters: string): Uint8Array =>
  Uint8Array.from(characters, (character) => character.charCodeAt(0));

/** The text of a source file, without a byte order mark. */
export function decodeSource(bytes: Uint8Array): string {
  const text = lenient.decode(bytes);
  if (!text.includes('\ufffd')) return text;
  const exact = byteString(bytes).replace(SEQUENCE, (sequence) => {
    try {
      return strict.decode(bytesOf(sequence));
    } catch {
      return sequence.replace(/[\x80-\xff]/g, (byte) => String.fromCharCode(0xdc00 + byte.charCodeAt(0)));
    }
  });
  return exact.startsWith('\ufeff') ? exact.slice(1) : exact;
}

/** The bytes that a piece of such a text had in its file. */
export function encodeSource(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  // ASCII, or nothing that was not UTF-8.
  if (bytes.length === text.length || text.search(LONE) < 0) return bytes;
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { index, 0: lone } of text.matchAll(LONE)) {
    parts.push(encoder.encode(text.slice(from, index)), Uint8Array.of(lone.charCodeAt(0) - 0xdc00));
    from = index + 1;
  }
  return concatenate([...parts, encoder.encode(text.slice(from))]);
}
