import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileSource } from '../../src/devicetree/compile-source.ts';
import { encodeDtb } from '../../src/devicetree/dtb.ts';
import { decodeSource, encodeSource } from '../../src/devicetree/source-encoding.ts';
import { reader } from './cpp/real-cpp.ts';
import { DTC_INSTALLED, dtc } from './with-dtc.ts';

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe('the text of a source', () => {
  it('keeps every byte, UTF-8 or not', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 6 }),
      fc.string({ unit: 'grapheme' }).map((text) => new TextEncoder().encode(text)),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const bytes = Uint8Array.from(pieces.flatMap((one) => [...one]));
        fc.pre(!(bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf));
        expect(encodeSource(decodeSource(bytes))).toEqual(bytes);
      }),
    );
  });

  it('is the plain text where that says it all', () => {
    const text = 'a \u00e9 \ufffd \u{1f600}';
    expect(decodeSource(new TextEncoder().encode(`\ufeff${text}`))).toBe(text);
    expect(decodeSource(latin1('\xef\xbb\xbf\xe9'))).toBe('\udce9');
    expect(decodeSource(latin1('caf\xe9, \xc3\xa9, \xe0\x80\x80'))).toBe(
      'caf\udce9, \u00e9, \udce0\udc80\udc80',
    );
  });

  it('gives the bytes that dtc gives', () => {
    const bytes = latin1('/dts-v1/; /* \xe4 */ / { a = "caf\xe9\\n", "\xc3\xa9"; };\n');
    const { tree } = compileSource({ path: 'x.dts', text: decodeSource(bytes) }, { readFile: reader({}) });
    expect(tree.root.properties[0]?.value).toEqual(latin1('caf\xe9\n\0\xc3\xa9\0'));
    if (DTC_INSTALLED) expect(encodeDtb(tree)).toEqual(dtc(['-I', 'dts', '-O', 'dtb'], bytes));
  });
});
