/** The configuration that is in force for a boot: every option, its value, where that comes from, what it decides. */
import { type Diagnostic, InvalidInput } from '../diagnostic.ts';
import { askedProfile, type KernelBoard, type KernelParams } from '../kernel/boot/asked-profile.ts';
import type { ConfigKey } from '../profile/config.ts';
import { layeredConfig } from '../profile/config-layers.ts';
import { HEAP_OPTIONS, PAGE_OPTIONS } from '../profile/given-option.ts';
import { ONLY_ON, whyNotThere } from '../profile/option-rules.ts';
import { DECIDES } from '../profile/option-texts.ts';
import { presetFor, presetOf } from '../profile/presets.ts';
import { linuxBanner, type Profile } from '../profile/profile.ts';

export interface OptionInForce {
  readonly name: string;
  /** As in .config: `y`, `m`, `n`, a number. */
  readonly value: string;
  /** `arm64 defconfig`, `built in`, `always`, `preset debian`, a file, `--config`, `the board`. */
  readonly from: string;
  readonly decides: string;
}

export interface ConfigInForce {
  /** Which Linux it is. */
  readonly profile: string;
  /** What the configuration is called. */
  readonly configuration: string;
  readonly arch: string;
  readonly options: readonly OptionInForce[];
  /** Where a preset's values stand. */
  readonly source?: string;
  readonly warnings: readonly Diagnostic[];
}

/** Heaps that no defconfig has built in. */
const BUILT_IN = 'built in here';

/** Whether the kernel that is spoken for has the option at all. */
function isThere(key: ConfigKey, profile: Profile): boolean {
  const { arch, linux, config, geometry, coherent_series } = profile;
  const only = ONLY_ON[key];
  if (only !== undefined && only !== arch.name) return false;
  if (key === 'CONFIG_STRICT_KERNEL_RWX') return arch.early.linearMap === 'largest-fit';
  if (key === 'CONFIG_DMA_COHERENT_POOL')
    return arch.fixedConfig[key] === undefined && arch.name === 'x86_64';
  if (key === 'CONFIG_DMABUF_HEAPS_COHERENT') return coherent_series !== 'off';
  if (key === 'CONFIG_PAGE_BLOCK_MAX_ORDER') return linux.limitsPageblocks;
  // What none of its states changes is not there: the state that nobody has by default is asked for.
  const asked = { linux, arch, pageKiB: (geometry.pageSize / 1024) as 4, coherent: coherent_series };
  const isGone = (
    ['CONFIG_RODATA_FULL_DEFAULT_ENABLED', 'CONFIG_CMA_DEBUG', 'CONFIG_DMABUF_HEAPS_CMA_LEGACY'] as const
  ).some((one) => one === key && whyNotThere(key, key, !profile.defaults[key], asked) !== undefined);
  return !isGone && config[key] !== undefined;
}

/** @throws InvalidInput where the inputs ask for what is not there */
export function configInForce(board: KernelBoard, params: KernelParams): ConfigInForce {
  const { profile, diagnostics, layers, release, coherent, arch } = askedProfile(board, params);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (profile === undefined || errors.length > 0) throw new InvalidInput(errors);
  const { linux } = profile;
  const asked = { linux, arch: profile.arch, pageKiB: params.pageKiB ?? 4, coherent };
  const { from } = layeredConfig(asked, layers);
  const defconfig = `${arch} defconfig`;
  const origin = (key: ConfigKey): string =>
    Object.hasOwn(profile.arch.fixedConfig, key)
      ? 'always'
      : (from.get(key) ?? (Object.hasOwn(HEAP_OPTIONS, key) ? BUILT_IN : defconfig));
  const pages = Object.entries(PAGE_OPTIONS)
    .filter(([, kib]) => profile.arch.name === 'arm64' && kib * 1024 === profile.geometry.pageSize)
    .map(([name]) => ({
      name,
      value: 'y',
      from: from.get('pages') ?? (params.pageKiB === undefined ? defconfig : 'the page size given'),
      decides: 'the page size',
    }));
  const options = (Object.keys(DECIDES) as ConfigKey[])
    .filter((key) => isThere(key, profile))
    .map((key) => ({ name: key, value: shown(key, profile), from: origin(key), decides: DECIDES[key] }));
  const preset =
    params.preset ??
    (layers.some(({ name }) => name === `preset ${board.preset}`) ? board.preset : undefined);
  const known = preset === undefined ? undefined : presetOf(preset);
  return {
    profile: linuxBanner(profile),
    configuration: profile.configName,
    arch,
    options: [...pages, ...options],
    ...(known !== undefined && { source: presetFor(known, release).source }),
    warnings: diagnostics,
  };
}

function shown(key: ConfigKey, { config, modules }: Profile): string {
  const value = config[key];
  if (typeof value === 'number') return String(value);
  const module = Object.entries(HEAP_OPTIONS).find(([option]) => option === key)?.[1];
  if (value && module !== undefined && modules.includes(module)) return 'm';
  return value ? 'y' : 'n';
}
