/** Physical memory as the CPU sees it, through its cache. */
import { BusError, rangeOf } from '../mm/phys-memory.ts';
import { formatHex, rangeEnd } from '../units.ts';
import type { MemoryPart } from './byte-part.ts';
import { type ByteTarget, type Place, tooLong } from './byte-target.ts';

/** @throws BusError where the part leaves memory */
export function memoryBytes({ session }: Place, part: MemoryPart): ByteTarget {
  const { text, offset: address } = part;
  // Said before the first byte is moved, and not after gigabytes of them.
  const range = session.view((kernel) => rangeOf(kernel.info().layout, address, part.length ?? 0n));
  const end = rangeEnd(range);
  const length = part.length ?? end - address;
  const json = { target: `@${formatHex(address)}`, offset: 0 };
  return {
    json,
    offset: address,
    length,
    read: ({ kernel, task }, at, into) => kernel.physMemory(task).read(address + at, into),
    write: ({ kernel, task }, at, from) => kernel.physMemory(task).write(address + at, from),
    overflow: (done) =>
      part.length === undefined
        ? new BusError(end)
        : tooLong(`write: ${text}`, done, `${text} ends there`, json),
  };
}
