/**
 * What a boot loader and a user give beside the board: command line, memory, what is loaded where, and
 * how the kernel was configured.
 */
import type { HeapDeclarations } from '../../board/declared-heaps.ts';
import type { HeapModule } from '../../dma-buf/heap-modules.ts';
import type { Accounting } from '../../profile/accounting.ts';
import type { PageKiB } from '../../profile/architecture.ts';
import type { CoherentSeries } from '../../profile/coherent-series.ts';
import type { ConfigFile } from '../../profile/dot-config.ts';
import type { ConfigValue } from '../../profile/given-option.ts';
import type { PhysRange } from '../../units.ts';
import type { FaultRule } from '../faults/fault-rule.ts';

export type { ConfigValue };

/** What a boot loader puts into memory before Linux runs, and what is reserved by any other name before the tree is read. */
export interface BootReserved {
  /** The kernel image, text to bss. */
  readonly kernel?: PhysRange;
  readonly initrd?: PhysRange;
  readonly dtb?: PhysRange;
  /** EFI runtime services, the boot loader, a TEE: `early-reservations.ts` says which names there can be. */
  readonly [name: string]: PhysRange | undefined;
}

export interface BootParams {
  /** The kernel command line; replaces the board's bootargs as a boot loader does. */
  readonly cmdline?: string;
  /** Memory that the boot loader fills in; replaces the board's own when there is any. */
  readonly memory?: readonly PhysRange[];
  /** Absent members get the documented defaults (`boot-loader.ts`). */
  readonly reserve?: BootReserved;
  /** A configuration that people run, by its name. */
  readonly preset?: string;
  /** A configuration that was read from a file; it lies over the preset. */
  readonly configFile?: ConfigFile;
  /** Single options, over all of that: CONFIG_CMA_SIZE_MBYTES and so on, with values as in .config. */
  readonly config?: Readonly<Record<string, ConfigValue>>;
  /** The state of the coherent heap series; unless given `v3`, and `off` where a kernel is named. */
  readonly coherent?: CoherentSeries;
  /** Which heaps charge cgroups; none unless given, here or on the command line. */
  readonly accounting?: readonly Accounting[];
  /** Heaps that a vendor's kernel has beside mainline's, or instead of them, after those of the board. */
  readonly vendor?: HeapDeclarations;
  /** The release of Linux: `6.12`, `6.12.107`, `nearest:6.15`; the board's, or else the newest, unless given. */
  readonly kernel?: string;
  /** The architecture, as the kernel's sources call it; the board's unless given, and arm64 where it says none. */
  readonly arch?: string;
  /** The page size that the kernel was built with, in KiB; 4 unless given. */
  readonly pageKiB?: PageKiB;
  /** Bytes of the unflattened device tree, where it is known; computed from the board's tree unless given. */
  readonly unflattenedTree?: bigint;
  /** The shell task's soft RLIMIT_NOFILE; 1024 unless given. */
  readonly nofile?: number;
  /** The permission bits that a udev rule gives the nodes of /dev/dma_heap; 0600 unless given. */
  readonly heapMode?: number;
  /** The group that a udev rule gives them; 0 (root) unless given. */
  readonly heapGid?: number;
  /** The seed by which cache lines are evicted by chance; absent: never. */
  readonly evict?: number;
  /** Heap modules that are not loaded at boot. */
  readonly modules?: readonly HeapModule[];
  /** What goes wrong on purpose, from boot on; rules of modules are as `modules`. */
  readonly faults?: readonly FaultRule[];
}
