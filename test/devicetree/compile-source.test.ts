import { describe, expect, it } from 'vitest';
import { compileSource } from '../../src/devicetree/compile-source.ts';
import { printDts } from '../../src/devicetree/dts/print.ts';
import { type Diagnostic, InvalidInput } from '../../src/diagnostic.ts';
import { type Files, reader } from './cpp/real-cpp.ts';

const compile = (text: string, files: Files = {}, options: { defines?: string[]; symbols?: boolean } = {}) =>
  compileSource({ path: 'main.dts', text }, { readFile: reader(files), ...options });

function problems(text: string, files: Files = {}): readonly Diagnostic[] {
  try {
    compile(text, files);
  } catch (error) {
    if (error instanceof InvalidInput) return error.diagnostics;
    throw error;
  }
  throw new Error('compiled');
}

describe('compiling a source', () => {
  it('is the preprocessor and the compiler in one', () => {
    const text = '/dts-v1/;\n#include "a"\n/ { n: n { v = <TWICE(X)>; }; };\n';
    const { tree, isPlugin, warnings } = compile(
      text,
      { a: '#define TWICE(x) ((x) * 2)\n' },
      { defines: ['X=0x15'], symbols: true },
    );
    expect(printDts(tree).replaceAll(/\s+/g, ' ')).toBe(
      '/dts-v1/; / { n: n { v = <0x2a>; phandle = <0x01>; }; __symbols__ { n = "/n"; }; }; ',
    );
    expect({ isPlugin, warnings }).toEqual({ isPlugin: false, warnings: [] });
    expect(tree.root.children[0]?.properties[0]?.position).toMatchObject({
      file: 'main.dts',
      line: 3,
      column: 12,
    });
  });

  it('knows a plugin', () => {
    expect(compile('/dts-v1/;\n/plugin/;\n&x { };\n').isPlugin).toBe(true);
  });

  it('gives the preprocessor’s problems alone, for what follows is not the author’s', () => {
    const found = problems('/dts-v1/;\n#include "none"\n#error no\n/ { a = <MACRO_OF_NONE>; };\n');
    expect(found.map(({ code }) => code)).toEqual(['include-not-found', 'error-directive']);
  });

  it('gives each problem with its line, in the file where it stands', () => {
    const found = problems('/dts-v1/;\n#include "a"\n/ { b = ; };\n', { a: '\n/ {\n\ta = ;\n};\n' });
    expect(
      found.map(({ position, excerpt }) => [position?.file, position?.line, position?.column, excerpt]),
    ).toEqual([
      ['a', 3, 6, '\ta = ;'],
      ['main.dts', 3, 9, '/ { b = ; };'],
    ]);
    expect(found[0]?.position?.includedFrom).toEqual({ file: 'main.dts', line: 2, column: 10 });
  });

  it('gives warnings of both with the tree', () => {
    const { warnings } = compile('/dts-v1/;\n#warning take care\n/ { n@1 { }; };\n');
    expect(warnings.map(({ severity }) => severity)).not.toContain('error');
    expect(warnings[0]).toMatchObject({ position: { line: 2 }, excerpt: '#warning take care' });
  });

  it.each([
    ['#include "main.dts"', 'include-depth'],
    ['/include/ "main.dts"', 'dts-include-too-deep'],
    [`/ { a = <${'('.repeat(1000)}1${')'.repeat(1000)}>; };`, 'dts-expression-too-deep'],
    [`/ { ${'n { '.repeat(100)}${'}; '.repeat(100)} };`, 'dts-too-deep'],
    [
      `${Array.from({ length: 30 }, (_, i) => `#define A${i} A${i + 1} A${i + 1}`).join('\n')}\nA0`,
      'macro-expansion',
    ],
  ])('has limits: %#', (body, code) => {
    const text = `/dts-v1/;\n${body}\n`;
    const codes = problems(text, { 'main.dts': text }).map((diagnostic) => diagnostic.code);
    expect(codes).toContain(code);
    expect(codes.length).toBeLessThan(25);
  });
});
