/** Fuzzes the checks: the same blobs as `dtb`; those that make a board are checked, and repairs are tried. */
import { boardFromTree } from '../../src/board/from-tree.ts';
import { checkBoard } from '../../src/check/check-board.ts';
import { decodeDtb } from '../../src/devicetree/dtb.ts';
import { lintLevels } from '../../src/devicetree/lint/lint.ts';
import { GiB } from '../../src/units.ts';
import { dtbTarget } from './dtb-target.ts';
import type { FuzzTarget } from './target.ts';

export const checkTarget: FuzzTarget = {
  name: 'check',
  input: dtbTarget.input,
  run(bytes) {
    const board = boardFromTree(decodeDtb(bytes, 'fuzz.dtb'), 'fuzz.dtb');
    const memory = [{ base: 0x40000000n, size: 2n * GiB }];
    const params = board.memory.length === 0 ? { memory } : {};
    checkBoard({ board, params }, { levels: lintLevels(), disabled: new Set() });
  },
};
