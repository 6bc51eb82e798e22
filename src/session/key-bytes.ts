/**
 * Keys as bytes: UTF-8, and lone surrogates, which UTF-8 would make all the same, as three bytes of their
 * own (the form called WTF-8). So different keys stay different, and a prefix stays a prefix.
 */
const LONE = /(\p{Surrogate})/u;
/** Bytes that begin a surrogate, which never stand in UTF-8. */
const SURROGATE_BYTES = /(\xed[\xa0-\xbf][\x80-\xbf])/;

export function keyBytes(key: string): Uint8Array {
  if (!LONE.test(key)) return Buffer.from(key, 'utf8');
  // Split with a group: every second part is a lone surrogate.
  return Buffer.concat(
    key.split(LONE).map((part, i) => {
      if (i % 2 === 0) return Buffer.from(part, 'utf8');
      const unit = part.charCodeAt(0);
      return Buffer.from([0xed, 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]);
    }),
  );
}

export function keyText(key: Uint8Array): string {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  const text = bytes.toString('utf8');
  if (!text.includes('\ufffd')) return text;
  return bytes
    .toString('latin1')
    .split(SURROGATE_BYTES)
    .map((part, i) => {
      if (i % 2 === 0) return Buffer.from(part, 'latin1').toString('utf8');
      return String.fromCharCode(0xd000 | ((part.charCodeAt(1) & 0x3f) << 6) | (part.charCodeAt(2) & 0x3f));
    })
    .join('');
}
