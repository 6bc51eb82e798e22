/** The bytes behind a mapping that a task keeps: `dmaheap mmap` made it, its descriptor may be closed. */
import type { Kernel } from '../kernel/kernel.ts';
import { type Mapping, SegmentationFault } from '../kernel/mapping.ts';
import type { MappingPart } from './byte-part.ts';
import type { ByteTarget, Place, Wanted } from './byte-target.ts';
import { CallFailed } from './failures.ts';

const sizeOf = (kernel: Kernel, task: string, id: number): bigint | undefined =>
  kernel.mappingOf(task, id)?.length;

const noMapping = (command: string, id: number): CallFailed =>
  new CallFailed([
    {
      what: `${command}: map:${id}`,
      errno: 'EFAULT',
      why: { kind: 'bad-argument', argument: 'mapping', value: BigInt(id) },
    },
  ]);

/** @throws CallFailed when the task has no such mapping, SegmentationFault past its end */
export function mappingBytes(
  { sh, session }: Place,
  part: MappingPart,
  { command, access }: Wanted,
): ByteTarget {
  const { id, offset } = part;
  const { task } = sh;
  const size = session.view((kernel) => sizeOf(kernel, task, id));
  if (size === undefined) throw noMapping(command, id);
  if (offset > size) throw new SegmentationFault(access, offset, 'SEGV_MAPERR');
  const length = part.length ?? size - offset;
  const end = () => new SegmentationFault(access, size, 'SEGV_MAPERR');
  if (offset + length > size) throw end();
  const mapping = (kernel: Kernel): Mapping => {
    try {
      return kernel.mapping(id, task);
    } catch (error) {
      // Somebody may have unmapped it meanwhile.
      throw sizeOf(kernel, task, id) === undefined ? noMapping(command, id) : error;
    }
  };
  return {
    json: { target: `map:${id}`, offset: Number(offset) },
    offset,
    length,
    read: ({ kernel }, at, into) => mapping(kernel).read(offset + at, into),
    write: ({ kernel }, at, from) => mapping(kernel).write(offset + at, from),
    overflow: end,
  };
}
