import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDtb, encodeDtb } from '../../src/devicetree/dtb.ts';
import type { DeviceTree, DtNode } from '../../src/devicetree/tree.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import { fixtureSeeds } from '../fuzz/fixture-seeds.ts';
import { everything, node, tree } from './build-tree.ts';

/** Names as bytes: any but NUL. Often the same ones, and tails of one another. */
const name = fc.oneof(
  fc.constantFrom('reg', 'linux,reg', 'g', 'status', 'pool@50000000'),
  fc.string({
    unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 20,
  }),
);
const property = fc.record({ name, value: fc.uint8Array({ maxLength: 24 }) });
const someNode = (levels: number): fc.Arbitrary<DtNode> =>
  fc.record({
    name,
    properties: fc.array(property, { maxLength: 5 }),
    children: levels === 0 ? fc.constant([]) : fc.array(someNode(levels - 1), { maxLength: 3 }),
  });
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const trees: fc.Arbitrary<DeviceTree> = fc.record({
  root: someNode(4).map((root) => ({ ...root, name: '' })),
  memReserves: fc.array(fc.record({ address: u64, size: u64.filter((size) => size > 0n) }), { maxLength: 4 }),
  bootCpuid: fc.integer({ min: 0, max: 0xffffffff }),
});

const fixtures = fixtureSeeds('.dtb');

describe('encodeDtb', () => {
  it('and decodeDtb are inverse', () => {
    fc.assert(
      fc.property(
        trees,
        fc.constantFrom(16, 17) as fc.Arbitrary<16 | 17>,
        fc.nat(40),
        (of, version, padding) => {
          const bytes = encodeDtb(of, { version, padding });
          expect(everything(decodeDtb(bytes, 'x'))).toEqual(everything(of));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('says its version and its padding in the header', () => {
    const empty = encodeDtb(tree(node('')));
    const padded = encodeDtb(tree(node('')), { version: 16, padding: 24 });
    const view = new DataView(padded.buffer);
    expect(padded.length).toBe(empty.length + 24);
    expect([view.getUint32(4), view.getUint32(20), view.getUint32(24), view.getUint32(36)]).toEqual([
      padded.length,
      16,
      16,
      0,
    ]);
  });

  it('leaves reservations of size 0 out, since one would end the list', () => {
    const reserves = [0n, 5n].map((size) => ({ address: 1n, size }));
    const bytes = encodeDtb({ ...tree(node('')), memReserves: reserves });
    expect(decodeDtb(bytes, 'x').memReserves).toEqual([{ address: 1n, size: 5n }]);
  });

  it.each(['a\0b', 'é'.normalize('NFD'), '→'])('refuses the name %j', (bad) => {
    expect(() => encodeDtb(tree(node('', {}, [node(bad)])))).toThrow(InvalidInput);
    expect(() => encodeDtb(tree(node('', { [bad]: 1 })))).toThrow(InvalidInput);
  });

  it.each(fixtures.map(({ name }) => name))('writes %s as dtc wrote it, byte for byte', (file) => {
    const bytes = new Uint8Array(readFileSync(`fixtures/${file}`));
    expect(Buffer.compare(encodeDtb(decodeDtb(bytes, file)), bytes)).toBe(0);
  });
});
