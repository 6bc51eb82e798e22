/** Fuzzes the boot: the same blobs as `dtb`, and those that make a board are booted. */
import { boardFromTree } from '../../src/board/from-tree.ts';
import { decodeDtb } from '../../src/devicetree/dtb.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import { MemoryRecords } from '../../src/records.ts';
import { GiB } from '../../src/units.ts';
import { dtbTarget } from './dtb-target.ts';
import type { FuzzTarget } from './target.ts';

export const bootTarget: FuzzTarget = {
  name: 'boot',
  input: dtbTarget.input,
  run(bytes) {
    const board = boardFromTree(decodeDtb(bytes, 'fuzz.dtb'), 'fuzz.dtb');
    const memory = [{ base: 0x40000000n, size: 2n * GiB }];
    boot(board, board.memory.length === 0 ? { memory } : {}, new MemoryRecords());
  },
};
