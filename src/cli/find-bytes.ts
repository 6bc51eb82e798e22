/** Finds who reaches the bytes of a part: a task through a mapping, the CPU by address, a device by DMA. */
import { bufferBytes } from './buffer-bytes.ts';
import type { BytePart } from './byte-part.ts';
import type { ByteTarget, Place, Wanted } from './byte-target.ts';
import { deviceBytes } from './device-bytes.ts';
import { UsageError } from './failures.ts';
import { mappingBytes } from './mapping-bytes.ts';
import { memoryBytes } from './memory-bytes.ts';

/** Finds the bytes, before any are moved. @throws CallFailed, UsageError, or a fault */
export function findBytes(place: Place, part: BytePart, wanted: Wanted): ByteTarget {
  if (part.kind === 'attachment') return deviceBytes(place, part, wanted);
  if (part.kind === 'mapping') {
    if (wanted.as === undefined) return mappingBytes(place, part, wanted);
    throw new UsageError(
      `${part.text} is a mapping of a task, which no device uses`,
      'With --as give FD, attachment:N or @ADDRESS:SIZE',
    );
  }
  if (wanted.as !== undefined) return deviceBytes(place, part, wanted);
  return part.kind === 'buffer' ? bufferBytes(place, part, wanted) : memoryBytes(place, part);
}
