/**
 * A driver binds the regions of its device's `memory-region`, or lets them go. Models drivers/of/of_reserved_mem.c:
 * of_reserved_mem_device_init_by_idx(), of_reserved_mem_device_release(), and the device_init() of each kind of region
 * (kernel/dma/contiguous.c, coherent.c, swiotlb.c) (Linux 7.3).
 */
import { answerOfRef } from '../../board/region-refs.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import { createCoherentPool, hasCoherentPool } from '../alloc/coherent.ts';
import { type Device, dmaLimit } from './device.ts';
import {
  type BindableRegion,
  bindingOf,
  coherentMask,
  devPrefix,
  dmaMachine,
  putBinding,
} from './device-memory.ts';
import { type DriverContext, warn } from './driver-pages.ts';
import { RestrictedPool } from './restricted-pool.ts';

/** Which entry of `memory-region` a driver asks for. */
export type WhichRegion = { readonly index: number } | { readonly name: string };

/** What became of it. */
export type Bound =
  /** The node is turned off, or all is well: `region` was assigned. */
  | { readonly ret: 0; readonly region?: string; readonly handler?: BindableRegion['handler'] }
  | { readonly errno: 'ENODEV' | 'EINVAL' | 'EBUSY' | 'ENOMEM'; readonly why: RegionRefused };

/** Why a driver's region was not bound. */
export interface RegionRefused {
  readonly kind: 'region-refused';
  readonly device: string;
  /**
   * `no-entry`: no such index, name or property, or it leads to no node; `no-region`: the node is no region that was
   * set up, or has no handler; `late-region`: it came with an overlay after boot; `unmapped`: the pool cannot be
   * mapped; `second-pool`: the device has one.
   */
  readonly because: 'no-entry' | 'no-region' | 'late-region' | 'unmapped' | 'second-pool';
  readonly region?: string;
  /** What the device's memory-region has. */
  readonly known: readonly string[];
}

/** Binds one region: of_reserved_mem_device_init_by_idx() and its likes. */
export function bindRegion(context: DriverContext, device: Device, which: WhichRegion): Bound {
  const { records, printk } = context;
  const index = 'index' in which ? which.index : (device.regionNames ?? []).indexOf(which.name);
  const refused = (
    errno: 'ENODEV' | 'EINVAL' | 'EBUSY' | 'ENOMEM',
    because: RegionRefused['because'],
    region?: string,
  ): Bound => ({
    errno,
    why: {
      kind: 'region-refused',
      device: device.name,
      because,
      ...(region !== undefined && { region }),
      known: device.memoryRegions,
    },
  });
  const entry = index < 0 ? undefined : device.regionRefs?.[index];
  const answer = answerOfRef(entry);
  if ('off' in answer) return { ret: 0 };
  if ('errno' in answer) return refused(answer.errno, answer.because, entry?.region);
  const region = dmaMachine(records).regions.find(({ name }) => name === answer.region);
  if (region === undefined || region.handler === 'none') return refused('EINVAL', 'no-region', answer.region);
  const problem = initRegion(context, device, region);
  if (problem !== undefined) return refused(problem.errno, problem.because, region.name);
  printk.print(6, `${devPrefix(records, device.name)} assigned reserved memory node ${region.name}`);
  const binding = bindingOf(records, device.name);
  putBinding(records, device.name, {
    ...binding,
    assigned: [...(binding.assigned ?? []), region.name],
  });
  return { ret: 0, region: region.name, handler: region.handler };
}

interface InitProblem {
  readonly errno: 'EINVAL' | 'EBUSY' | 'ENOMEM';
  readonly because: RegionRefused['because'];
}

/** The region's device_init(). */
function initRegion(context: DriverContext, device: Device, region: BindableRegion): InitProblem | undefined {
  const { records } = context;
  const binding = bindingOf(records, device.name);
  switch (region.handler) {
    case 'cma':
      // It never refuses, and takes the place of an area before it.
      putBinding(records, device.name, {
        ...binding,
        ...(region.area !== undefined && { area: region.area }),
      });
      return undefined;
    case 'restricted':
      RestrictedPool.create(records, region.name, region.base, region.size);
      putBinding(records, device.name, { ...binding, restricted: region.name });
      return undefined;
    case 'coherent':
      return initPool(context, device, region);
    case 'none':
      return { errno: 'EINVAL', because: 'no-region' };
  }
}

/** rmem_dma_device_init(): the first device maps the pool, for ever; a heap may have before. */
function initPool(context: DriverContext, device: Device, region: BindableRegion): InitProblem | undefined {
  const { records, printk } = context;
  const { linux, geometry } = profileIn(records);
  const { pool, base, size } = region;
  if (pool === undefined) return { errno: 'EINVAL', because: 'unmapped' };
  if (!hasCoherentPool(records, pool)) {
    const problem = mapPool(context, region);
    if (problem !== undefined) return problem;
    const { pfnDown } = geometry;
    createCoherentPool(records, pool, { name: region.name, pfnBase: pfnDown(base), size: pfnDown(size) });
  }
  if (linux.dma.tellsBeyondReach) {
    // As it stands at that moment, and the CPU's address: wrong where dma-ranges translates.
    const reach = dmaLimit({ ...device, dmaMask: coherentMask(records, device) });
    if (base + size - 1n > reach) {
      const text = "reserved memory is beyond device's set DMA address range";
      printk.print(4, `${devPrefix(records, device.name)} ${text}`);
    }
  }
  const binding = bindingOf(records, device.name);
  if (binding.pool !== undefined) {
    return linux.dma.secondPool === 'EBUSY' ? { errno: 'EBUSY', because: 'second-pool' } : undefined;
  }
  putBinding(records, device.name, { ...binding, pool });
  return undefined;
}

/** dma_init_coherent_memory(), whose mapping boot has tried. */
function mapPool(context: DriverContext, { base, size, refused }: BindableRegion): InitProblem | undefined {
  if (refused === undefined) return undefined;
  const { records, printk } = context;
  const { linux } = profileIn(records);
  const { warning, once, errno } = refused;
  if (warning !== undefined && once !== undefined) {
    printk.printOnce(once, 4, warning);
    warn(context, once === 'memremap-mixed' ? 'memremap-mixed' : 'memremap-ram');
  } else if (warning !== undefined) printk.print(4, warning);
  if (errno === 12 || linux.dma.tellsUnmapped) printk.print(...linux.log.coherentPoolFailed(base, size));
  return { errno: errno === 12 ? 'ENOMEM' : 'EINVAL', because: 'unmapped' };
}

/** of_reserved_mem_device_release(): all that is bound; what of a pool is taken stays taken. */
export function releaseRegions({ records }: Pick<DriverContext, 'records'>, device: string): void {
  const { bound, driver, coherentMask: mask } = bindingOf(records, device);
  putBinding(records, device, {
    ...(bound && { bound }),
    ...(driver !== undefined && { driver }),
    ...(mask !== undefined && { coherentMask: mask }),
  });
}

/**
 * What the core does before a driver's probe(): the restricted pool of its device, if there is one and no IOMMU
 * stands before it. drivers/of/device.c: of_dma_set_restricted_buffer().
 */
export function bindDriver(context: DriverContext, device: Device, driver: string | undefined): void {
  const { records, printk } = context;
  putBinding(records, device.name, {
    ...bindingOf(records, device.name),
    bound: true,
    ...(driver !== undefined && { driver }),
  });
  const { config, linux } = profileIn(records);
  const isThere = config.CONFIG_DMA_RESTRICTED_POOL && linux.dma.restrictedAlign !== undefined;
  if (!isThere || device.iommu) return;
  const index = device.regionRefs?.findIndex((ref) => ref.restricted === true && ref.disabled !== true) ?? -1;
  if (index < 0) return;
  const bound = bindRegion(context, device, { index });
  if ('ret' in bound) return;
  const text = 'failed to initialise "restricted-dma-pool" memory node';
  printk.print(4, `${devPrefix(records, device.name)} ${text}`);
}
