import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Hexdump, type HexdumpFormat } from '../../../src/cli/render/hexdump.ts';

function dump(format: HexdumpFormat, offset: number, ...pieces: readonly Uint8Array[]): string {
  const hexdump = new Hexdump(format, offset);
  return pieces.map((piece) => hexdump.push(piece)).join('') + hexdump.end();
}

const bytes = Uint8Array.from({ length: 100 }, (_, i) => (i < 16 ? 0x41 + i : i < 80 ? 0 : i));

test('hexdump -C', () => {
  expect(dump('hexdump', 0, bytes)).toBe(
    `00000000  41 42 43 44 45 46 47 48  49 4a 4b 4c 4d 4e 4f 50  |ABCDEFGHIJKLMNOP|
00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|
*
00000050  50 51 52 53 54 55 56 57  58 59 5a 5b 5c 5d 5e 5f  |PQRSTUVWXYZ[\\]^_|
00000060  60 61 62 63                                       |\`abc|
00000064
`,
  );
});

test('xxd', () => {
  expect(dump('xxd', 0x1000, bytes.subarray(84))).toBe(
    `00001000: 5455 5657 5859 5a5b 5c5d 5e5f 6061 6263  TUVWXYZ[\\]^_\`abc\n`,
  );
  expect(dump('xxd', 0, bytes.subarray(0, 3))).toBe(
    '00000000: 4142 43                                  ABC\n',
  );
});

test('nothing prints nothing', () => {
  expect(dump('hexdump', 0)).toBe('');
});

const fewValues = fc.uint8Array({ max: 1, maxLength: 200 });

test('the pieces that bytes come in make no difference', () => {
  fc.assert(
    fc.property(fc.array(fewValues), fc.constantFrom('hexdump', 'xxd' as const), (pieces, format) => {
      expect(dump(format, 0, ...pieces)).toBe(dump(format, 0, Buffer.concat(pieces)));
    }),
  );
});

const hasHexdump = spawnSync('hexdump', ['-C'], { input: '' }).status === 0;

test.runIf(hasHexdump)('the same as the hexdump of this machine', () => {
  fc.assert(
    fc.property(fewValues, (data) => {
      const { stdout } = spawnSync('hexdump', ['-C'], { input: data, encoding: 'utf8' });
      expect(dump('hexdump', 0, data)).toBe(stdout);
    }),
    { numRuns: 25 },
  );
});
