/** What boot leaves for drivers that allocate: the regions that they can bind, and how far zones and areas reach. */
import type { Board } from '../../board/board.ts';
import { poolRefusal } from '../../dma-buf/plan-modules.ts';
import { type BindableRegion, putDmaMachine } from '../../mm/dma/device-memory.ts';
import type { EarlyBoot, EarlyCma } from '../../mm/early/early-boot.ts';
import type { ReservedMem } from '../../mm/early/reserved-region.ts';
import type { SystemRam } from '../../mm/early/system-ram.ts';
import { zoneDmaLimit } from '../../mm/early/zones.ts';
import type { PhysRange } from '../../units.ts';

/**
 * Keeps it.
 *
 * @param regions what became of the children of /reserved-memory, in tree order
 * @param active the areas that have pages
 * @returns where the pools lie that can be mapped
 */
export function keepDriverMemory(
  early: EarlyBoot,
  board: Board,
  regions: readonly ReservedMem[],
  ram: SystemRam,
  active: readonly EarlyCma[],
): readonly PhysRange[] {
  const { memblock, profile, records, coherentPools, defaultCma } = early;
  let next = coherentPools.length;
  const bindable = regions.flatMap((region): BindableRegion[] => {
    const { name, base, size, kind, cma, problem } = region;
    if (base === undefined || size === undefined) return [];
    const place = { name, base, size };
    if (problem === 'restricted-pool') return [{ ...place, handler: 'restricted' }];
    if (kind === 'cma' && cma !== undefined) return [{ ...place, handler: 'cma', area: cma }];
    if (kind !== 'coherent') return [{ ...place, handler: 'none' }];
    const listed = coherentPools.findIndex((pool) => pool.name === name && pool.base === base);
    const refused = poolRefusal(early, ram, place);
    const pool = listed >= 0 ? listed : next++;
    return [{ ...place, handler: 'coherent', pool, ...(refused && { refused }) }];
  });
  const area = active.find((one) => one === defaultCma);
  putDmaMachine(records, {
    regions: bindable,
    zoneDmaLimit: zoneDmaLimit(memblock, profile, board.dmaMaxCpuAddress),
    maxPfn: profile.geometry.pfnDown(memblock.endOfDram),
    ...(area && { defaultArea: area.index }),
  });
  return bindable
    .filter(({ handler, refused }) => handler === 'coherent' && refused === undefined)
    .map(({ base, size }) => ({ base, size }));
}
