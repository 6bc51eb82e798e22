/** Every option in force, for people: its value, where that comes from, what it decides. */
import type { ConfigKey } from './config.ts';
import { HEAP_OPTIONS, PAGE_OPTIONS } from './given-option.ts';
import { ONLY_ON, whyNotThere } from './option-rules.ts';
import { DECIDES } from './option-texts.ts';
import type { Profile } from './profile.ts';

export interface OptionInForce {
  readonly name: string;
  /** As in .config: `y`, `m`, `n`, a number. */
  readonly value: string;
  /** `arm64 defconfig`, `built in here`, `always`, `preset debian`, a file, `--config`, `the board`. */
  readonly from: string;
  readonly decides: string;
}

/** What no defconfig has built in: heaps, and the files that show CMA areas. */
const BUILT_IN = 'built in here';
const NOT_IN_DEFCONFIGS: ReadonlySet<string> = new Set([
  ...Object.keys(HEAP_OPTIONS),
  'CONFIG_CMA_DEBUGFS',
  'CONFIG_CMA_SYSFS',
]);

/** Options of which every state is the same to some versions, which do not have them. */
const GONE_OR_NEW: ReadonlySet<ConfigKey> = new Set([
  'CONFIG_RODATA_FULL_DEFAULT_ENABLED',
  'CONFIG_CMA_DEBUG',
  'CONFIG_DMABUF_HEAPS_CMA_LEGACY',
] as const);

/** Whether the kernel that is spoken for has the option at all. */
function isThere(key: ConfigKey, profile: Profile): boolean {
  const { arch, linux, geometry, coherent_series } = profile;
  const only = ONLY_ON[key];
  if (only !== undefined && only !== arch.name) return false;
  if (key === 'CONFIG_STRICT_KERNEL_RWX') return arch.early.linearMap === 'largest-fit';
  if (key === 'CONFIG_DMA_COHERENT_POOL') return arch.name === 'x86_64';
  if (key === 'CONFIG_DMABUF_HEAPS_COHERENT') return coherent_series !== 'off';
  if (key === 'CONFIG_PAGE_BLOCK_MAX_ORDER') return linux.limitsPageblocks;
  if (key === 'CONFIG_CMA_SYSFS') return linux.cmaCounters.length > 0;
  if (!GONE_OR_NEW.has(key)) return true;
  const pageKiB = (geometry.pageSize / 1024) as 4;
  const asked = { linux, arch, pageKiB, coherent: coherent_series };
  // The state that nobody has by default is asked for.
  return whyNotThere(key, key, !profile.defaults[key], asked) === undefined;
}

function shown(key: ConfigKey, { config, modules }: Profile): string {
  const value = config[key];
  if (typeof value === 'number') return String(value);
  const module = Object.entries(HEAP_OPTIONS).find(([option]) => option === key)?.[1];
  if (value && module !== undefined && modules.includes(module)) return 'm';
  return value ? 'y' : 'n';
}

/** @param from the layer that decided an option; absent: the architecture's defconfig */
export function optionsInForce(
  profile: Profile,
  from: ReadonlyMap<ConfigKey | 'pages', string>,
): readonly OptionInForce[] {
  const { arch, geometry } = profile;
  const defconfig = `${arch.name} defconfig`;
  const origin = (key: ConfigKey): string => {
    if (Object.hasOwn(arch.fixedConfig, key)) return 'always';
    return from.get(key) ?? (NOT_IN_DEFCONFIGS.has(key) ? BUILT_IN : defconfig);
  };
  const pages = Object.entries(PAGE_OPTIONS)
    .filter(([, kib]) => arch.name === 'arm64' && kib * 1024 === geometry.pageSize)
    .map(([name]) => ({ name, value: 'y', from: from.get('pages') ?? defconfig, decides: 'the page size' }));
  const options = (Object.keys(DECIDES) as ConfigKey[])
    .filter((key) => isThere(key, profile))
    .map((key) => ({ name: key, value: shown(key, profile), from: origin(key), decides: DECIDES[key] }));
  return [...pages, ...options];
}
