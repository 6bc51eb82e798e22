/** A device as somebody describes it who adds or changes one: what is not said is as Linux has it. */
import type { BoardDevice } from '../board/devices.ts';
import { busDmaLimit } from '../board/dma-configure.ts';
import { asSeenBy, deviceOf, dmaBitMask } from '../kernel/device-table.ts';
import type { Device, DmaRange } from '../mm/dma/device.ts';
import type { Profile } from '../profile/profile.ts';

/** The facts of a node as the kernel that runs sees them. */
export const nodeAsSeen = (node: BoardDevice, { linux, config }: Profile): BoardDevice =>
  asSeenBy(node, linux.dma.readsNonCoherent, config.CONFIG_IOMMU_SUPPORT);

/** What is said of it. */
export interface DeviceFacts {
  readonly coherent?: boolean;
  /** Bits. */
  readonly mask?: number;
  readonly iommu?: boolean;
  readonly dmaRange?: readonly DmaRange[];
  readonly busLimit?: bigint;
  readonly maxSegSize?: bigint;
  readonly contiguous?: boolean;
  readonly importer?: Device['importer'];
}

/** A name that dev_name() can have, and one word of a command line. */
export const isDeviceName = (name: string): boolean =>
  /^[^\s/\p{C}]{1,64}$/u.test(name) && !name.startsWith('-');

/** A device as `device set` changes it. */
export function changeDevice(device: Device, options: DeviceFacts): Device {
  const ranges = options.dmaRange;
  // A window ends somewhere: no address above its end is carried.
  const limit = options.busLimit ?? (ranges && (busDmaLimit(ranges) ?? 0n));
  return {
    ...device,
    ...(options.coherent !== undefined && { dmaCoherent: options.coherent }),
    ...(options.iommu !== undefined && { iommu: options.iommu }),
    ...(ranges !== undefined && { dmaRanges: ranges }),
    ...(limit !== undefined && { busDmaLimit: limit }),
    ...(options.mask !== undefined && { dmaMask: dmaBitMask(options.mask) }),
    ...(options.maxSegSize !== undefined && { maxSegSize: Number(options.maxSegSize) }),
    ...(options.contiguous !== undefined && { contiguous: options.contiguous }),
    ...(options.importer !== undefined && { importer: options.importer }),
  };
}

/**
 * A device that the board does not have.
 *
 * @param node the facts of its node in the board's tree, over which the options go
 */
export function makeDevice(name: string, node: BoardDevice | undefined, options: DeviceFacts): Device {
  const { dmaRange, busLimit } = options;
  const facts: BoardDevice = node ?? {
    name,
    path: '',
    compatible: [],
    dmaCoherent: false,
    dmaRanges: [],
    iommu: false,
    memoryRegions: [],
  };
  const limit = busLimit ?? (dmaRange === undefined ? facts.busDmaLimit : busDmaLimit(dmaRange));
  const { busDmaLimit: _, ...unlimited } = facts;
  // The mask that Linux sets depends on the limit: deviceOf() knows how.
  const placed = { ...unlimited, name, ...(limit !== undefined && { busDmaLimit: limit }) };
  const { path, ...device } = deviceOf(placed);
  const named: Device = {
    ...device,
    origin: 'added',
    ...(node !== undefined && path !== undefined && { path }),
  };
  return changeDevice(named, { ...options, ...(limit !== undefined && { busLimit: limit }) });
}
