import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeDtb } from '../../../src/devicetree/dtb.ts';
import { Random } from '../../fuzz/random.ts';
import { SEED } from '../../fuzz/seed.ts';
import { firstDifference } from './compare.ts';
import { compileFile, compileText, dtcFile, dtcText, hasDtc } from './compile-file.ts';
import { Writer } from './fuzz-target.ts';

const FOLDER = 'fixtures/dts/ok';
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.dts'));

describe.skipIf(!hasDtc)('our tree is dtc’s, byte by byte', () => {
  it('there are at least 60 sources', () => {
    expect(names.length).toBeGreaterThanOrEqual(60);
  });

  it.each(names.filter((name) => !/^dtc1[78]-/.test(name)))('%s', (name) => {
    for (const symbols of [false, true]) {
      const theirs = dtcFile(FOLDER, name, symbols);
      if (typeof theirs === 'string') throw new Error(`dtc refuses ${name}: ${theirs}`);
      const ours = compileFile(FOLDER, name, symbols);
      expect(ours.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(ours.tree && firstDifference(ours.tree, theirs)).toBeUndefined();
    }
  });
});

describe.skipIf(!hasDtc)('on random sources', () => {
  it('we accept what dtc accepts, with the same tree', () => {
    let equal = 0;
    for (let seed = SEED; seed < SEED + 700; seed++) {
      const random = new Random(seed);
      const text = new Writer(random, random.pick([5, 20, 60])).source();
      if (/include|incbin/.test(text)) continue;
      const theirs = dtcText(text, seed % 2 === 0);
      const { tree, diagnostics } = compileText(text, seed % 2 === 0);
      const codes = diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code);
      // dtc 1.6 takes the first, which 1.7 refuses as we do, and refuses the second, which 1.7 takes.
      if (codes.includes('dts-path-fixup')) continue;
      if (diagnostics.some(({ code }) => code === 'dts-value-truncated')) continue;
      expect({ seed, codes, accepted: tree !== undefined }).toEqual({
        seed,
        codes,
        accepted: typeof theirs !== 'string',
      });
      if (tree === undefined || typeof theirs === 'string') continue;
      expect({ seed, difference: firstDifference(tree, theirs) }).toEqual({ seed, difference: undefined });
      equal++;
    }
    expect(equal).toBeGreaterThan(50);
  });
});

describe('what only dtc 1.7 or 1.8 reads so is compared with blobs that it wrote', () => {
  it.each(names.filter((name) => existsSync(join(FOLDER, name.replace('.dts', '.dtb')))))('%s', (name) => {
    const blob = readFileSync(join(FOLDER, name.replace('.dts', '.dtb')));
    const ours = compileFile(FOLDER, name, true);
    expect(ours.tree && firstDifference(ours.tree, decodeDtb(blob, name))).toBeUndefined();
  });
});
