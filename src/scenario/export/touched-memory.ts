/** The pages of live buffers that hold anything but zeros: what of memory a bundle takes along. */

import type { BufferView } from '../../kernel/views/views.ts';
import type { PhysMemory } from '../../mm/phys-memory.ts';
import { bytesOf, formatHex } from '../../units.ts';

export interface MemoryPiece {
  /** The file's name in the bundle. */
  readonly file: string;
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly buffer: number;
  /** Where in the buffer it begins. */
  readonly offset: bigint;
}

export interface TouchedMemory {
  readonly pieces: readonly MemoryPiece[];
  readonly bytes: number;
}

/** Read at once. */
const CHUNK_PAGES = 256;
/** Pages of zeros that are taken along rather than beginning another file. */
const BRIDGE = 16;
/** A piece is at most so long: files of a bundle have a limit. */
const MAX_PIECE_PAGES = 16_384;

/**
 * Reads what was written to.
 *
 * @param limit bytes, from which on the rest is left out
 * @returns `undefined` when there is more than `limit`
 */
export function touchedMemory(
  buffers: readonly BufferView[],
  memory: Pick<PhysMemory, 'read'>,
  limit: number,
): TouchedMemory | undefined {
  const pieces: MemoryPiece[] = [];
  let total = 0;
  for (const { ino, sgTable, pageSize } of buffers) {
    let offset = 0;
    for (const { pfn, pages } of sgTable) {
      for (const run of touchedRuns(memory, pfn, pages, pageSize)) {
        const bytes = new Uint8Array(run.pages * pageSize);
        total += bytes.length;
        if (total > limit) return undefined;
        const address = bytesOf(run, pageSize).base;
        memory.read(address, bytes);
        const at = BigInt(offset + (run.pfn - pfn) * pageSize);
        pieces.push({ file: `memory/${formatHex(address)}.raw`, address, bytes, buffer: ino, offset: at });
      }
      offset += pages * pageSize;
    }
  }
  return { pieces, bytes: total };
}

interface Run {
  readonly pfn: number;
  pages: number;
}

function touchedRuns(
  memory: Pick<PhysMemory, 'read'>,
  first: number,
  pages: number,
  pageSize: number,
): Run[] {
  const runs: Run[] = [];
  const chunk = new Uint8Array(Math.min(pages, CHUNK_PAGES) * pageSize);
  const zeros = new Uint8Array(pageSize);
  for (let done = 0; done < pages; done += CHUNK_PAGES) {
    const count = Math.min(CHUNK_PAGES, pages - done);
    memory.read(BigInt(first + done) * BigInt(pageSize), chunk.subarray(0, count * pageSize));
    for (let i = 0; i < count; i++) {
      if (Buffer.compare(chunk.subarray(i * pageSize, (i + 1) * pageSize), zeros) === 0) continue;
      const pfn = first + done + i;
      const last = runs.at(-1);
      const near = last !== undefined && pfn - (last.pfn + last.pages) <= BRIDGE;
      if (near && pfn + 1 - last.pfn <= MAX_PIECE_PAGES) last.pages = pfn + 1 - last.pfn;
      else runs.push({ pfn, pages: 1 });
    }
  }
  return runs;
}
