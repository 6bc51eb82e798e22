/**
 * What others hold of an area or a pool: set as it was seen on a target, where only that pages are taken is known and
 * not by whom. No call of Linux: drivers and boot did it there, one after another.
 */

import { dmaHeaps } from '../../dma-buf/dma-heap.ts';
import { FrameOwners } from '../../dma-buf/frame-owners.ts';
import { cmaAreas } from '../../mm/alloc/cma.ts';
import { DmaCoherentMem } from '../../mm/alloc/coherent.ts';
import { geometryOf } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { bytesOf, type PfnRange, type PhysAddr, type PhysRange, rangeEnd } from '../../units.ts';
import { bootRecord } from '../boot/boot-record.ts';
import { addGuessedPlaces } from '../guessed-places.ts';
import type { KernelState } from '../state.ts';
import { fail, ok, type SyscallResult } from './results.ts';

export interface Occupy {
  /** The name of a CMA area or of a coherent pool, or `@` and its base where several have the name. */
  readonly area: string;
  /** What is free of it; all else is taken. Whole pages, ascending. */
  readonly free: readonly PhysRange[];
  /** First addresses of buffers that may lie elsewhere: nothing tells where they are. */
  readonly guessed?: readonly PhysAddr[];
}

/** A CMA area or a pool, as far as its pages go. */
interface Place extends PfnRange {
  readonly name: string;
  occupy(free: readonly PfnRange[]): void;
}

function placesOf(records: Records): readonly Place[] {
  const areas = cmaAreas(records, bootRecord(records).cmaAreas).map((cma): Place => {
    return { name: cma.name, pfn: cma.basePfn, pages: cma.count, occupy: (free) => cma.occupy(free) };
  });
  const pools = dmaHeaps(records)
    .filter(({ backing }) => backing.backend === 'coherent')
    .map(({ backing }): Place => {
      const mem = new DmaCoherentMem(records, backing.index);
      return { name: mem.name, pfn: mem.pfnBase, pages: mem.size, occupy: (free) => mem.occupy(free) };
    });
  return [...areas, ...pools];
}

/** Makes an area's free pages those that are named, as far as nobody's buffer is there. */
export function occupy(
  { records, files }: KernelState,
  _by: string,
  { area, free, guessed = [] }: Occupy,
): SyscallResult {
  const geometry = geometryOf(records);
  const places = placesOf(records);
  const at = /^@0x([0-9a-f]{1,16})$/.exec(area)?.[1];
  const place = places.find(({ name, pfn }) =>
    at === undefined ? name === area : geometry.pfnPhys(pfn) === BigInt(`0x${at}`),
  );
  if (place === undefined) {
    return fail('EINVAL', { kind: 'no-such-area', area, known: places.map(({ name }) => name) });
  }
  const whole = bytesOf(place, geometry.pageSize);
  const runs: PfnRange[] = [];
  let before = whole.base;
  for (const range of free) {
    const isWhole = range.base % geometry.page === 0n && range.size % geometry.page === 0n && range.size > 0n;
    if (!isWhole || range.base < before || rangeEnd(range) > rangeEnd(whole)) {
      return fail('EINVAL', { kind: 'not-free-runs', area: place.name, ...range });
    }
    before = rangeEnd(range);
    runs.push({ pfn: geometry.pfnDown(range.base), pages: geometry.pfnDown(range.size) });
  }
  const owners = new FrameOwners(records);
  const taken = owners.within(place);
  const hit = taken.find((held) =>
    runs.some((run) => held.pfn < run.pfn + run.pages && run.pfn < held.pfn + held.pages),
  );
  if (hit !== undefined)
    return fail('EBUSY', { kind: 'buffer-there', area: place.name, ...bytesOf(hit, geometry.pageSize) });
  place.occupy(runs);
  const unknown = guessed.flatMap((address) => {
    const file = owners.at(geometry.pfnDown(address))?.file;
    const buffer = file === undefined ? undefined : files.get(file);
    return buffer?.kind === 'dma_buf' ? [buffer.ino] : [];
  });
  addGuessedPlaces(records, unknown);
  return ok(0);
}
