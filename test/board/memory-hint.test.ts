/** The memory that a hint suggests lies where the tree says, and holds every region. */
import { expect, test } from 'vitest';
import { likelyMemory } from '../../src/board/memory-hint.ts';
import { GiB, MiB } from '../../src/units.ts';
import { board, node } from '../small-board.ts';

const region = (base: bigint) => node('r', { reg: [{ base, size: 4n * MiB }] });

test.each([
  [[], 2n * GiB, 2n * GiB],
  [[0x9000_0000n], 2n * GiB, 2n * GiB],
  [[0x4800_0000n], GiB, 2n * GiB],
  [[0x4800_0000n, 0xd000_0000n], GiB, 4n * GiB],
  [[0x8_0000_0000n], 32n * GiB, 2n * GiB],
])('regions %# are held', (bases, base, size) => {
  const likely = likelyMemory(board(bases.map(region), { memory: [] }));
  expect(likely).toEqual({ base, size });
});

test('memory@… begins where its name says', () => {
  const memory = { name: 'memory@0', properties: [], children: [] };
  const tree = { root: { name: '', properties: [], children: [memory] }, memReserves: [], bootCpuidPhys: 0 };
  const given = board([region(0x9000_0000n)], { memory: [], tree: tree as never });
  expect(likelyMemory(given)).toEqual({ base: 0n, size: 4n * GiB });
});
