import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FrameOwners, type OwnedPiece } from '../../src/dma-buf/frame-owners.ts';
import { MemoryRecords } from '../../src/records.ts';

/** Gaps and lengths around those where a piece is noted in larger sections. */
const length = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constantFrom(63, 64, 128, 4095, 4096, 262144));
const layout = fc.array(fc.record({ gap: fc.oneof(fc.constant(0), length), pages: length }), {
  maxLength: 40,
  size: 'max',
});

it('finds the pieces that a search through all of them finds, and forgets what is removed', () => {
  fc.assert(
    fc.property(layout, fc.array(fc.nat(39)), fc.array(fc.tuple(fc.nat(), length)), (pieces, gone, asked) => {
      const records = new MemoryRecords();
      const owners = new FrameOwners(records);
      let end = 0;
      let known: OwnedPiece[] = pieces.map(({ gap, pages }, file) => {
        const piece = { pfn: end + gap, pages, file };
        end += gap + pages;
        return piece;
      });
      for (const piece of [...known].reverse()) owners.add(piece.file, [piece]);
      for (const file of gone) {
        owners.remove(known.filter((piece) => piece.file === file));
        known = known.filter((piece) => piece.file !== file);
      }
      for (const [somewhere, pages] of asked) {
        const pfn = somewhere % (end + 1);
        const expected = known.filter((piece) => piece.pfn < pfn + pages && pfn < piece.pfn + piece.pages);
        expect(owners.within({ pfn, pages })).toEqual(expected);
        expect(owners.at(pfn)).toEqual(expected.find((piece) => piece.pfn <= pfn));
      }
      owners.remove(known);
      expect([...records.list('')]).toEqual([]);
    }),
  );
});

it('costs one record where a buffer is one piece', () => {
  const records = new MemoryRecords();
  new FrameOwners(records).add(1, [{ pfn: 0x48000, pages: 65536 }]);
  expect([...records.list('')]).toHaveLength(1);
});
