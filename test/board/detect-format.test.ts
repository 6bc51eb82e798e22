import { describe, expect, it } from 'vitest';
import { detectFormat } from '../../src/board/detect-format.ts';
import { encodeDtb } from '../../src/devicetree/dtb.ts';
import { node, tree } from '../devicetree/build-tree.ts';

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

describe('detectFormat', () => {
  it('knows a blob, also inside a larger buffer', () => {
    const blob = encodeDtb(tree(node('')));
    const larger = new Uint8Array(blob.length + 3);
    larger.set(blob, 3);
    expect([detectFormat(blob), detectFormat(larger.subarray(3))]).toEqual(['dtb', 'dtb']);
  });

  it.each([
    '/dts-v1/;\n/ {};',
    '// a comment\n\n/dts-v1/ ;',
    '#include "soc.dtsi"\n',
    '/ {\n};',
    '/dts-v1/;\n/plugin/;',
    '/plugin/;\n/dts-v1/;',
    '/*\n * licence\n */\n#include "soc.dtsi"\n',
    '// licence\n/include/ "soc.dtsi"\n',
    '# include <soc.dtsi>\n',
    '#define POOL 1\n#include "soc.dtsi"\n',
    '#ifdef X\n',
    '# 1 "x.dts"\n/ { };\n',
    '\ufeff#include "soc.dtsi"\n',
    '\r\n/{};\r\n',
    '/memreserve/0x80000000 0x1000;\n',
    '/include/"soc.dtsi"\n',
    '/dts-v2/;\n',
  ])('knows source: %j', (source) => {
    expect(detectFormat(text(source))).toBe('dts');
  });

  it('knows source whose comments are no UTF-8', () => {
    expect(detectFormat(Uint8Array.from([...text('/* '), 0xe9, ...text(' */\n/dts-v1/;')]))).toBe('dts');
  });

  it.each([
    'memory: 1G\n',
    '# a board\nmodel: x\n',
    '# if it boots\n',
    '#1 board\n',
    'model: "/dts-v1/; x"',
    '---\n',
    '{}',
    'memory:\r\n  reg: []\r\n',
    '/sys/kernel/debug/cma/linux,cma/count:32768\n',
    '/proc/meminfo:MemTotal: 1 kB\n',
    '/dev/dma_heap/system\n',
  ])('takes other text for YAML: %j', (yaml) => {
    expect(detectFormat(text(yaml))).toBe('yaml');
  });

  it.each([[''], ['\x1f\x8b\x08\x00'], ['\x7fELF'], ['\0\0\0\0']])('does not know %j', (content) => {
    expect(detectFormat(Uint8Array.from(content, (c) => c.charCodeAt(0)))).toBe('unknown');
  });
});
