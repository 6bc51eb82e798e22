import { describe, expect, it } from 'vitest';
import { boardFromYaml } from '../../src/board/from-yaml.ts';
import { InvalidInput } from '../../src/diagnostic.ts';

/** What a user is told about a board: place, code, message, path and hint of every problem. */
function told(text: string): string {
  try {
    boardFromYaml(text, 'b.yaml');
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return error.diagnostics
      .map(({ code, message, position, path, hint }) => {
        const place = [position?.file, position?.line, position?.column].filter((part) => part !== undefined);
        const where = path === undefined ? '' : ` (${path})`;
        return `${place.join(':')} ${code}${where}\n  ${message}${hint === undefined ? '' : `\n  hint: ${hint}`}`;
      })
      .join('\n');
  }
  return 'accepted';
}

const node = (properties: string): string => `reserved-memory:\n  pool@1: { ${properties} }\n`;
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

const BROKEN: Readonly<Record<string, string>> = {
  'an empty file': '',
  'a list instead of a board': '- memory\n',
  'an unknown key': 'memroy: { reg: [0, 1G] }\n',
  'a memory node with its address': 'memory@40000000: { reg: [0x40000000, 1G] }\n',
  'a region outside of reserved-memory': 'pool@50000000: { reg: [0x50000000, 4M] }\n',
  'memory without reg': 'memory: {}\n',
  'memory as a list': 'memory: [[0x40000000, 1G]]\n',
  'a number as model': 'model: 5\n',
  'a fraction as model': 'model: 1.5\n',
  'three cells at the root': '"#address-cells": 3\n',
  'cells that are a comment': '#address-cells: 1\nmodel: x\n',
  'an unknown property of a node': node('no-mapp: true, reg: [0, 4K]'),
  'an unknown property of chosen': 'chosen: { boot-args: quiet }\n',
  'a real property that does not matter here': node('iommu-addresses: 5'),
  'a comma that ends a name': node('reusable: true, linux,cma-default: true'),
  'a node that is a list': 'reserved-memory:\n  pool: [1, 2]\n',
  'a mistyped property of reserved-memory': 'reserved-memory:\n  rangs: true\n',
  'a base without a size': node('reg: [0x50000000]'),
  'an address alone': node('reg: 0x50000000'),
  'a bad pair in a list': node('reg: [[0x50000000, 4M], [0x60000000, 4M, 1], [5, x]]'),
  'a negative size': node('size: -4096'),
  'a fraction of a size': node('size: 1.5M'),
  'an exponent': node('size: 1e9'),
  'hexadecimal without 0x': node('reg: [5c000000, 4M]'),
  'an octal number': node('size: 0644'),
  'grouped digits': node('size: 1_000'),
  'an unknown unit': node('size: 4P'),
  'more than 64 bits': node('size: 18446744073709551616, alignment: 16777216T'),
  'very many digits': node(`size: ${'9'.repeat(60_000)}`),
  'text as a flag': node('no-map: yes'),
  'a number as status': node('status: true'),
  'no names in compatible': node('compatible: []'),
  'a NUL in text': node('compatible: "a\\0b"'),
  'cells that are too wide': node('size: <0x100000000>'),
  'cells that are no cells': node('reg: <&label 5>'),
  'an address that does not fit': '"#address-cells": 1\nmemory: { reg: [4G, 1G] }\n',
  'a phandle of zero': node('phandle: 0'),
  'one phandle twice': 'reserved-memory:\n  a: { phandle: 3 }\n  b: { phandle: 3 }\n',
  'one label twice': 'reserved-memory:\n  a: { label: x }\n  b: { label: x }\n  c: { label: a b }\n',
  'one name twice': 'reserved-memory:\n  a@1: {}\n  b@2: {}\n  a@1: { size: 1M }\n',
  'a name with a slash': 'reserved-memory:\n  a/b: {}\n  "ä": {}\n',
  'an unknown region': `${node('')}devices:\n  /cam: { memory-region: [pool@2, other] }\n`,
  'a region with a comma':
    'reserved-memory:\n  linux,cma: {}\ndevices:\n  /cam: { memory-region: [linux,cma] }\n',
  'a device twice': 'devices:\n  /cam: {}\n  cam: {}\n',
  'a device that is memory': 'devices:\n  /memory@0: {}\n  /reserved-memory/x: {}\n  /a//b: {}\n',
  'a device too deep': `devices:\n  ${'/a'.repeat(17)}: {}\n`,
  'an unknown property of a device': 'devices:\n  /cam: { dma-coherant: true, dma-mask: 32, iommu: true }\n',
  'a phandle as iommus': 'devices:\n  /cam: { iommus: <&smmu 4> }\n',
  'text as coherency': 'devices:\n  /cam: { dma-noncoherent: no }\n',
  'half a dma range': 'dma-ranges: [0, 1G]\n',
  'several problems at once': `model: 1\nsize: 5\n${node('size: -1, reg: [x, 1]')}devices:\n  /a: { memory-region: pol@1 }\n`,
  'two documents': 'model: a\n---\nmodel: b\n',
  'a tab': 'memory:\n\treg: [0, 1]\n',
  'an open bracket': 'memory: { reg: [0, 1G\n',
  'bad indentation': 'a:\n    b: 1\n  c: 2\n',
  'a merge key': 'a: &a { reg: [0, 1] }\nmemory:\n  <<: *a\n',
  'an unknown alias': 'memory: *ram\n',
  'an alias of itself': 'reserved-memory: &r\n  a: *r\n',
  'a tag': 'model: !!binary aGk=\n',
  'a key that is a list': '[a, b]: 1\n',
  'an empty key': '"": 1\n: 2\n',
  'a dangerous key': '__proto__: { model: x }\n',
  'no UTF-8': 'model: caf\uFFFD\n',
  'binary data': 'model: \u0001\n',
  'device tree source': '/dts-v1/;\n/ { model = "x"; };\n',
  'deep brackets': deep(100_000),
  'deep blocks': '- '.repeat(100_000),
  'deep aliases': Array.from({ length: 40 }, (_, i) => `a${i}: &a${i} [${i ? `*a${i - 1}` : ''}]\n`).join(''),
  'an alias bomb': `a0: &a0 [x, x, x, x, x, x, x, x]\n${Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(8)}]\n`).join('')}`,
  'a large file': '#'.repeat(1 << 21),
  'too many values': '- a\n'.repeat(100_000),
};

describe('a broken YAML board', () => {
  it.each(Object.entries(BROKEN))('says what is wrong with %s', (_, text) => {
    expect(told(text)).toMatchSnapshot();
  });

  it('reports at most fifty problems, and how many more there are', () => {
    const lines = told(Array.from({ length: 80 }, (_, i) => `key${i}: 1\n`).join('')).split('\n');
    expect(lines.filter((line) => line.includes('board-unknown-key'))).toHaveLength(50);
    expect(lines.at(-1)).toBe('  30 more problems from here on');
  });
});
