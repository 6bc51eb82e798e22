/** Properties of reserved memory that are almost a known one, and those that are not. */
import { expect, test } from 'vitest';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { meantProperty } from '../../src/board/reserved-memory-doubts.ts';
import { compileSource } from '../../src/devicetree/compile-source.ts';

test.each([
  ['reuseable', 'reusable'],
  ['resuable', 'reusable'],
  ['reuse', 'reusable'],
  ['nomap', 'no-map'],
  ['no_map', 'no-map'],
  ['alloc-range', 'alloc-ranges'],
  ['alloc_ranges', 'alloc-ranges'],
  ['alignement', 'alignment'],
  ['compatable', 'compatible'],
  ['cma-default', 'linux,cma-default'],
  ['linux,cma_default', 'linux,cma-default'],
  ['linux,dma-defualt', 'linux,dma-default'],
  ['linux,default-cma', 'linux,cma-default'],
  ['default-cma,linux', 'linux,cma-default'],
  ['map-no', 'no-map'],
])('%s was meant to be %s', (name, meant) => {
  expect(meantProperty(name)).toBe(meant);
});

test.each(
  'reusable no-map reg size alignment alloc-ranges compatible status phandle linux,phandle label no-map-fixup record-size console-size ftrace-size pmsg-size ecc-size mem-type max-reason unbuffered no-dump-oops qcom,client-id qcom,vmid iommu-addresses hwlocks id ranges #address-cells #size-cells memory-region secure cacheable export name zone-size'.split(
    ' ',
  ),
)('%s is as it should be', (name) => {
  expect(meantProperty(name)).toBeUndefined();
});

const CELLS = '#address-cells = <2>; #size-cells = <2>;';
const REGION = 'r@90000000 { compatible = "shared-dma-pool"; reusable; reg = <0 0x90000000 0 0x400000>; };';

/** The warnings of a board with something at its root. */
const warningsOf = (text: string) =>
  boardFromTree(
    compileSource(
      {
        path: 'b.dts',
        text: `/dts-v1/; / { ${CELLS} memory@80000000 { device_type = "memory"; reg = <0 0x80000000 0 0x40000000>; }; ${text} };`,
      },
      { readFile: () => undefined },
    ).tree,
    'b.dts',
  ).diagnostics.map(({ code, path, hint }) => [code, path, hint]);

test.each([
  [
    `reserved_memory { ${CELLS} ranges; ${REGION} };`,
    '/reserved_memory/r@90000000',
    /did you mean reserved-memory/,
  ],
  [REGION, '/r@90000000', /move it/],
  [
    `reserved-memory { ${CELLS} ranges; a { ${CELLS} ${REGION} }; };`,
    '/reserved-memory/a/r@90000000',
    /move it/,
  ],
  [`soc { fabric { ${CELLS} ${REGION} }; };`, '/soc/fabric/r@90000000', /move it/],
  [`soc { reserved-memory { ${CELLS} ranges; a { }; }; };`, '/soc/reserved-memory/a', /move it/],
  [
    `reserved-memory { ${CELLS} ranges; }; reserved-memory@1 { ${CELLS} ranges; ${REGION} };`,
    '/reserved-memory@1/r@90000000',
    /move it/,
  ],
])('%s holds a region that is never scanned', (text, path, hint) => {
  expect(warningsOf(text)).toEqual([['board-reserved-memory-elsewhere', path, expect.stringMatching(hint)]]);
});

test('regions where they belong are scanned', () => {
  expect(warningsOf(`reserved-memory { ${CELLS} ranges; ${REGION} };`)).toEqual([]);
  expect(warningsOf(`reserved-memory@0 { ${CELLS} ranges; ${REGION} };`)).toEqual([]);
});

test('every memory node that Linux ignores is named', () => {
  const memory = (properties: string) =>
    warningsOf(`memory@c0000000 { device_type = "memory"; reg = <0 0xc0000000 0 0x1000>; ${properties} };`);
  expect(memory('')).toEqual([]);
  expect(memory('status = "okay";')).toEqual([]);
  for (const status of ['disabled', 'okey', ''])
    expect(memory(`status = "${status}";`)).toMatchObject([
      ['board-memory-node', '/memory@c0000000:status', expect.stringContaining('okay')],
    ]);
});
