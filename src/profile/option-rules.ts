/**
 * Which kernels have an option at all, and in which states. Where an option is not there, giving it would change
 * nothing: it is refused by name.
 */
import type { Architecture, PageKiB } from './architecture.ts';
import type { ConfigKey } from './config.ts';
import { HEAP_OPTIONS } from './given-option.ts';
import type { LinuxVersion } from './linux-version.ts';

/** The kernel that is asked for. */
export interface AskedKernel {
  readonly linux: LinuxVersion;
  readonly arch: Architecture;
  readonly pageKiB: PageKiB;
  readonly coherent: string;
}

/** Options of one architecture only. */
export const ONLY_ON: Readonly<Partial<Record<ConfigKey, string>>> = {
  CONFIG_ARM64_VA_BITS: 'arm64',
  CONFIG_RODATA_FULL_DEFAULT_ENABLED: 'arm64',
  CONFIG_HIGHMEM: 'arm',
  CONFIG_ARM_LPAE: 'arm',
  CONFIG_RISCV_DMA_NONCOHERENT: 'riscv64',
};

/** Bits of a virtual address that arm64 offers with its pages. */
const VA_BITS: Readonly<Record<PageKiB, readonly number[]>> = {
  4: [39, 48, 52],
  16: [36, 47, 48, 52],
  64: [42, 48, 52],
};

const shown = (value: boolean | number): string =>
  typeof value === 'number' ? `${value}` : value ? 'y' : 'n';

/**
 * Why a kernel has no such option, or not in that state; `undefined` where it has.
 *
 * @param name as it was given, which may be an older one
 */
export function whyNotThere(
  name: string,
  key: ConfigKey,
  value: boolean | number,
  kernel: AskedKernel,
): string | undefined {
  const { arch, linux } = kernel;
  const only = ONLY_ON[key];
  if (only !== undefined && only !== arch.name)
    return value === false ? undefined : `it is an option of ${only}`;
  const fixed = arch.fixedConfig[key];
  if (fixed !== undefined && fixed !== value) return `on ${arch.name} it is always ${shown(fixed)} here`;
  const has = linux.options;
  switch (key) {
    case 'CONFIG_PAGE_BLOCK_MAX_ORDER':
      return linux.limitsPageblocks || value === 0 ? undefined : 'it came with Linux 6.18';
    case 'CONFIG_RODATA_FULL_DEFAULT_ENABLED':
      return has.rodataFull || value === true ? undefined : 'by Linux 6.18 it is gone: rodata= alone decides';
    case 'CONFIG_SLOB':
      return linux.hasSlob || value === false ? undefined : 'by Linux 6.6 it is gone';
    case 'CONFIG_CMA_DEBUG':
      return has.cmaDebug || value === false
        ? undefined
        : 'by Linux 6.12 it is gone: what is free is always told';
    case 'CONFIG_DMABUF_HEAPS_CMA_LEGACY':
      return linux.cmaHeaps === 'default-twice' || value === true ? undefined : 'only Linux 6.18 has it';
    case 'CONFIG_DMABUF_HEAPS_COHERENT':
      return kernel.coherent !== 'off' || value === false
        ? undefined
        : 'it is of the coherent series, which is off (--coherent v3)';
    case 'CONFIG_ARCH_FORCE_MAX_ORDER':
      return whyNoOrder(name, Number(value), kernel);
    case 'CONFIG_ARM64_VA_BITS':
      return whyNoBits(Number(value), kernel);
    default:
      return undefined;
  }
}

/** A heap as a module. @param option its option */
export const whyNoModule = ({ linux }: AskedKernel): string | undefined =>
  linux.options.heapModules ? undefined : 'before Linux 7.2 a heap is built in or absent';

/** The option that makes a heap. */
export const optionOfHeap = (module: string): string =>
  Object.entries(HEAP_OPTIONS).find(([, name]) => name === module)?.[0] ?? module;

function whyNoOrder(name: string, value: number, { linux, arch, pageKiB }: AskedKernel): string | undefined {
  if (value === 0) return undefined;
  const older = name === 'CONFIG_FORCE_MAX_ZONEORDER';
  if (older !== (linux.options.maxOrder === 'zone')) {
    return older
      ? 'since Linux 6.1 it is CONFIG_ARCH_FORCE_MAX_ORDER'
      : 'before Linux 6.1 it is CONFIG_FORCE_MAX_ZONEORDER';
  }
  const sizes = arch.pages[pageKiB];
  if (sizes === undefined) return undefined;
  const order = value - (linux.options.maxOrder === 'inclusive' ? 0 : 1);
  const most = sizes.sectionSize.toString(2).length - 1 - sizes.pageShift;
  if (order > most) return `a block may not be larger than a section: at most ${most + value - order}`;
  return order < 1 ? 'a block has at least two pages' : undefined;
}

function whyNoBits(value: number, { linux, pageKiB }: AskedKernel): string | undefined {
  const offered = VA_BITS[pageKiB].filter(
    (bits) => bits !== 52 || pageKiB === 64 || linux.options.smallPages52,
  );
  return offered.includes(value)
    ? undefined
    : `with pages of ${pageKiB} KiB this kernel offers ${offered.join(', ')}`;
}
