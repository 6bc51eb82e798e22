/**
 * What Linux sets up for a device's DMA before its driver is asked: drivers/of/device.c: of_dma_configure_id()
 * (Linux 7.3). It never fails here: platform and AMBA devices are configured with force_dma, so that ranges
 * which cannot be used count as none.
 */
import { U64_MASK } from '../units.ts';
import type { DmaRange } from './board.ts';
import { OF_BAD_ADDR, type OfAddress } from './of-address.ts';
import type { Bus } from './of-bus.ts';
import type { OfTree } from './of-tree.ts';

/** DMA_BIT_MASK(32), with which every platform device starts: drivers/of/platform.c: of_platform_device_create_pdata() */
const COHERENT_DMA_MASK = 0xffffffffn;

export class DmaConfigure {
  readonly #tree: OfTree;
  readonly #address: OfAddress;
  /** By the device's DMA parent. */
  readonly #rangeMaps = new Map<Bus, readonly DmaRange[]>();
  readonly #coherent = new Map<Bus, boolean>();
  readonly #coherentWithoutNon = new Map<Bus, boolean>();

  constructor(tree: OfTree, address: OfAddress) {
    this.#tree = tree;
    this.#address = address;
  }

  /**
   * drivers/of/address.c: of_dma_is_coherent(): what the node or the nearest DMA parent says; arm64's default
   * (dma_default_coherent) is not coherent.
   *
   * @param how whether `dma-noncoherent` says anything, which old kernels do not read
   */
  isCoherent(device: Bus, how: 'as-now' | 'without-non' = 'as-now'): boolean {
    const known = how === 'as-now' ? this.#coherent : this.#coherentWithoutNon;
    const passed = new Set<Bus>();
    let coherent: boolean | undefined;
    for (let bus: Bus | undefined = device; bus !== undefined; bus = this.#address.dmaParent(bus)) {
      // Linux never comes back from interconnects that form a loop.
      if (passed.has(bus)) this.#tree.refuse();
      passed.add(bus);
      coherent = known.get(bus) ?? ownCoherency(bus, how === 'as-now');
      if (coherent !== undefined) break;
    }
    for (const bus of passed) known.set(bus, coherent ?? false);
    return coherent ?? false;
  }

  /** The ranges that the device's buses give it, as dev->dma_range_map; empty where it has none. */
  rangeMap(device: Bus): readonly DmaRange[] {
    const first = this.#address.dmaParent(device);
    if (first === undefined) return [];
    const known = this.#rangeMaps.get(first);
    if (known !== undefined) return known;
    const bus = this.#busWithRanges(first);
    const map = bus === undefined ? [] : this.#mapOf(bus);
    this.#rangeMaps.set(first, map);
    return map;
  }

  /**
   * drivers/of/address.c: of_dma_get_range(), its first half: the nearest DMA parent with `dma-ranges` that are
   * not empty. The first one asked may have none at all; above it, one without ends the search (-ENODEV), also
   * below a bus that has them.
   */
  #busWithRanges(first: Bus): Bus | undefined {
    for (let bus: Bus | undefined = first; bus !== undefined; bus = this.#address.dmaParent(bus)) {
      this.#tree.step();
      const ranges = bus.property('dma-ranges');
      if (ranges === undefined && bus !== first) return undefined;
      if (ranges !== undefined && ranges.value.length > 0) return bus;
    }
    return undefined;
  }

  /**
   * of_dma_get_range(), its second half. Ranges that cannot be translated are left out. An entry of size 0 ends
   * a struct bus_dma_region array, so what follows one is lost; where it is the first, nothing can be reached.
   */
  #mapOf(bus: Bus): readonly DmaRange[] {
    const map = this.#address
      .dmaRanges(bus)
      .filter(({ cpu }) => cpu !== OF_BAD_ADDR)
      .map(({ cpu, bus: dma, size }) => ({ cpu, dma, size }));
    const end = map.findIndex(({ size }) => size === 0n);
    return end < 0 ? map : map.slice(0, Math.max(end, 1));
  }

  /**
   * Whether an IOMMU translates for the device: drivers/iommu/of_iommu.c: of_iommu_configure_dev(). One that is
   * disabled does not; drivers for all others are taken to be there.
   */
  hasIommu(device: Bus): boolean {
    const property = device.property('iommus');
    if (property === undefined) return false;
    let found = false;
    for (const iommu of this.#tree.phandlesWithArgs(property.value, '#iommu-cells')) {
      if (iommu === undefined) break;
      if (!iommu.available) return false;
      found = true;
    }
    return found;
  }
}

/** The highest DMA address of a map, dev->bus_dma_limit: dma_range_map_max(). */
export function busDmaLimit(map: readonly DmaRange[]): bigint | undefined {
  if (map.length === 0) return undefined;
  let highest = 0n;
  for (const { dma, size } of map) {
    const last = (dma + size - 1n) & U64_MASK;
    if (size !== 0n && last > highest) highest = last;
  }
  return highest === 0n ? COHERENT_DMA_MASK : highest;
}

function ownCoherency(bus: Bus, readsNon: boolean): boolean | undefined {
  if (bus.property('dma-coherent') !== undefined) return true;
  return !readsNon || bus.property('dma-noncoherent') === undefined ? undefined : false;
}
