/** The entries of a `memory-region`, and what a driver that asks for one is answered before the region's own setup. */
import { childCalled } from '../devicetree/node-lookup.ts';
import type { DtNode, DtProperty } from '../devicetree/tree.ts';
import { cellsOf, stringsOf } from '../devicetree/value.ts';
import type { RegionRef } from './board.ts';
import { regionsByPhandle, regionsOf } from './memory-region-users.ts';
import { OfTree } from './of-tree.ts';

/** The compatible of a pool in which its devices' buffers must lie. */
const RESTRICTED = 'restricted-dma-pool';

/** What a node says of its regions. */
export interface MemoryRegions {
  /** Those that are children of /reserved-memory, by name. */
  readonly memoryRegions: readonly string[];
  /** Every entry, in order; absent without the property. */
  readonly regionRefs?: readonly RegionRef[];
  readonly regionNames?: readonly string[];
}

/** of_parse_phandle() of each entry. @param regions names of children of /reserved-memory by phandle */
function refsOf(
  memoryRegion: DtProperty,
  tree: OfTree,
  regions: ReadonlyMap<number, string>,
): readonly RegionRef[] {
  return cellsOf(memoryRegion.value).map((phandle): RegionRef => {
    const node = phandle === 0 ? undefined : tree.byPhandle(phandle);
    if (node === undefined) return { missing: true };
    const region = regions.get(phandle);
    const compatible = node.property('compatible');
    const isRestricted =
      compatible !== undefined &&
      stringsOf(compatible.value).some((name) => name.toLowerCase() === RESTRICTED);
    return {
      ...(region !== undefined && { region }),
      ...(!node.available && { disabled: true as const }),
      ...(isRestricted && { restricted: true as const }),
    };
  });
}

/** What a node of a tree says. @param regions names of children of /reserved-memory by phandle */
export function memoryRegionsOf(
  node: { property(name: string): DtProperty | undefined },
  tree: OfTree,
  regions: ReadonlyMap<number, string>,
): MemoryRegions {
  const memoryRegion = node.property('memory-region');
  const regionNames = node.property('memory-region-names');
  return {
    memoryRegions: memoryRegion === undefined ? [] : regionsOf(memoryRegion, regions).regions,
    ...(memoryRegion !== undefined && { regionRefs: refsOf(memoryRegion, tree, regions) }),
    ...(regionNames !== undefined && { regionNames: stringsOf(regionNames.value) }),
  };
}

/**
 * What each node of a live tree says of its regions, by path, in tree order; those without are left out.
 *
 * @param boot the root that was booted: a region that it has not is late
 */
export function memoryRegionsNow(live: DtNode, boot: DtNode): ReadonlyMap<string, MemoryRegions> {
  const tree = new OfTree(live);
  const regions = regionsByPhandle(childCalled(live, 'reserved-memory'));
  const known = new Set((childCalled(boot, 'reserved-memory')?.children ?? []).map(({ name }) => name));
  const found = new Map<string, MemoryRegions>();
  for (const bus of tree.nodes()) {
    const said = memoryRegionsOf(bus, tree, regions);
    if (said.regionRefs === undefined) continue;
    const regionRefs = said.regionRefs.map((ref) =>
      ref.region === undefined || known.has(ref.region) ? ref : { ...ref, late: true as const },
    );
    found.set(bus.path, { ...said, regionRefs });
  }
  return found;
}

/** An answer that no region's setup is asked for. */
export interface RefRefused {
  readonly errno: 'ENODEV' | 'EINVAL';
  /** `no-entry`: there is none, or it leads to no node; `late-region`: boot had no such region; `no-region`: another node. */
  readonly because: 'no-entry' | 'late-region' | 'no-region';
}

/**
 * What of_reserved_mem_device_init_by_idx() makes of an entry: the region whose setup is asked, an error, or 0 and nothing
 * where the node is turned off, whatever it is.
 */
export function answerOfRef(
  ref: RegionRef | undefined,
): { readonly region: string } | RefRefused | { readonly off: true } {
  if (ref === undefined || ref.missing === true) return { errno: 'ENODEV', because: 'no-entry' };
  if (ref.disabled === true) return { off: true };
  if (ref.late === true) return { errno: 'EINVAL', because: 'late-region' };
  if (ref.region === undefined) return { errno: 'EINVAL', because: 'no-region' };
  return { region: ref.region };
}
