/**
 * The limits that drivers/of/address.c computes, worked out by hand; the bus addresses are those of
 * drivers/of/unittest-data/tests-address.dtsi and of real boards.
 */
import { describe, expect, it } from 'vitest';
import { dmaMaxCpuAddress as maxCpuAddress } from '../../src/board/dma-limit.ts';
import { OfAddress } from '../../src/board/of-address.ts';
import { OfTree } from '../../src/board/of-tree.ts';
import type { DtNode } from '../../src/devicetree/tree.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import { cells, flag, node, strings } from '../devicetree/build-tree.ts';

const dmaMaxCpuAddress = (of: DtNode): bigint | undefined => {
  const tree = new OfTree(of);
  return maxCpuAddress(tree.root, new OfAddress(tree));
};
const widths = (address: number, size: number): Record<string, number> => ({
  '#address-cells': address,
  '#size-cells': size,
});
const root = (...children: readonly DtNode[]): DtNode => node('', widths(2, 2), children);
const bus = (
  name: string,
  more: Record<string, Uint8Array | string | number>,
  ...children: readonly DtNode[]
): DtNode => node(name, { ...widths(1, 1), ...more }, children);

describe('dmaMaxCpuAddress', () => {
  it('is no limit without dma-ranges, or with empty ones', () => {
    expect(dmaMaxCpuAddress(root(bus('soc', {})))).toBeUndefined();
    expect(dmaMaxCpuAddress(root(bus('soc', { 'dma-ranges': flag })))).toBeUndefined();
  });

  it('is the last byte that a bus reaches', () => {
    // As bcm2711: 1 GiB of RAM, seen by the devices at 0xc0000000.
    const soc = bus('soc', { 'dma-ranges': cells(0xc0000000, 0, 0, 0x40000000) });
    expect(dmaMaxCpuAddress(root(soc))).toBe(0x3fffffffn);
  });

  it('takes the highest of one bus and the lowest of several', () => {
    const wide = bus('wide', {
      'dma-ranges': cells(0, 0, 0, 0x1000, 0x80000000, 8, 0, 0x80000000, 0x1000, 0, 0x4000, 0x1000),
    });
    expect(dmaMaxCpuAddress(root(wide))).toBe(0x8_7fffffffn);
    const narrow = bus('narrow', { 'dma-ranges': cells(0, 0, 0x80000000, 0x20000000) });
    expect(dmaMaxCpuAddress(root(wide, narrow))).toBe(0x9fffffffn);
  });

  it('merges neighbouring ranges as one', () => {
    const soc = bus('soc', {
      'dma-ranges': cells(0, 1, 0, 0x80000000, 0x80000000, 1, 0x80000000, 0x80000000),
    });
    expect(dmaMaxCpuAddress(root(soc))).toBe(0x1_ffffffffn);
  });

  it('passes over buses that are disabled, with all that is below', () => {
    const below = bus('below', { 'dma-ranges': cells(0, 0, 0x1000) });
    const ranges = { 'dma-ranges': cells(0, 0, 0, 0x40000000) };
    expect(dmaMaxCpuAddress(root(bus('soc', { ...ranges, status: 'disabled' }, below)))).toBeUndefined();
    expect(dmaMaxCpuAddress(root(bus('soc', { ...ranges, status: 'okay' })))).toBe(0x3fffffffn);
    expect(dmaMaxCpuAddress(root(bus('soc', { ...ranges, status: flag })))).toBeUndefined();
  });

  it('translates through the buses above', () => {
    const inner = bus('inner', { 'dma-ranges': cells(0, 0x10000000, 0x08000000) });
    // 0x10000000 on the outer bus is 0x1_10000000 for the CPU.
    const outer = bus('outer', { 'dma-ranges': cells(0, 1, 0, 0x40000000) }, inner);
    expect(dmaMaxCpuAddress(root(outer))).toBe(0x1_17ffffffn);
    // Without dma-ranges, or with empty ones, one to one.
    expect(dmaMaxCpuAddress(root(bus('outer', {}, inner)))).toBe(0x17ffffffn);
    expect(dmaMaxCpuAddress(root(bus('outer', { 'dma-ranges': flag }, inner)))).toBe(0x17ffffffn);
  });

  it('takes an address that no range above holds for a bad one, whose sum wraps', () => {
    const inner = bus('inner', { 'dma-ranges': cells(0, 0x50000000, 0x08000000) });
    const outer = bus('outer', { 'dma-ranges': cells(0, 1, 0, 0x40000000) }, inner);
    // (2^64 - 1) + 0x08000000 wraps to 0x07ffffff; the last byte is one less.
    expect(dmaMaxCpuAddress(root(outer))).toBe(0x07fffffen);
  });

  it("gives the root's own dma-ranges bad addresses, for it has no parent: only the size counts", () => {
    const ranges = { ...widths(2, 2), 'dma-ranges': cells(0, 0, 0, 0x40000000, 1, 0) };
    expect(dmaMaxCpuAddress(node('', ranges))).toBe(0xfffffffen);
  });

  it('reads PCI ranges: flags, three address cells, two size cells', () => {
    const pcie = node('pcie@1', {
      ...widths(3, 2),
      device_type: 'pci',
      'dma-ranges': cells(0x42000000, 0, 0, 0, 0, 0, 0x80000000, 0x43000000, 8, 0, 8, 0, 1, 0),
    });
    expect(dmaMaxCpuAddress(root(pcie))).toBe(0x8_ffffffffn);
    const untyped = node('bus', {
      ...widths(3, 2),
      'dma-ranges': cells(0x42000000, 0, 0, 0, 0, 0, 0x80000000),
    });
    expect(dmaMaxCpuAddress(root(untyped))).toBe(0x7fffffffn);
  });

  it('matches the flags when it translates through a bus that has them', () => {
    const pcie = (flags: number): DtNode =>
      node('pcie@1', { ...widths(3, 2), 'dma-ranges': cells(0x02000000, 0, 0, 1, 0, 0, 0x40000000) }, [
        node('dev', { ...widths(1, 1), 'dma-ranges': cells(0, flags, 0, 0x1000, 0x1000) }),
      ]);
    expect(dmaMaxCpuAddress(root(pcie(0x02000000)))).toBe(0x1_00001fffn);
    expect(dmaMaxCpuAddress(root(pcie(0x01000000)))).toBe(0xffen);
  });

  it('goes up through the interconnect named dma-mem', () => {
    const mbus = node('dma-controller', {
      ...widths(1, 1),
      '#interconnect-cells': 1,
      phandle: 9,
      'dma-ranges': cells(0, 0, 0x40000000, 0x40000000),
    });
    const device = {
      'interconnect-names': strings('other', 'dma-mem'),
      interconnects: cells(9, 1, 9, 2),
      'dma-ranges': cells(0, 0x10000000, 0x1000),
    };
    expect(dmaMaxCpuAddress(root(mbus, bus('soc', {}, bus('dev', device))))).toBe(0x50000fffn);
    // An interconnect that is not there: the parent.
    const stray = { ...device, interconnects: cells(8, 1, 8, 2) };
    expect(dmaMaxCpuAddress(root(mbus, bus('soc', {}, bus('dev', stray))))).toBe(0x10000fffn);
  });

  it('passes over ranges of a node that does not say how wide its addresses are, and incomplete ones', () => {
    expect(dmaMaxCpuAddress(root(node('soc', { 'dma-ranges': cells(0, 0, 0, 0x1000) })))).toBeUndefined();
    expect(dmaMaxCpuAddress(root(bus('soc', { 'dma-ranges': cells(0, 0, 0) })))).toBeUndefined();
    const zero = node('soc', { ...widths(0, 1), 'dma-ranges': cells(0, 0, 0x1000) });
    expect(dmaMaxCpuAddress(root(zero))).toBeUndefined();
    const huge = node('soc', { ...widths(0xffffffff, 1), 'dma-ranges': cells(0, 0, 0x1000) });
    expect(dmaMaxCpuAddress(root(huge))).toBeUndefined();
  });

  it('refuses interconnects that form a loop', () => {
    const loop = (phandle: number, to: number): DtNode =>
      bus(`bus@${phandle}`, {
        phandle,
        '#interconnect-cells': 0,
        'interconnect-names': 'dma-mem',
        interconnects: to,
        'dma-ranges': cells(0, 0, 0x1000),
      });
    const looping = node('', widths(1, 1), [loop(1, 2), loop(2, 1)]);
    expect(() => dmaMaxCpuAddress(looping)).toThrow(InvalidInput);
  });
});
