/** A kernel's configuration as it is built from: the lines of `.config` and /proc/config.gz. */
import type { ConfigKey } from './config.ts';
import { type ConfigValue, isRead, readGiven } from './given-option.ts';

/** A configuration that was read from a file: plain data, which a session keeps. */
export interface ConfigFile {
  /** What messages call it. */
  readonly name: string;
  /** Whether it is a whole one: options that it does not name are off. */
  readonly whole: boolean;
  /** The architecture that its first lines name, as `uname -m` has it here. */
  readonly arch?: string;
  /** The release that they name: `6.12.0`. */
  readonly release?: string;
  /** What of it answers depend on, by whole names. */
  readonly options: Readonly<Record<string, ConfigValue>>;
}

/** Options that are off where a whole configuration does not name them. */
const ABSENT_IS_OFF: readonly ConfigKey[] = [
  'CONFIG_DMABUF_HEAPS_SYSTEM',
  'CONFIG_DMABUF_HEAPS_CMA',
  'CONFIG_DMABUF_HEAPS_COHERENT',
  'CONFIG_HUGETLBFS',
  'CONFIG_TRANSPARENT_HUGEPAGE',
  'CONFIG_ZONE_DMA',
  'CONFIG_ZONE_DMA32',
  'CONFIG_EFI',
  'CONFIG_CMA_DEBUG',
  'CONFIG_CMA_DEBUGFS',
  'CONFIG_CMA_SYSFS',
  'CONFIG_DMA_CMA',
  'CONFIG_MEMCG',
  'CONFIG_CGROUP_DMEM',
  'CONFIG_HIGHMEM',
  'CONFIG_ARM_LPAE',
  'CONFIG_SPARSEMEM',
  'CONFIG_STRICT_KERNEL_RWX',
  'CONFIG_RISCV_DMA_NONCOHERENT',
  'CONFIG_DMA_COHERENT_POOL',
  'CONFIG_DRM_VGEM',
  'CONFIG_DRM_VKMS',
];

/** The same of options that some kernels do not have: off only where the kernel has them. */
const OFF_WHERE_KNOWN: readonly ConfigKey[] = [
  'CONFIG_RODATA_FULL_DEFAULT_ENABLED',
  'CONFIG_DMABUF_HEAPS_CMA_LEGACY',
];

/**
 * Options of Kconfig that others stand below: without the first there are none of the others, which a configuration
 * then does not even name.
 */
const BELOW: Readonly<Record<string, readonly ConfigKey[]>> = {
  CONFIG_DMABUF_HEAPS: [
    'CONFIG_DMABUF_HEAPS_SYSTEM',
    'CONFIG_DMABUF_HEAPS_CMA',
    'CONFIG_DMABUF_HEAPS_COHERENT',
  ],
  CONFIG_DMA_SHARED_BUFFER: [
    'CONFIG_DMABUF_HEAPS_SYSTEM',
    'CONFIG_DMABUF_HEAPS_CMA',
    'CONFIG_DMABUF_HEAPS_COHERENT',
  ],
  CONFIG_CMA: [
    'CONFIG_DMA_CMA',
    'CONFIG_DMABUF_HEAPS_CMA',
    'CONFIG_CMA_DEBUG',
    'CONFIG_CMA_DEBUGFS',
    'CONFIG_CMA_SYSFS',
  ],
  CONFIG_DMA_CMA: ['CONFIG_DMABUF_HEAPS_CMA'],
  CONFIG_CGROUPS: ['CONFIG_MEMCG', 'CONFIG_CGROUP_DMEM'],
  CONFIG_DRM: ['CONFIG_DRM_VGEM', 'CONFIG_DRM_VKMS'],
};

/** What no arm64 kernel is without. */
const SELECTED_ON_ARM64: ReadonlySet<ConfigKey> = new Set([
  'CONFIG_SPARSEMEM',
  'CONFIG_DMA_COHERENT_POOL',
] as const);

/** How configurations call architectures. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x86: 'x86_64', riscv: 'riscv64' };

/** Whether a text has lines of a configuration. */
export const looksLikeDotConfig = (text: string): boolean =>
  /^(CONFIG_[A-Z0-9_]+=|# CONFIG_[A-Z0-9_]+ is not set\r?$)/m.test(text);

interface Line {
  readonly value: string;
  readonly line: number;
}

/** The lines by their options; the later of two counts. */
function linesOf(text: string): ReadonlyMap<string, Line> {
  const values = new Map<string, Line>();
  for (const [i, line] of text.split('\n').entries()) {
    const set = /^(CONFIG_\w+)=(.*?)\s*$/.exec(line);
    const unset = /^# (CONFIG_\w+) is not set\s*$/.exec(line);
    const key = set?.[1] ?? unset?.[1];
    if (key !== undefined) values.set(key, { value: set?.[2] ?? 'n', line: i + 1 });
  }
  return values;
}

/** What a configuration's first lines say: `# Linux/arm64 6.12.0 Kernel Configuration`. */
function headerOf(text: string): Pick<ConfigFile, 'arch' | 'release'> {
  const [, arch = '', release = ''] = /^# Linux\/(\w+) (\S+) Kernel Configuration/m.exec(text) ?? [];
  if (arch === '') return {};
  return { arch: ARCHITECTURES[arch] ?? arch, release };
}

/** The architecture by an option that each has of its own. */
const BY_OPTION: readonly (readonly [option: string, arch: string])[] = [
  ['CONFIG_ARM64', 'arm64'],
  ['CONFIG_ARM', 'arm'],
  ['CONFIG_RISCV', 'riscv64'],
  ['CONFIG_X86_64', 'x86_64'],
];

/** Options that only whole configurations have: nobody chooses them. */
const OF_WHOLE = ['CONFIG_PGTABLE_LEVELS', 'CONFIG_MMU', 'CONFIG_HAVE_MEMBLOCK', 'CONFIG_PAGE_SHIFT'];

/** The value of a line, as `readGiven` takes it. */
const lineValue = (key: string, { value }: Line): ConfigValue =>
  key === 'CONFIG_CMDLINE' ? value.replace(/^"(.*)"$/s, '$1') : value;

/**
 * Reads a configuration, whole or a part of one, such as a defconfig or a fragment.
 *
 * @param name what messages call it
 * @returns the file, and what of it cannot be read, with the numbers of the lines
 */
export function readConfigFile(
  text: string,
  name: string,
): {
  readonly file: ConfigFile;
  readonly problems: readonly { readonly line: number; readonly key: string; readonly value: string }[];
} {
  const lines = linesOf(text);
  const header = headerOf(text);
  const arch = header.arch ?? BY_OPTION.find(([option]) => lines.get(option)?.value === 'y')?.[1];
  const whole =
    header.release !== undefined ||
    /^# Automatically generated file/m.test(text) ||
    OF_WHOLE.some((key) => lines.has(key));
  const problems: { line: number; key: string; value: string }[] = [];
  const options: Record<string, ConfigValue> = {};
  const isArm64 = arch === 'arm64';
  if (whole) for (const key of ABSENT_IS_OFF) if (!isArm64 || !SELECTED_ON_ARM64.has(key)) options[key] = 'n';
  if (whole && isArm64) for (const key of OFF_WHERE_KNOWN) options[key] = 'n';
  for (const [above, below] of Object.entries(BELOW)) {
    if (lines.get(above)?.value === 'n') for (const key of below) options[key] = 'n';
  }
  for (const [key, line] of lines) {
    if (!isRead(key)) continue;
    const value = lineValue(key, line);
    if ('problem' in readGiven(key, value)) problems.push({ line: line.line, key, value: line.value });
    else options[key] = value;
  }
  const file = {
    name,
    whole,
    ...(arch !== undefined && { arch }),
    ...(header.release !== undefined && { release: header.release }),
    options,
  };
  return { file, problems };
}

/** Two files as one, of which the later counts; a whole one leaves nothing of those before it. */
export function laterFile(before: ConfigFile | undefined, file: ConfigFile): ConfigFile {
  if (before === undefined || file.whole) return file;
  return {
    ...before,
    ...file,
    name: `${before.name} and ${file.name}`,
    whole: before.whole,
    options: { ...before.options, ...file.options },
  };
}

/** Such a file as text: a bundle keeps it so. */
export function configFileText({ arch, release, whole, options }: ConfigFile): string {
  const named = Object.entries(ARCHITECTURES).find(([, known]) => known === arch)?.[0] ?? arch;
  const head = [
    ...(whole ? ['# Automatically generated file: what dmaheap reads of one.'] : []),
    ...(release !== undefined ? [`# Linux/${named} ${release} Kernel Configuration`] : []),
  ];
  const isArm64 = release === undefined && arch !== undefined;
  const own = isArm64 ? BY_OPTION.filter(([, known]) => known === arch).map(([option]) => `${option}=y`) : [];
  const lines = Object.entries(options).map(([key, value]) =>
    value === 'n' ? `# ${key} is not set` : `${key}=${key === 'CONFIG_CMDLINE' ? `"${value}"` : value}`,
  );
  return `${[...head, ...own, ...lines].join('\n')}\n`;
}
