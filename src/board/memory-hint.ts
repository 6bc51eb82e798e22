/** Where the memory of a board probably begins whose boot loader fills it in: for a hint that does not contradict the tree. */
import type { PhysAddr } from '../units.ts';
import { GiB, roundDown } from '../units.ts';
import type { Board } from './board.ts';

/** Where it begins on many boards, when the tree says nothing. */
const USUAL = 2n * GiB;

/** The address of `memory@…`, else that of the lowest region, rounded down to 1 GiB. */
export function likelyMemoryBase({ tree, reservedMemory, memReserves }: Board): PhysAddr {
  for (const { name } of tree?.root.children ?? []) {
    const address = /^memory@([0-9a-f]+)$/i.exec(name)?.[1];
    if (address !== undefined) return BigInt(`0x${address}`);
  }
  const regions = [
    ...(reservedMemory?.nodes ?? []).flatMap(({ reg, allocRanges }) => [
      ...(reg ?? []),
      ...(allocRanges ?? []),
    ]),
    ...memReserves,
  ];
  const bases = regions.filter(({ size }) => size > 0n).map(({ base }) => base);
  const lowest = bases.reduce<PhysAddr | undefined>(
    (low, base) => (low === undefined || base < low ? base : low),
    undefined,
  );
  return lowest === undefined ? USUAL : roundDown(lowest, GiB);
}
