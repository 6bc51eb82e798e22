/**
 * /sys/kernel/debug/cma: the areas' sizes and bitmaps, and files that allocate and free. Models
 * mm/cma_debug.c (Linux 7.3).
 *
 * An area that could not be activated has no folder. Of two areas of one name the first has it:
 * debugfs_create_dir() refuses the second.
 */
import { Cma, cmaAreas } from '../../mm/alloc/cma.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { recordKey } from '../../records.ts';
import type { Errno } from '../../uapi/errno.ts';
import type { PfnRange } from '../../units.ts';
import { bootRecord } from '../boot/boot-record.ts';
import type { Viewer } from './context.ts';
import { directory, type Entries, fixedDirectory, symlink } from './make-node.ts';
import type { VirtualDirectory, VirtualFile } from './node.ts';
import { parseSimpleAttribute } from './simple-attribute.ts';

/** The files of /sys/kernel/debug/cma/AREA that are read, without their newlines. */
export interface CmaDebugfs {
  readonly count: string;
  readonly used: string;
  readonly maxchunk: string;
  readonly order_per_bit: string;
  readonly base_pfn: string;
  /** u32 words, the lowest page first. */
  readonly bitmap: string;
}

const FILES = {
  count: (cma: Cma) => `${cma.count}`,
  used: (cma: Cma) => `${cma.bitmap.weight()}`,
  maxchunk: (cma: Cma) => `${cma.bitmap.longestZeroRun()}`,
  order_per_bit: (cma: Cma) => `${cma.orderPerBit}`,
  base_pfn: (cma: Cma) => `${cma.basePfn}`,
  bitmap: (cma: Cma) =>
    Array.from({ length: Math.ceil(cma.count / 32) }, (_, i) => cma.bitmap.word(i)).join(' '),
} as const satisfies Record<keyof CmaDebugfs, (cma: Cma) => string>;

/** The numbers of the areas that have a folder, by its name. */
function folders(records: Records): ReadonlyMap<string, number> {
  const { linux } = profileIn(records);
  const numbers = new Map<string, number>();
  for (const [index, cma] of cmaAreas(records, bootRecord(records).cmaAreas).entries()) {
    const folder = linux.cmaFolder(cma.name);
    if (cma.count > 0 && !numbers.has(folder)) numbers.set(folder, index);
  }
  return numbers;
}

/** All folders with the texts of their files, by the areas' names. */
export function cmaDebugfs(records: Records): Readonly<Record<string, CmaDebugfs>> {
  return Object.fromEntries(
    [...folders(records)].map(([name, index]) => {
      const cma = new Cma(records, index);
      const texts = Object.entries(FILES).map(([file, text]) => [file, text(cma)]);
      return [name, Object.fromEntries(texts) as CmaDebugfs];
    }),
  );
}

/** The directory. */
export const cmaDebugfsDirectory = (viewer: Viewer): VirtualDirectory =>
  directory(
    0o755,
    (): Entries =>
      new Map(
        [...folders(viewer.records)].map(([name, index]) => [name, () => areaDirectory(viewer, index)]),
      ),
  );

function areaDirectory(viewer: Viewer, index: number): VirtualDirectory {
  const cma = () => new Cma(viewer.records, index);
  const readable = (file: keyof CmaDebugfs, refusesWrite: Errno) => (): VirtualFile => ({
    kind: 'file',
    mode: 0o444,
    read: () => `${FILES[file](cma())}\n`,
    write: () => refusesWrite,
  });
  const writable = (act: (pages: number) => Errno | undefined) => (): VirtualFile => ({
    kind: 'file',
    mode: 0o200,
    refusesRead: 'EACCES',
    write: (bytes) => {
      const value = parseSimpleAttribute(bytes);
      // The value becomes an int: 2^32 is 0, and 2^31 is negative.
      return typeof value === 'bigint' ? act(Number(BigInt.asIntN(32, value))) : value.errno;
    },
  });
  const debug = new CmaDebug(viewer, index);
  const range = () =>
    fixedDirectory(0o755, {
      base_pfn: readable('base_pfn', 'EACCES'),
      bitmap: readable('bitmap', 'EINVAL'),
    });
  const { cmaRanges } = profileIn(viewer.records).linux;
  return fixedDirectory(0o755, {
    alloc: writable((pages) => debug.alloc(pages)),
    base_pfn: cmaRanges ? () => symlink('ranges/0/base_pfn') : readable('base_pfn', 'EACCES'),
    bitmap: cmaRanges ? () => symlink('ranges/0/bitmap') : readable('bitmap', 'EINVAL'),
    count: readable('count', 'EACCES'),
    free: writable((pages) => debug.free(pages)),
    maxchunk: readable('maxchunk', 'EACCES'),
    order_per_bit: readable('order_per_bit', 'EACCES'),
    ...(cmaRanges && { ranges: () => fixedDirectory(0o755, { 0: range }) }),
    used: readable('used', 'EACCES'),
  });
}

/** What `alloc` took from an area and `free` has not given back. */
class CmaDebug {
  readonly #viewer: Viewer;
  readonly #index: number;
  readonly #key: string;

  constructor(viewer: Viewer, index: number) {
    this.#viewer = viewer;
    this.#index = index;
    this.#key = recordKey('cma', index, 'debug');
  }

  /** cma_alloc_mem(). A negative number is a size that no area has; 0 pages are refused without a word. */
  alloc(pages: number): Errno | undefined {
    const { records, printk } = this.#viewer;
    const cma = new Cma(records, this.#index);
    if (pages === 0) return 'ENOMEM';
    if (pages < 0) {
      cma.refuse(BigInt.asUintN(64, BigInt(pages)), printk);
      return 'ENOMEM';
    }
    const pfn = cma.alloc(pages, 0, printk);
    if (pfn === undefined) return 'ENOMEM';
    records.put(this.#key, [...this.#taken(), { pfn, pages }]);
    return undefined;
  }

  /**
   * cma_free_mem(): gives back what was taken last first, of the last piece the front. More than was taken
   * is no error, and a negative number is more than was ever taken.
   */
  free(pages: number): undefined {
    const { records } = this.#viewer;
    const cma = new Cma(records, this.#index);
    const taken = [...this.#taken()];
    let left = pages < 0 ? Number.POSITIVE_INFINITY : pages;
    while (left > 0) {
      const piece = taken.pop();
      if (piece === undefined) break;
      const count = Math.min(piece.pages, left);
      cma.release(piece.pfn, count);
      left -= count;
      if (count < piece.pages) taken.push({ pfn: piece.pfn + count, pages: piece.pages - count });
    }
    if (taken.length > 0) records.put(this.#key, taken);
    else records.delete(this.#key);
  }

  #taken(): readonly PfnRange[] {
    return this.#viewer.records.get<PfnRange[]>(this.#key) ?? [];
  }
}
