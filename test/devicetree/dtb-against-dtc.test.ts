/** Blobs against dtc, byte for byte. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDtb, encodeDtb } from '../../src/devicetree/dtb.ts';
import type { DtNode } from '../../src/devicetree/tree.ts';
import { fixtureSeeds } from '../fuzz/fixture-seeds.ts';
import { everything, plain, tree } from './build-tree.ts';
import { DTC_INSTALLED, dtc, missingDtc } from './with-dtc.ts';

const fixtures = fixtureSeeds('.dtb');

describe('compared with dtc', () => {
  if (!DTC_INSTALLED) {
    it('needs dtc', () => {
      missingDtc();
      expect(DTC_INSTALLED).toBe(false);
    });
    return;
  }

  const AS_BLOB = ['-I', 'dtb', '-O', 'dtb'];

  it.each(fixtures)('both write $name alike', ({ bytes, name }) => {
    const ours = encodeDtb(decodeDtb(bytes, name));
    expect(everything(decodeDtb(dtc(AS_BLOB, bytes), name))).toEqual(everything(decodeDtb(bytes, name)));
    expect(Buffer.compare(Buffer.from(dtc(AS_BLOB, ours)), Buffer.from(ours))).toBe(0);
  });

  // Each blob in one of the versions, all versions of many blobs.
  it.each([...[2, 3, 16, 17].entries()])(
    'what dtc writes says the same: [%i, version %i]',
    (turn, version) => {
      for (const { bytes, name } of fixtures.filter((_, index) => index % 4 === turn)) {
        const old = decodeDtb(dtc([...AS_BLOB, '-V', String(version)], bytes), name);
        // Versions below 16 carry each node's name as a property too.
        const withoutNames = (from: DtNode): DtNode => ({
          ...from,
          properties: version < 16 ? from.properties.filter((p) => p.name !== 'name') : from.properties,
          children: from.children.map(withoutNames),
        });
        expect(plain(withoutNames(old.root))).toEqual(plain(decodeDtb(bytes, name).root));
      }
    },
  );

  it.each(['camera-soc', 'two-bank'])('the shipped blob of %s is what dtc makes of its source', (name) => {
    const source = readFileSync(`fixtures/boards/${name}.dts`, 'utf8');
    const compiled = Buffer.from(dtc(['-@', '-I', 'dts', '-O', 'dtb'], source));
    expect(compiled.equals(readFileSync(`fixtures/boards/${name}.dtb`))).toBe(true);
  });

  it('dtc reads trees that we made up', () => {
    const word = fc.string({ unit: fc.constantFrom(...'abcxyz,-09'), minLength: 1, maxLength: 12 });
    const tidy = (levels: number): fc.Arbitrary<DtNode> =>
      fc.record({
        name: word,
        properties: fc.uniqueArray(fc.record({ name: word, value: fc.uint8Array({ maxLength: 20 }) }), {
          selector: (p) => p.name,
          maxLength: 4,
        }),
        children:
          levels === 0
            ? fc.constant([])
            : fc.uniqueArray(tidy(levels - 1), { selector: (n) => n.name, maxLength: 3 }),
      });
    fc.assert(
      fc.property(tidy(3), (root) => {
        const bytes = encodeDtb(tree({ ...root, name: '' }));
        expect(Buffer.compare(Buffer.from(dtc(['-f', ...AS_BLOB], bytes)), Buffer.from(bytes))).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});
