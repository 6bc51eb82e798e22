/** `--config KEY=VALUE` and `--config FILE`, in the order in which they are given; and `--preset NAME`. */
import { InvalidArgumentError, Option } from 'commander';
import { type ConfigFile, laterFile } from '../../profile/dot-config.ts';
import { type ConfigValue, readGiven } from '../../profile/given-option.ts';
import { presetNames } from '../../profile/presets.ts';
import { configKey, configMeant } from '../../program/boot-inputs.ts';
import { offers } from '../completion/option-values.ts';
import { readConfigurationFile } from '../read/config-file.ts';

/** What was given with `--config`: options over a file. */
export interface ConfigWords {
  readonly options: Readonly<Record<string, ConfigValue>>;
  readonly file?: ConfigFile;
}

/** An argument that begins with capitals and `=` is an option; everything else names a file. */
const OPTION = /^([A-Z][A-Z0-9_]*)=(.*)$/s;

/** Reads one argument. @throws InvalidArgumentError, UnreadableInput */
export function readConfig(text: string, before: ConfigWords = { options: {} }): ConfigWords {
  if (text.includes('\0')) throw new InvalidArgumentError('It cannot have a NUL character in it.');
  const [, key, value = ''] = OPTION.exec(text) ?? [];
  if (key === undefined) return withFile(before, readConfigurationFile(text));
  const name = configKey(key);
  const read = readGiven(name, value);
  if ('options' in read) return { ...before, options: { ...before.options, [name]: value } };
  if (read.problem !== 'unknown') throw new InvalidArgumentError(`Expected ${read.expected}.`);
  const near = configMeant(read);
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  throw new InvalidArgumentError(
    `Not an option that the model reads.${hint} Those that it reads: dmaheap config --kernel RELEASE.`,
  );
}

/** The file counts more than what stood before it. */
function withFile({ options, file: before }: ConfigWords, file: ConfigFile): ConfigWords {
  const kept = file.whole
    ? {}
    : Object.fromEntries(Object.entries(options).filter(([key]) => !Object.hasOwn(file.options, key)));
  return { options: kept, file: laterFile(before, file) };
}

export const configOption = (): Option =>
  new Option('--config <key=value|file>', 'one option, or a .config file (repeatable)').argParser(readConfig);

export function readPreset(text: string): string {
  if (presetNames().includes(text)) return text;
  throw new InvalidArgumentError(`Expected ${presetNames().join(', ')}.`);
}

export const presetOption = (): Option =>
  offers(
    new Option('--preset <name>', `whose configuration: ${presetNames().slice(0, 3).join(', ')} …`).argParser(
      readPreset,
    ),
    presetNames(),
  );

/** As parameters of a boot have it. Options that a recording had do not outlive a file that replaces them. */
export const configParams = ({
  options,
  file,
}: ConfigWords): { readonly config: ConfigWords['options']; readonly configFile?: ConfigFile } => ({
  config: options,
  ...(file !== undefined && { configFile: file }),
});
