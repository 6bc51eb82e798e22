/** Properties of reserved memory that are almost a known one, and those that are not. */
import { expect, test } from 'vitest';
import { meantProperty } from '../../src/board/reserved-memory-doubts.ts';

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
