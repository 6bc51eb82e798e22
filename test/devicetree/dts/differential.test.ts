import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeDtb } from '../../../src/devicetree/dtb.ts';
import { firstDifference } from './compare.ts';
import { compileFile, dtcFile, hasDtc } from './compile-file.ts';

const FOLDER = 'fixtures/dts/ok';
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.dts'));

describe.skipIf(!hasDtc)('our tree is dtc’s, byte by byte', () => {
  it('there are at least 60 sources', () => {
    expect(names.length).toBeGreaterThanOrEqual(60);
  });

  it.each(names.filter((name) => !name.startsWith('dtc17-')))('%s', (name) => {
    for (const symbols of [false, true]) {
      const theirs = dtcFile(FOLDER, name, symbols);
      if (typeof theirs === 'string') throw new Error(`dtc refuses ${name}: ${theirs}`);
      const ours = compileFile(FOLDER, name, symbols);
      expect(ours.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
      expect(ours.tree && firstDifference(ours.tree, theirs)).toBeUndefined();
    }
  });
});

describe('what only dtc 1.7 reads is compared with blobs that it wrote', () => {
  it.each(names.filter((name) => existsSync(join(FOLDER, name.replace('.dts', '.dtb')))))('%s', (name) => {
    const blob = readFileSync(join(FOLDER, name.replace('.dts', '.dtb')));
    const ours = compileFile(FOLDER, name, true);
    expect(ours.tree && firstDifference(ours.tree, decodeDtb(blob, name))).toBeUndefined();
  });
});
