/** Boards of shapes that no recording has: what is said of them. */
import { describe, expect, it } from 'vitest';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { compileSource } from '../../src/devicetree/compile-source.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { GiB, MiB } from '../../src/units.ts';
import { board, bootBoard, range } from '../small-board.ts';

const numa = (ids: readonly (number | undefined)[]) => {
  const nodes = ids.map((id, i) => {
    const base = 0x40000000 + i * 0x10000000;
    const of = id === undefined ? '' : `numa-node-id = <${id}>;`;
    return `memory@${base.toString(16)} { device_type = "memory"; reg = <${base} 0x10000000>; ${of} };`;
  });
  const text = `/dts-v1/;\n/ { #address-cells = <1>; #size-cells = <1>; ${nodes.join(' ')} };`;
  return boardFromTree(
    compileSource({ path: 'numa.dts', text }, { readFile: () => undefined }).tree,
    'numa.dts',
  );
};

const told = (given: ReturnType<typeof board>, params: BootParams = {}) =>
  bootBoard(given, params).outcome.warnings.filter(({ code }) => /^board-/.test(code));

describe('NUMA', () => {
  it('is said not to be modelled, where there is more than one node', () => {
    expect(told(numa([0, 1]))).toMatchObject([
      { code: 'board-numa', message: expect.stringContaining('memory@50000000'), position: { line: 2 } },
    ]);
    expect(told(numa([0, 0]))).toEqual([]);
    expect(told(numa([undefined, undefined]))).toEqual([]);
    expect(told(numa([0, 1]), { arch: 'arm' })).toEqual([]);
  });
});

describe('RAM above 4 GiB', () => {
  const high = board([], { memory: [range(GiB, GiB), range(4n * GiB - 16n * MiB, GiB)] });

  it('is said to be ignored on 32-bit arm, as a kernel without LPAE does', () => {
    expect(told(high, { arch: 'arm' })).toMatchObject([
      { code: 'board-needs-lpae', message: expect.stringMatching(/^1008 MiB of RAM lie above 4 GiB/) },
    ]);
    expect(told(high)).toEqual([]);
    expect(told(board(), { arch: 'arm' })).toEqual([]);
  });
});
