import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expressionProgram } from './expression-program.ts';
import { macroProgram } from './macro-program.ts';
import { haveCpp, normalise, ourCpp, realCpp } from './real-cpp.ts';
import { DEFINES, SOURCES } from './sources.ts';

const installed = haveCpp();

describe.skipIf(!installed)('gives what cpp of gcc gives', () => {
  test('there are enough sources', () => {
    expect(Object.keys(SOURCES).length).toBeGreaterThanOrEqual(60);
  });

  test.each(Object.entries(SOURCES))('%s', (name, files) => {
    const real = realCpp(files, DEFINES[name]);
    const ours = ourCpp(files, DEFINES[name]);
    expect(normalise(ours.source.text)).toBe(normalise(real.text));
    expect(ours.errors.map((d) => d.message)).toEqual([]);
    expect(real.failed).toBe(false);
  });

  test('random macro programs', () => {
    fc.assert(
      fc.property(macroProgram(), (text) => {
        const real = realCpp({ 'main.dts': text });
        const ours = ourCpp({ 'main.dts': text });
        expect(ours.errors.length > 0).toBe(real.failed);
        if (!real.failed) expect(normalise(ours.source.text)).toBe(normalise(real.text));
      }),
      { numRuns: 200 },
    );
  });

  test('random #if expressions', () => {
    fc.assert(
      fc.property(expressionProgram(), (text) => {
        const real = realCpp({ 'main.dts': text });
        const ours = ourCpp({ 'main.dts': text });
        expect(ours.errors.length > 0).toBe(real.failed);
        if (!real.failed) expect(normalise(ours.source.text)).toBe(normalise(real.text));
      }),
      { numRuns: 100 },
    );
  });
});
