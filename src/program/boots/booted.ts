/** What a boot leaves, to be compared with another's. */
import type { Board } from '../../board/board.ts';
import { type BootOutcome, boot } from '../../kernel/boot/boot.ts';
import type { BootParams } from '../../kernel/boot/boot-params.ts';
import { Kernel, layoutOf } from '../../kernel/kernel.ts';
import type { HeapView, RegionView } from '../../kernel/views/views.ts';
import { NO_MEMORY } from '../../mm/phys-memory.ts';
import { type LogLine, Printk } from '../../printk.ts';
import { MemoryRecords, type Records } from '../../records.ts';

export interface Booted {
  readonly heaps: readonly HeapView[];
  readonly regions: readonly RegionView[];
  /** Bytes of memory that Linux has: no-map regions included, and pools outside of RAM. */
  readonly memory: bigint;
  /** Without the lines that a rate limit dropped. */
  readonly log: readonly LogLine[];
  /** Which Linux it is; empty when it died. */
  readonly banner: string;
  readonly panic?: string;
}

/** What a boot has left in its records, the regions of a kernel that died too. */
export function bootedOf({ panic, regions = [] }: BootOutcome, records: Records): Booted {
  const log = [...new Printk(records).since()].filter(({ suppressed }) => suppressed !== true);
  if (panic !== undefined) return { heaps: [], regions, memory: 0n, log, banner: '', panic };
  const kernel = new Kernel(records, NO_MEMORY);
  return {
    heaps: kernel.heaps(),
    regions: kernel.regions(),
    memory: layoutOf(records).reduce((sum, { size }) => sum + size, 0n),
    log,
    banner: kernel.info().banner,
  };
}

/** Boots a board in memory. @throws InvalidInput when the board cannot */
export function bootedBy({ board, params }: { readonly board: Board; readonly params: BootParams }): Booted {
  const records = new MemoryRecords();
  return bootedOf(boot(board, params, records), records);
}
