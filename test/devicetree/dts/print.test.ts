import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDtb, encodeDtb } from '../../../src/devicetree/dtb.ts';
import { compileDts } from '../../../src/devicetree/dts/compile.ts';
import { PlainSource } from '../../../src/devicetree/dts/plain-source.ts';
import { printDts, printValue } from '../../../src/devicetree/dts/print.ts';
import { InvalidInput } from '../../../src/diagnostic.ts';
import { arbitraryTree } from './arbitrary-tree.ts';
import { firstDifference } from './compare.ts';
import { compileText, dtcText, hasDtc, NO_FILES } from './compile-file.ts';

describe('printing a tree as source', () => {
  it('print → compile is the same tree', () => {
    fc.assert(
      fc.property(arbitraryTree, (tree) => {
        const text = printDts(tree);
        const { bootCpuid } = tree;
        const again = compileDts(new PlainSource({ path: 'printed.dts', text }), {
          readFile: NO_FILES,
          bootCpuid,
        });
        expect(again.diagnostics).toEqual([]);
        expect(again.tree && firstDifference(again.tree, tree)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
  });

  it('encode → decode is the same tree', () => {
    fc.assert(
      fc.property(arbitraryTree, (tree) => {
        expect(firstDifference(decodeDtb(encodeDtb(tree), 'encoded'), tree)).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });

  it.skipIf(!hasDtc)('dtc reads what is printed', () => {
    fc.assert(
      fc.property(arbitraryTree, (tree) => {
        const theirs = dtcText(printDts(tree));
        if (typeof theirs === 'string') throw new Error(theirs);
        expect(firstDifference({ ...theirs, bootCpuid: tree.bootCpuid }, tree)).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    [[0x61, 0], '"a"'],
    [[0x61, 0, 0x62, 0], '"a", "b"'],
    [[0x61, 0, 0], '[61 00 00]'],
    [[0x61, 0x62, 0, 0], '"ab", ""'],
    [[0, 0, 0, 1], '<0x01>'],
    [[0, 0, 0, 0], '<0x00>'],
    [[0x61, 0x62, 0x63, 0x64, 0xff, 0, 0, 0], '<0x61626364 0xff000000>'],
    [[1, 2, 3], '[01 02 03]'],
    [[7, 8, 9, 10, 11, 12, 13, 0x22, 0x5c, 0], '"\\a\\b\\t\\n\\v\\f\\r\\"\\\\"'],
  ] as const)('%j is %s', (bytes, text) => {
    expect(printValue(Uint8Array.from(bytes))).toBe(text);
  });

  it('keeps labels, each once, and comments', () => {
    const { tree } = compileText('/dts-v1/; / { l: p = <1>; m: k: n@1 { x; }; };');
    expect(
      tree && printDts(tree, { comment: ({ name }) => (name === 'x' ? 'here */ there' : undefined) }),
    ).toBe('/dts-v1/;\n\n/ {\n\tl: p = <0x01>;\n\n\tm: k: n@1 {\n\t\tx; /* here * / there */\n\t};\n};\n');
    expect(tree && printDts(tree, { labels: false })).not.toContain('l:');
  });

  it('refuses a name that cannot be written', () => {
    const tree = { root: { name: '', properties: [{ name: 'a b', value: new Uint8Array() }], children: [] } };
    expect(() => printDts({ ...tree, memReserves: [], bootCpuid: 0 })).toThrow(InvalidInput);
  });
});
