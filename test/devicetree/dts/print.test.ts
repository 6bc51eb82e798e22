import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeDtb, encodeDtb } from '../../../src/devicetree/dtb.ts';
import { compileDts } from '../../../src/devicetree/dts/compile.ts';
import { PlainSource } from '../../../src/devicetree/dts/plain-source.ts';
import { printDts } from '../../../src/devicetree/dts/print.ts';
import { printValue } from '../../../src/devicetree/dts/value-text.ts';
import { InvalidInput } from '../../../src/diagnostic.ts';
import { dtc, dtcIsSince } from '../with-dtc.ts';
import { arbitraryTree } from './arbitrary-tree.ts';
import { firstDifference } from './compare.ts';
import { compileFile, compileText, dtcText, hasDtc, NO_FILES } from './compile-file.ts';

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

const PRINTED = 'fixtures/dts/printed';
const OK = 'fixtures/dts/ok';

/** A source as our compiler and printer make source of it, directly and by way of a blob. */
function printedBoth(folder: string, name: string): { source: string; blob: string } {
  const { tree, isPlugin } = compileFile(folder, name, true);
  if (tree === undefined) throw new Error(`${name} is not compiled`);
  return {
    source: printDts(tree, { plugin: isPlugin }),
    blob: printDts(decodeDtb(encodeDtb(tree), 'encoded')),
  };
}

describe('forms, labels and references are printed as dtc 1.8 prints them', () => {
  // What dtc 1.8.1 -@ -O dts wrote of the source, and -I dtb -O dts of its blob.
  it.each(['values', 'overlay'])('%s: as recorded', (name) => {
    const { source, blob } = printedBoth(PRINTED, `${name}.dts`);
    expect(source).toBe(readFileSync(join(PRINTED, `${name}.from-source`), 'utf8'));
    expect(blob).toBe(readFileSync(join(PRINTED, `${name}.from-blob`), 'utf8'));
  });

  it.skipIf(!dtcIsSince(1, 8))('all sources: as dtc does (needs dtc 1.8)', () => {
    const folders = [OK, join(OK, 'include'), join(OK, 'include/sub')].flatMap((folder) => ['-i', folder]);
    for (const name of readdirSync(OK).filter((file) => file.endsWith('.dts'))) {
      // dtc 1.8 dies of the first, and prints references into labelled nodes so that it cannot read them.
      if (['incbin.dts', 'dtc17-label-path.dts'].includes(name) || name.startsWith('cpp-')) continue;
      const text = readFileSync(join(OK, name));
      const ours = printedBoth(OK, name);
      const theirs = (args: readonly string[], input: Uint8Array) => Buffer.from(dtc(args, input)).toString();
      expect({ name, source: ours.source }).toEqual({
        name,
        source: theirs(['-@', '-O', 'dts', ...folders], text),
      });
      const blob = dtc(['-@', '-O', 'dtb', ...folders], text);
      expect({ name, blob: ours.blob }).toEqual({ name, blob: theirs(['-I', 'dtb', '-O', 'dts'], blob) });
    }
  });

  it('and compile to the same tree again, with symbols or without', () => {
    for (const [folder, names] of [
      [PRINTED, readdirSync(PRINTED)],
      [OK, readdirSync(OK)],
    ] as const) {
      for (const name of names.filter((file) => file.endsWith('.dts'))) {
        const { tree } = compileFile(folder, name, true);
        for (const text of Object.values(printedBoth(folder, name))) {
          for (const symbols of [false, true]) {
            // Source does not say -b, and a source that is decompiled has its symbols already.
            const again = compileText(text, symbols);
            expect(again.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
            const bootCpuid = tree?.bootCpuid ?? 0;
            const difference = again.tree && tree && firstDifference({ ...again.tree, bootCpuid }, tree);
            expect({ name, symbols, difference }).toEqual({ name, symbols, difference: undefined });
          }
        }
      }
    }
  });

  it('refers by a number where a label would mean another node', () => {
    const bytes = new Uint8Array([0, 0, 0, 9]);
    const { tree } = compileText('/dts-v1/; / { p = <&n>; n: n { phandle = <7>; }; };');
    const [p] = tree?.root.properties ?? [];
    const changed = tree &&
      p && {
        ...tree,
        root: {
          ...tree.root,
          properties: [{ name: 'p', value: bytes, origin: p.origin }],
          children: tree.root.children,
        },
      };
    expect(changed && printDts(changed)).toContain('p = <0x09>;');
  });
});
