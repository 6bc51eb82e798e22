/** Where the memory of a board probably lies whose boot loader fills it in: for a hint that does not contradict the tree. */
import type { PhysRange } from '../units.ts';
import { GiB, rangeEnd, roundDown, TiB } from '../units.ts';
import type { Board } from './board.ts';

/** Where it begins on many boards, when the tree says nothing, and how much many have. */
const USUAL: PhysRange = { base: 2n * GiB, size: 2n * GiB };

/** From the address of `memory@…`, else from that of the lowest region rounded down to 1 GiB, up to behind every region. */
export function likelyMemory({ tree, reservedMemory, memReserves }: Board): PhysRange {
  const regions = [
    ...(reservedMemory?.nodes ?? []).flatMap(({ reg, allocRanges }) => [
      ...(reg ?? []),
      ...(allocRanges ?? []),
    ]),
    ...memReserves,
  ].filter(({ size }) => size > 0n);
  const named = (tree?.root.children ?? [])
    .map(({ name }) => /^memory@([0-9a-f]+)$/i.exec(name)?.[1])
    .find((address) => address !== undefined);
  const lowest = regions.reduce<bigint | undefined>(
    (low, { base }) => (low === undefined || base < low ? base : low),
    undefined,
  );
  const base =
    named !== undefined ? BigInt(`0x${named}`) : lowest === undefined ? USUAL.base : roundDown(lowest, GiB);
  const isInside = ({ base: from, size: room }: PhysRange) =>
    regions.every((range) => rangeEnd(range) <= from + room);
  let { size } = USUAL;
  while (!isInside({ base, size }) && size < TiB) size *= 2n;
  return { base, size };
}
