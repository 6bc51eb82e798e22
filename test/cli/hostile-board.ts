/** A blob whose heaps' names would paint a terminal or run a command, if one let them. */
import { writeFileSync } from 'node:fs';
import { encodeDtb } from '../../src/devicetree/dtb.ts';
import { cells, flag, node, tree } from '../devicetree/build-tree.ts';

export function writeHostileBoard(file: string): void {
  const pool = (name: string, base: number) =>
    node(`${name}@${base.toString(16)}`, {
      compatible: 'shared-dma-pool',
      reg: cells(0, base, 0, 0x400000),
      'no-map': flag,
    });
  const root = node('', { '#address-cells': 2, '#size-cells': 2, compatible: 'test,hostile' }, [
    node('memory@40000000', { device_type: 'memory', reg: cells(0, 0x40000000, 0, 0x40000000) }),
    node('reserved-memory', { '#address-cells': 2, '#size-cells': 2, ranges: flag }, [
      pool('p$(touch ran)', 0x50000000),
      pool('q\x1b[31mred', 0x51000000),
      pool('r\u009b2J\nforged line', 0x52000000),
    ]),
  ]);
  writeFileSync(file, encodeDtb(tree(root)));
}
