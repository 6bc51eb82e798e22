/** Loads, stores and DMA as those who watch see them: the accesses that no system call makes. */
import type { DmaAddr } from '../mm/dma/device.ts';
import type { PhysAddr } from '../units.ts';

/** Where bytes are, in the words of who accesses them. */
export type AccessPlace =
  /** A task's mapping. */
  | { readonly task: string; readonly mapping: number; readonly offset: bigint }
  /** Physical memory, by the CPU on behalf of a task. */
  | { readonly task: string; readonly address: PhysAddr }
  /** A device's own address. */
  | { readonly device: string; readonly address: DmaAddr }
  /** A buffer that a device has mapped. */
  | { readonly attachment: number; readonly offset: bigint };

export interface Access {
  readonly access: 'read' | 'write';
  readonly place: AccessPlace;
  /** What was read or written: the caller's own bytes, good until the watcher returns. */
  readonly bytes: Uint8Array;
  /** The name of the fault that ended it: `SegmentationFault`, `BusError`, `IommuFault`. */
  readonly fault?: string;
}

/** Something that reads and writes bytes from a position on. */
interface Accessible {
  read(at: bigint, into: Uint8Array): void;
  write(at: bigint, from: Uint8Array): void;
}

/** The same bytes, with every access told to a watcher, those that fault as well. */
export function watched(
  target: Accessible,
  placeOf: (at: bigint) => AccessPlace,
  tell: (access: Access) => void,
): Accessible {
  const run = (access: 'read' | 'write', at: bigint, bytes: Uint8Array): void => {
    const told = { access, place: placeOf(at), bytes };
    try {
      target[access](at, bytes);
    } catch (error) {
      if (error instanceof Error) tell({ ...told, fault: error.name });
      throw error;
    }
    tell(told);
  };
  return {
    read: (at, into) => run('read', at, into),
    write: (at, from) => run('write', at, from),
  };
}
