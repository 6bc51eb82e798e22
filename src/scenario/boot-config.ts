/** The configuration of a scenario's kernel: options, files and texts in place, of which the later counts. */
import type { BootParams } from '../kernel/boot/boot-params.ts';
import { type ConfigFile, laterFile, looksLikeDotConfig, readConfigFile } from '../profile/dot-config.ts';
import { type ConfigValue, readGiven } from '../profile/given-option.ts';
import { presetNames, presetOf } from '../profile/presets.ts';
import { configKey, configMeant } from '../program/boot-inputs.ts';
import type { ScenarioBoot } from './boot-form.ts';
import type { Path } from './problem.ts';
import type { GivenFunctions, Values } from './values.ts';

export function checkPreset(name: string, values: Values): void {
  if (presetOf(name) !== undefined) return;
  values.problem(
    ['boot', 'preset'],
    'preset-unknown',
    `no preset ${name}`,
    `presets: ${presetNames().join(', ')}`,
  );
}

/** What a text in place is called. */
const IN_PLACE = "the scenario's configuration";

/** Lines of a configuration, not a file's name. */
const isInPlace = (text: string): boolean => text.includes('\n') || looksLikeDotConfig(text);

/** Reads what stands below `config`. @returns members of the boot's parameters */
export function configOf(
  config: ScenarioBoot['config'],
  values: Values,
  given: GivenFunctions,
  path: Path,
): Pick<BootParams, 'config' | 'configFile'> {
  if (config === undefined) return {};
  let options: Record<string, ConfigValue> = {};
  let file: ConfigFile | undefined;
  const pieces = Array.isArray(config) ? config : [config];
  for (const [i, piece] of pieces.entries()) {
    const at: Path = Array.isArray(config) ? [...path, i] : path;
    if (typeof piece !== 'string') {
      Object.assign(options, optionsOf(piece, values, at));
      continue;
    }
    const read = fileOf(piece, values, given, at);
    if (read === undefined) continue;
    options = read.whole
      ? {}
      : Object.fromEntries(Object.entries(options).filter(([key]) => !Object.hasOwn(read.options, key)));
    file = laterFile(file, read);
  }
  return {
    ...(Object.keys(options).length > 0 && { config: options }),
    ...(file !== undefined && { configFile: file }),
  };
}

function optionsOf(
  piece: Readonly<Record<string, string | number | bigint | boolean>>,
  values: Values,
  path: Path,
): Record<string, ConfigValue> {
  const options: Record<string, ConfigValue> = {};
  for (const [key, value] of Object.entries(piece)) {
    const name = configKey(key);
    const option = typeof value === 'bigint' ? Number(value) : value;
    options[name] = option;
    const read = readGiven(name, option);
    if ('options' in read) continue;
    const at = [...path, key];
    if (read.problem !== 'unknown') {
      values.problem(at, 'config-value', `${name}: expected ${read.expected}`);
      continue;
    }
    const near = configMeant(read);
    const hint = near === undefined ? 'dmaheap config lists those that are' : `did you mean ${near}?`;
    values.problem(at, 'config-unknown', `${name} is no option that is modelled`, hint, true);
  }
  return options;
}

function fileOf(text: string, values: Values, given: GivenFunctions, path: Path): ConfigFile | undefined {
  try {
    if (!isInPlace(text)) {
      if (given.readConfig !== undefined) return given.readConfig(text);
      const bytes = new TextDecoder().decode(given.readFile(text));
      return readText(bytes, text, values, path);
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    values.problem(path, 'config-unreadable', `the configuration ${error.message}`);
    return undefined;
  }
  return readText(text, IN_PLACE, values, path);
}

function readText(text: string, name: string, values: Values, path: Path): ConfigFile | undefined {
  if (!looksLikeDotConfig(text)) {
    const hint = 'lines of one are CONFIG_X=y and # CONFIG_X is not set';
    values.problem(path, 'not-a-config', `${name} is not a kernel configuration`, hint);
    return undefined;
  }
  const { file, problems } = readConfigFile(text, name);
  for (const { line, key, value } of problems) {
    values.problem(path, 'config-value', `${name}, line ${line}: ${key}=${value} is no value of this option`);
  }
  return file;
}
