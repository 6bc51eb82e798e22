/** The devices of a machine: those that the board has, and those that a user added. */
import type { Board } from '../board/board.ts';
import type { BoardDevice } from '../board/devices.ts';
import { DEFAULT_MAX_SEG_SIZE, type Device } from '../mm/dma/device.ts';
import type { Records } from '../records.ts';
import { recordKey } from '../records.ts';

/** DMA_BIT_MASK(32): what a device has until its driver asks for more (drivers/of/platform.c). */
export const DEFAULT_DMA_MASK = 0xffffffffn;

const PREFIX = 'device/';
const deviceKey = (name: string): string => recordKey('device', name);

/** DMA_BIT_MASK(): the highest address of so many bits. @param bits 1 to 64 */
export const dmaBitMask = (bits: number): bigint => (1n << BigInt(bits)) - 1n;

/** Facts of the tree as a device, with what its driver is not known to have changed: of_dma_configure_id(). */
export function deviceOf(board: BoardDevice): Device {
  const limit = board.busDmaLimit ?? 0n;
  // of_dma_configure_id() cuts the mask to the bits that the highest bus address needs.
  const bits = limit === 0n ? 32 : limit.toString(2).length;
  const mask = dmaBitMask(Math.min(bits, 32));
  return {
    name: board.name,
    path: board.path,
    dmaCoherent: board.dmaCoherent,
    dmaMask: mask,
    busDmaLimit: limit,
    dmaRanges: board.dmaRanges,
    iommu: board.iommu,
    maxSegSize: DEFAULT_MAX_SEG_SIZE,
    importer: 'vb2',
    contiguous: false,
    memoryRegions: board.memoryRegions,
    ...(board.regionRefs && { regionRefs: board.regionRefs }),
    ...(board.regionNames && { regionNames: board.regionNames }),
    origin: 'board',
  };
}

/**
 * Makes the board's devices: of_platform_default_populate(). The first of two with one name wins.
 *
 * @param readsNonCoherent whether the kernel knows `dma-noncoherent`
 * @param hasIommus whether it has drivers for IOMMUs
 */
export function createDevices(
  records: Records,
  board: Board,
  readsNonCoherent: boolean,
  hasIommus: boolean,
): void {
  for (const found of board.devices ?? []) {
    const device = deviceOf(asSeenBy(found, readsNonCoherent, hasIommus));
    if (findDevice(records, device.name) === undefined) putDevice(records, device);
  }
}

/** A device as a kernel that lacks something sees it. */
export function asSeenBy(device: BoardDevice, readsNonCoherent: boolean, hasIommus: boolean): BoardDevice {
  const coherent = device.dmaCoherent || (!readsNonCoherent && device.coherentWithoutNon === true);
  return { ...device, dmaCoherent: coherent, iommu: device.iommu && hasIommus };
}

export const findDevice = (records: Records, name: string): Device | undefined =>
  records.get<Device>(deviceKey(name));

export const putDevice = (records: Records, device: Device): void =>
  records.put<Device>(deviceKey(device.name), device);

export const removeDevice = (records: Records, name: string): void => records.delete(deviceKey(name));

/** All devices by name. */
export const devicesOf = (records: Records): readonly Device[] =>
  [...records.list<Device>(PREFIX)].map(([, device]) => device);

/** The name of its device-tree node: what stands in the source. */
export const nodeNameOf = ({ path }: Device): string | undefined => path?.slice(path.lastIndexOf('/') + 1);

/**
 * The devices that somebody may mean: the one with that dev_name() or path, else those whose node is called so.
 */
export function devicesCalled(devices: readonly Device[], text: string): readonly Device[] {
  const exact = devices.find(({ name, path }) => name === text || path === text);
  return exact === undefined ? devices.filter((device) => nodeNameOf(device) === text) : [exact];
}
