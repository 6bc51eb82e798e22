/** The configuration that is in force for a boot. */
import { type Diagnostic, InvalidInput } from '../diagnostic.ts';
import { askedProfile, type KernelBoard, type KernelParams } from '../kernel/boot/asked-profile.ts';
import { layeredConfig } from '../profile/config-layers.ts';
import { type OptionInForce, optionsInForce } from '../profile/options-in-force.ts';
import { presetFor, presetOf } from '../profile/presets.ts';
import { linuxBanner } from '../profile/profile.ts';

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

/** @throws InvalidInput where the inputs ask for what is not there */
export function configInForce(board: KernelBoard, params: KernelParams): ConfigInForce {
  const { profile, diagnostics, layers, release, coherent, arch } = askedProfile(board, params);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  if (profile === undefined || errors.length > 0) throw new InvalidInput(errors);
  const { linux } = profile;
  const asked = { linux, arch: profile.arch, pageKiB: params.pageKiB ?? 4, coherent };
  const isOfBoard = layers.some(({ name }) => name === `preset ${board.preset}`);
  const name = params.preset ?? (isOfBoard ? board.preset : undefined);
  const preset = name === undefined ? undefined : presetOf(name);
  return {
    profile: linuxBanner(profile),
    configuration: profile.configName,
    arch,
    options: optionsInForce(profile, layeredConfig(asked, layers).from),
    ...(preset !== undefined && { source: presetFor(preset, release).source }),
    warnings: diagnostics,
  };
}
