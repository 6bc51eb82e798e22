/** The nodes of /dev/dri: one for each device that DRM drives. Models drivers/gpu/drm/drm_drv.c (Linux 7.3). */
import { DEFAULT_MAX_SEG_SIZE, type Device } from '../mm/dma/device.ts';
import type { ProfileConfig } from '../profile/config.ts';
import type { Records } from '../records.ts';
import { U64_MASK } from '../units.ts';
import { putDevice } from './device-table.ts';

/** The devices by the number of their card; `null` where one has gone. */
const CARDS = 'drm-cards';

/** What devtmpfs makes of a node without a rule: root's alone. */
const DEVTMPFS_MODE = 0o600;
/** The minors of render nodes begin here: DRM_MINOR_RENDER. */
const FIRST_RENDER = 128;
/** The driver whose device has a render node as well. */
export const VGEM = 'vgem';

/** Drivers without hardware, in the order of their probing, and the option that builds each in. */
const VIRTUAL = [
  [VGEM, 'CONFIG_DRM_VGEM'],
  ['vkms', 'CONFIG_DRM_VKMS'],
] as const;

/** A device that sits on no bus and drives 64 bits. */
export const virtualDevice = (name: string): Device => ({
  name,
  dmaCoherent: false,
  dmaMask: U64_MASK,
  busDmaLimit: 0n,
  dmaRanges: [],
  iommu: false,
  maxSegSize: DEFAULT_MAX_SEG_SIZE,
  importer: 'drm',
  contiguous: false,
  memoryRegions: [],
  origin: 'added',
});

/** Probes the drivers without hardware that are built in. */
export function createVirtualDrmDevices(records: Records, config: ProfileConfig): void {
  for (const [name, option] of VIRTUAL) {
    if (!config[option]) continue;
    putDevice(records, virtualDevice(name));
    registerDrmDevice(records, name);
  }
}

const cards = (records: Records): readonly (string | null)[] => records.get<(string | null)[]>(CARDS) ?? [];

/** Gives a device the lowest card that is free: drm_dev_register(). */
export function registerDrmDevice(records: Records, device: string): void {
  const known = [...cards(records)];
  const free = known.indexOf(null);
  known[free < 0 ? known.length : free] = device;
  records.put(CARDS, known);
}

/** Takes a device's card away, if it has one: drm_dev_unplug(). */
export function unregisterDrmDevice(records: Records, device: string): void {
  if (!cards(records).includes(device)) return;
  records.put(
    CARDS,
    cards(records).map((name) => (name === device ? null : name)),
  );
}

/** A node of /dev/dri. */
export interface DrmNode {
  readonly name: string;
  readonly device: string;
  readonly minor: number;
  readonly mode: number;
}

/**
 * The nodes by name.
 *
 * Deviation: which other drivers have render nodes is not known, so only vgem has one.
 */
export function drmNodes(records: Records): readonly DrmNode[] {
  const nodes = cards(records).flatMap((device, card): DrmNode[] => {
    if (device === null) return [];
    const node = { device, mode: DEVTMPFS_MODE };
    const render = { ...node, name: `renderD${FIRST_RENDER + card}`, minor: FIRST_RENDER + card };
    return [{ ...node, name: `card${card}`, minor: card }, ...(device === VGEM ? [render] : [])];
  });
  return nodes.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The node of that path. */
export const drmNode = (records: Records, path: string): DrmNode | undefined =>
  drmNodes(records).find(({ name }) => path === `/dev/dri/${name}`);
