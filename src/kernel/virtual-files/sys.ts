/** /sys: the folders that lead to heaps, CMA areas, the device tree and debugfs. */
import { dmaHeaps } from '../../dma-buf/dma-heap.ts';
import { atomicPoolBytes } from '../../mm/dma/atomic-pools.ts';
import type { ZoneName } from '../../profile/linux-version.ts';
import { bufinfo } from './bufinfo.ts';
import { cgroupMount } from './cgroup.ts';
import { cmaDebugfsDirectory } from './cma-debugfs.ts';
import { cmaSysfs } from './cma-sysfs.ts';
import type { Viewer } from './context.ts';
import { firmwareEntries } from './device-tree.ts';
import { heapClass, heapDevices, heapNumbers } from './dma-heap-sysfs.ts';
import { attribute, directory, type Entries, fixedDirectory, textFile } from './make-node.ts';
import type { VirtualDirectory } from './node.ts';

/** Everything else that a target has here is not modelled, and so it is not there. */
export function sysDirectory(viewer: Viewer): VirtualDirectory {
  const { records } = viewer;
  const virtualDevices = (): Entries =>
    dmaHeaps(records).length === 0 ? new Map() : new Map([['dma_heap', () => heapDevices(records)]]);
  return fixedDirectory(0o555, {
    class: () => fixedDirectory(0o755, { dma_heap: () => heapClass(records) }),
    dev: () => fixedDirectory(0o755, { char: () => heapNumbers(records) }),
    devices: () => fixedDirectory(0o755, { virtual: () => directory(0o755, virtualDevices) }),
    firmware: () => directory(0o755, () => firmwareEntries(records)),
    fs: () => directory(0o755, () => cgroupMount(viewer)),
    kernel: () =>
      fixedDirectory(0o755, {
        debug: () => debugfs(viewer),
        mm: () => directory(0o755, () => cmaSysfs(records)),
      }),
    module: () => directory(0o755, () => modules(viewer)),
  });
}

/** Parameters of modules that say how heaps behave. */
function modules({ profile }: Viewer): Entries {
  if (!profile.linux.memAccounting) return new Map();
  const value = profile.accounting.includes('memcg') ? 'Y' : 'N';
  const parameters = () => fixedDirectory(0o755, { mem_accounting: () => attribute(() => `${value}\n`) });
  return new Map([['dma_heap', () => fixedDirectory(0o755, { parameters })]]);
}

/** debugfs, mounted as everybody mounts it: its root is user 0's alone. */
const debugfs = (viewer: Viewer): VirtualDirectory =>
  fixedDirectory(0o700, {
    ...(viewer.profile.config.CONFIG_CMA_DEBUGFS && { cma: () => cmaDebugfsDirectory(viewer) }),
    dma_buf: () =>
      fixedDirectory(0o755, {
        bufinfo: () => textFile(() => bufinfo(viewer.records)),
      }),
    ...(hasAtomicPools(viewer) && { dma_pools: () => dmaPools(viewer) }),
  });

/** kernel/dma/pool.c: there are pools by zone, though not of every zone. */
const hasAtomicPools = ({ profile }: Viewer): boolean =>
  profile.arch.early.atomicPools(profile.config) === 'by-zone';

/** dma_atomic_pool_debugfs_init(): bytes of each pool. */
const dmaPools = ({ records }: Viewer): VirtualDirectory => {
  const size = (zone: ZoneName) => () => textFile(() => `${atomicPoolBytes(records, zone)}\n`, 0o400);
  return fixedDirectory(0o755, {
    pool_size_dma: size('DMA'),
    pool_size_dma32: size('DMA32'),
    pool_size_kernel: size('Normal'),
  });
};
