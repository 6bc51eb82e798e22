/** The link of a page holds its inputs, and a hostile one is refused by name, unpacked no further than the limit. */
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeLink, encodeLink, MAX_FRAGMENT, MAX_UNPACKED } from '../../src/playground/link-codec.ts';
import type { PageInputs } from '../../src/playground/page-inputs.ts';

const INPUTS: PageInputs = {
  file: 'a board.dts',
  bytes: new TextEncoder().encode('/dts-v1/;\n/ { };\n'),
  kernel: '6.12',
  cmdline: 'cma=64M console=ttyS0',
  memory: [{ base: 0x40000000n, size: 1n << 34n }],
  steps: [
    { do: 'alloc', heap: 'video-cma@60000000', size: 12n << 20n, name: 'frame ‮0' },
    { do: 'alloc', heap: 'system', size: (1n << 64n) - 1n },
    { do: 'free', fd: 4 },
  ],
};

const linkOf = (packed: Uint8Array): string => `dmaheap1=${Buffer.from(packed).toString('base64url')}`;
const withHead = (head: string | Uint8Array, length?: number): string => {
  const bytes = Buffer.from(head);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(length ?? bytes.length);
  return linkOf(deflateSync(Buffer.concat([size, bytes])));
};
const refusal = (link: string): Promise<unknown> =>
  decodeLink(link).then(
    () => 'opened',
    (error: { name: string; code: string }) => (error.name === 'UnreadableLink' ? error.code : error),
  );

describe('a link', () => {
  test('holds all inputs', async () => {
    const link = await encodeLink(INPUTS);
    expect(link).toMatch(/^dmaheap1=[A-Za-z0-9_-]+$/);
    expect(await decodeLink(`https://example.org/playground.html?x=1#${link}\n`)).toEqual(INPUTS);
    expect(await decodeLink(`#${link}`)).toEqual(INPUTS);
    expect(await decodeLink(String(link))).toEqual(INPUTS);
  });

  test('holds any bytes and any names', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 3000 }),
        fc.string({ maxLength: 100, unit: 'grapheme' }),
        async (bytes, word) => {
          const inputs: PageInputs = { file: word, bytes, cmdline: word, steps: [] };
          expect(await decodeLink((await encodeLink(inputs)) ?? '')).toEqual(inputs);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('is not made of more than it can hold', async () => {
    const noise = Uint8Array.from({ length: MAX_FRAGMENT }, (_, i) => (i * i * 2654435761) >>> 13);
    expect(await encodeLink({ ...INPUTS, bytes: noise })).toBeUndefined();
    expect(await encodeLink({ ...INPUTS, bytes: new Uint8Array(MAX_UNPACKED) })).toBeUndefined();
  });
});

describe('a hostile link', () => {
  test.each([
    ['', 'link-form'],
    ['#', 'link-form'],
    ['dmaheap2=AAAA', 'link-form'],
    ['<script>alert(1)</script>', 'link-form'],
    ['dmaheap1=', 'link-damaged'],
    ['dmaheap1=A', 'link-damaged'],
    ['dmaheap1=AAAAA', 'link-damaged'],
    ['dmaheap1=AAAA', 'link-damaged'],
    ['dmaheap1=<script>', 'link-damaged'],
    ['dmaheap1=%41%41', 'link-damaged'],
    [`dmaheap1=${'A'.repeat(MAX_FRAGMENT)}`, 'link-long'],
    // A bomb: 64 MiB of zeros are 64 KiB packed, so one of half that fits into a fragment.
    [linkOf(deflateSync(new Uint8Array(20 << 20), { level: 9 })), 'link-large'],
    [withHead(''), 'link-content'],
    [withHead('{}', 0xffffffff), 'link-content'],
    [linkOf(deflateSync(Uint8Array.of(1, 2))), 'link-content'],
    [withHead(Uint8Array.of(0xff, 0xfe)), 'link-content'],
    [withHead('nonsense'), 'link-content'],
    [withHead('[]'), 'link-content'],
    [withHead('null'), 'link-content'],
    [withHead('{}'), 'link-content'],
    [withHead('{"file":7}'), 'link-content'],
    [withHead(JSON.stringify({ file: 'x'.repeat(256) })), 'link-content'],
    [withHead('{"file":"a","kernel":"99.1"}'), 'link-content'],
    [withHead('{"file":"a","kernel":{"toString":1}}'), 'link-content'],
    [withHead(JSON.stringify({ file: 'a', cmdline: 'x'.repeat(4097) })), 'link-content'],
    [withHead('{"file":"a","steps":{"length":1}}'), 'link-content'],
    [withHead('{"file":"a","memory":"0:4"}'), 'link-content'],
    [withHead('{"file":"a","memory":["x"]}'), 'link-content'],
    [withHead('{"file":"a","steps":[4]}'), 'link-content'],
    [withHead('{"file":"a","steps":[[-1]]}'), 'link-content'],
    [withHead('{"file":"a","steps":[[1.5]]}'), 'link-content'],
    [withHead('{"file":"a","steps":[["system"]]}'), 'link-content'],
    [withHead('{"file":"a","steps":[["system","-4"]]}'), 'link-content'],
    [withHead('{"file":"a","steps":[["system","4K"]]}'), 'link-content'],
    [withHead('{"file":"a","steps":[["system","4096","n","x"]]}'), 'link-content'],
    [withHead(JSON.stringify({ file: 'a', steps: Array(2001).fill([4]) })), 'link-content'],
    [withHead('{"__proto__":{"file":"a"}}'), 'link-content'],
  ])('%.60s: %s', async (link, code) => {
    expect(await refusal(link)).toBe(code);
  });

  test('with one letter changed is refused by name, or says what it said', async () => {
    const link = (await encodeLink(INPUTS)) ?? '';
    const outcomes = new Set<unknown>();
    for (let at = 'dmaheap1='.length; at < link.length; at++) {
      const letter = link[at] === 'A' ? 'B' : 'A';
      outcomes.add(await refusal(`${link.slice(0, at)}${letter}${link.slice(at + 1)}`));
    }
    // The last letter has bits that say nothing.
    expect([...outcomes].filter((one) => one !== 'opened')).toEqual(['link-damaged']);
  });
});
