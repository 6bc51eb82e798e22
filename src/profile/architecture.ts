/** What differs between architectures, as values. One file an architecture stands beside this one. */
import type { ArchOpenFlags } from '../uapi/fcntl.ts';
import type { StatLayout } from '../uapi/stat.ts';
import type { PhysAddr } from '../units.ts';
import type { GeometrySizes } from './geometry.ts';

/** A page size in KiB, as CONFIG_ARM64_4K_PAGES and its kin choose it. */
export type PageKiB = 4 | 16 | 64;

export interface Architecture {
  readonly name: string;
  /** The page sizes that the kernel can be built with. */
  readonly pages: Readonly<Partial<Record<PageKiB, GeometrySizes>>>;
  /** The numbers of the open flags that no two architectures agree on. */
  readonly openFlags: ArchOpenFlags;
  /** struct stat. */
  readonly stat: StatLayout;
  /** TASK_SIZE: the end of a task's addresses. */
  readonly taskSize: bigint;
  /** The end of physical addresses that ioremap() takes: PHYS_MASK + 1. */
  readonly physEnd: PhysAddr;
  /** The end of ZONE_DMA32, and of ZONE_DMA where no device asks for less. */
  readonly dma32End: PhysAddr;
  /** VMALLOC_TOTAL as /proc/meminfo has it, KiB. */
  readonly vmallocTotalKiB: number;
}
