/**
 * What no recording of a running kernel stands behind: the one rule by which banners, warnings and JSON say
 * `unverified`.
 */
import type { Architecture } from './architecture.ts';
import type { ConfigKey, ProfileConfig } from './config.ts';
import type { Geometry } from './geometry.ts';
import { kernelRow } from './kernels.ts';
import type { LinuxVersion } from './linux-version.ts';

/** What of a profile decides whether recordings stand behind it. */
export interface Doubted {
  readonly linux: LinuxVersion;
  readonly arch: Architecture;
  readonly geometry: Geometry;
  readonly config: ProfileConfig;
  /** The configuration of the recorded kernels, but for sizes. */
  readonly defaults: ProfileConfig;
  /** Options in force that are not modelled, each with what it does. */
  readonly noted: readonly string[];
}

/** One reason why answers are unverified. */
export interface Doubt {
  /** The kernel itself on this architecture with these pages, or an option of its configuration. */
  readonly about: 'kernel' | 'option';
  /** The option, where it is one. */
  readonly option?: string;
  /** As a sentence without its full stop. */
  readonly text: string;
}

/** Options whose state decides how memory is cut, and that every recording has in the state of the defconfig. */
const RECORDED_AS_DEFAULT: readonly (ConfigKey | readonly [option: ConfigKey, arch: string])[] = [
  'CONFIG_DMA_CMA',
  'CONFIG_CMA_SIZE_SEL_PERCENTAGE',
  'CONFIG_CMA_SIZE_SEL_MIN',
  'CONFIG_CMA_SIZE_SEL_MAX',
  'CONFIG_CMA_ALIGNMENT',
  'CONFIG_ZONE_DMA',
  'CONFIG_ZONE_DMA32',
  ['CONFIG_HIGHMEM', 'arm'],
  'CONFIG_CMA_DEBUG',
  'CONFIG_SPARSEMEM',
  ['CONFIG_STRICT_KERNEL_RWX', 'riscv64'],
  ['CONFIG_RISCV_DMA_NONCOHERENT', 'riscv64'],
];

/** Bits of a virtual address that kernels were recorded with. */
const RECORDED_VA_BITS: Readonly<Record<number, readonly number[]>> = { 4: [39, 48, 52], 16: [48], 64: [48] };

const shown = (value: boolean | number): string =>
  typeof value === 'number' ? `${value}` : value ? 'y' : 'n';

/** Everything that answers for this kernel rest on without a recording; empty where there is none. */
export function doubtsOf(profile: Doubted): readonly Doubt[] {
  return [...kernelDoubts(profile), ...optionDoubts(profile), ...profile.noted.map(notedDoubt)];
}

function kernelDoubts({ linux, arch, geometry }: Doubted): Doubt[] {
  const row = kernelRow(linux.name);
  if (row?.recorded === undefined) {
    const text = `Linux ${linux.name} is unverified: read from ${row?.source}, never recorded`;
    return [{ about: 'kernel', text }];
  }
  const pages: readonly number[] = row.recorded.on[arch.name] ?? [];
  const kib = geometry.pageSize / 1024;
  if (pages.includes(kib)) return [];
  const known = Object.entries(row.recorded.on).map(
    ([name, sizes]) => `${name} with ${sizes.join(', ')} KiB pages`,
  );
  const text = `Linux ${linux.name} on ${arch.name} with ${kib} KiB pages is unverified: recorded is ${known.join('; ')}`;
  return [{ about: 'kernel', text }];
}

function optionDoubts({ arch, config, defaults, geometry }: Doubted): Doubt[] {
  const kib = geometry.pageSize / 1024;
  const states: [ConfigKey, boolean][] = RECORDED_AS_DEFAULT.map((one) => {
    const [key, of = arch.name] = typeof one === 'string' ? [one] : one;
    return [key, of === arch.name && config[key] !== defaults[key]];
  });
  const { CONFIG_PAGE_BLOCK_MAX_ORDER: block, CONFIG_ARM64_VA_BITS: bits } = config;
  const ownOrder = arch.pages[kib as 4]?.maxPageOrder;
  states.push(['CONFIG_ARCH_FORCE_MAX_ORDER', geometry.maxPageOrder !== ownOrder]);
  // The recorded kernels of larger pages had 10.
  states.push(['CONFIG_PAGE_BLOCK_MAX_ORDER', block > 0 && !(block === 10 && kib > 4)]);
  states.push(['CONFIG_ARM64_VA_BITS', arch.versionSizes && RECORDED_VA_BITS[kib]?.includes(bits) === false]);
  return states
    .filter(([, isNew]) => isNew)
    .map(([option]) => ({
      about: 'option',
      option,
      text: `${option}=${shown(config[option])} is unverified: no recorded kernel was built so`,
    }));
}

const notedDoubt = (text: string): Doubt => ({
  about: 'option',
  option: text.slice(0, text.indexOf('=')),
  text: `${text}, which is not modelled: answers are unverified`,
});
