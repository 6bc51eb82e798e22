import { describe, expect, test } from 'vitest';
import type { OriginPosition } from '../../../src/devicetree/source.ts';
import { type Files, ourCpp } from './real-cpp.ts';

/** `file:line:column` of the first place where `needle` stands in the output, and of what included it. */
function originOf(files: Files, needle: string): string {
  const { source } = ourCpp(files);
  const at = source.text.indexOf(needle);
  expect(at, `${needle} in ${source.text}`).toBeGreaterThanOrEqual(0);
  return show(source.originAt(at));
}

function show(position: OriginPosition): string {
  const { file, line, column, includedFrom, macro } = position;
  const from = includedFrom === undefined ? '' : ` < ${show(includedFrom)}`;
  const by =
    macro && ` [${macro.name} ${macro.definedAt.file}:${macro.definedAt.line}:${macro.definedAt.column}]`;
  return `${file}:${line}:${column}${by ?? ''}${from}`;
}

describe('every character of the output has its place in the sources', () => {
  test('behind comments, directives and continued lines', () => {
    const text = '/* a\n b */ one;\n#define X 1\n\n  two /* c */ three; // d\nfo\\\nur; five\n';
    const files = { 'main.dts': text };
    expect(originOf(files, 'one')).toBe('main.dts:2:7');
    expect(originOf(files, 'two')).toBe('main.dts:5:3');
    expect(originOf(files, 'three')).toBe('main.dts:5:15');
    expect(originOf(files, 'four')).toBe('main.dts:6:1');
    expect(originOf(files, 'ur')).toBe('main.dts:7:1');
    expect(originOf(files, 'five')).toBe('main.dts:7:5');
  });

  test('behind a byte order mark and with carriage returns', () => {
    expect(originOf({ 'main.dts': '\ufeffa b\r\nc d\r\n' }, 'd')).toBe('main.dts:2:3');
  });

  test('what a macro gives stands where the macro is used', () => {
    const files = { 'main.dts': '#define X 0x10\n#define Y(a) <a 0x20>\nx = X;\ny = Y( 1,\n 2) z;\n' };
    expect(originOf(files, '0x10')).toBe('main.dts:3:5 [X main.dts:1:9]');
    expect(originOf(files, ';')).toBe('main.dts:3:6');
    const fixed = { 'main.dts': (files['main.dts'] ?? '').replace(',\n 2', '') };
    expect(originOf(fixed, '0x20')).toBe('main.dts:4:5 [Y main.dts:2:9]');
    expect(originOf(fixed, 'z;')).toBe('main.dts:4:11');
  });

  test('through includes, and back', () => {
    const files = {
      'main.dts': 'first\n#include "a.dtsi"\nlast\n',
      'a.dtsi': '\n  #include <b.dtsi>\nmiddle N\n',
      'b.dtsi': '#define N 5\ndeep\n',
    };
    expect(originOf(files, 'deep')).toBe('b.dtsi:2:1 < a.dtsi:2:12 < main.dts:2:10');
    expect(originOf(files, 'middle')).toBe('a.dtsi:3:1 < main.dts:2:10');
    expect(originOf(files, '5')).toBe('a.dtsi:3:8 [N b.dtsi:1:9] < main.dts:2:10');
    expect(originOf(files, 'last')).toBe('main.dts:3:1');
  });

  test('one file included twice has two places', () => {
    const { source } = ourCpp({ 'main.dts': '#include "a"\n#include "a"\n', a: 'x\n' });
    const [first, second] = [source.text.indexOf('x'), source.text.lastIndexOf('x')];
    expect(show(source.originAt(first))).toBe('a:1:1 < main.dts:1:10');
    expect(show(source.originAt(second))).toBe('a:1:1 < main.dts:2:10');
  });

  test('every character of text without macros is the character at its place', () => {
    const text = 'a /* x */ b\n\n#if 0\nc\n#endif\n  d "e f" // g\n\th\\\ni\n';
    const { source } = ourCpp({ 'main.dts': text });
    const lines = text.split('\n');
    for (let i = 0; i < source.text.length; i++) {
      const { line = 0, column = 0 } = source.originAt(i);
      const char = source.text.charAt(i);
      if (/\S/.test(char)) expect(lines[line - 1]?.charAt(column - 1)).toBe(char);
    }
  });

  test('an offset beyond the end, or in an empty source, has a place too', () => {
    expect(show(ourCpp({ 'main.dts': 'a\nb' }).source.originAt(99))).toMatch(/^main\.dts:2/);
    expect(ourCpp({ 'main.dts': '' }).source.originAt(0).line).toBe(1);
  });
});

describe('text that was preprocessed before', () => {
  const text = [
    '# 0 "board.dts"',
    '# 1 "board.dts"',
    'one',
    '# 1 "soc \\"x\\".dtsi" 1',
    '',
    '  two',
    '# 3 "board.dts" 2',
    'three',
    '#line 50',
    'four',
    '#line 7 "other.dts"',
    'five',
    '',
  ].join('\n');

  test('has the places that its markers tell', () => {
    const files = { 'main.i': text, 'main.dts': text };
    expect(originOf(files, 'one')).toBe('board.dts:1:1');
    expect(originOf(files, 'two')).toBe('soc "x".dtsi:2:3 < board.dts:2:1');
    expect(originOf(files, 'three')).toBe('board.dts:3:1');
    expect(originOf(files, 'four')).toBe('board.dts:50:1');
    expect(originOf(files, 'five')).toBe('other.dts:7:1');
    expect(ourCpp(files).source.text).not.toContain('#');
  });

  test('shows the lines that it has', () => {
    const { source } = ourCpp({ 'main.dts': text });
    expect(source.lineText({ file: 'soc "x".dtsi', line: 2 })).toBe('  two');
    expect(source.lineText({ file: 'board.dts', line: 50 })).toBe('four');
    expect(source.lineText({ file: 'board.dts', line: 9 })).toBeUndefined();
  });

  test('a line that only begins like a marker is text', () => {
    expect(ourCpp({ 'main.dts': '# 12 x "y"\n#12;\n' }).source.text).toBe('# 12 x "y"\n#12;\n');
  });
});

test('the line of a position is as it stands in the file', () => {
  const { source } = ourCpp({ 'main.dts': '#include "a"\n\tx /* c */ \\\r\n y\n', a: 'z' });
  expect(source.lineText({ file: 'main.dts', line: 2 })).toBe('\tx /* c */ \\');
  expect(source.lineText({ file: 'main.dts', line: 3 })).toBe(' y');
  expect(source.lineText({ file: 'a', line: 1 })).toBe('z');
  expect(source.lineText({ file: 'a', line: 2 })).toBeUndefined();
  expect(source.lineText({ file: 'none', line: 1 })).toBeUndefined();
  expect(source.lineText({ file: 'a' })).toBeUndefined();
});
