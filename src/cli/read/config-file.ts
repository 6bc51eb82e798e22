/** Configurations of kernels from files: `.config`, /boot/config-*, /proc/config.gz. */
import { createRequire } from 'node:module';
import { inputKind } from '../../board/input-kind.ts';
import { type ConfigFile, looksLikeDotConfig, readConfigFile } from '../../profile/dot-config.ts';
import { UnreadableInput } from '../failures.ts';
import { inputName, readInput } from './read-input.ts';

/** The largest is below 1 MiB. */
const MAX_TEXT = 16 << 20;

/** The bytes behind gzip; those of anything else as they are. @throws UnreadableInput */
function unpacked(bytes: Uint8Array, name: string): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    // Not loaded where nothing is packed: it takes a millisecond, and a command reads its options at once.
    const { gunzipSync } = createRequire(import.meta.url)('node:zlib') as typeof import('node:zlib');
    return gunzipSync(bytes, { maxOutputLength: MAX_TEXT });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UnreadableInput('gzip-damaged', name, `${name}: cannot be unpacked: ${why}`);
  }
}

/**
 * Reads a configuration out of a file's bytes.
 *
 * @param name what messages call the file
 * @throws UnreadableInput where it is none, or has a value that cannot be read
 */
export function configFileOf(bytes: Uint8Array, name: string): ConfigFile {
  const plain = unpacked(bytes, name);
  const text = new TextDecoder().decode(plain);
  if (plain.length > MAX_TEXT || !looksLikeDotConfig(text)) {
    const { what } = inputKind(plain);
    throw new UnreadableInput(
      'not-a-config',
      name,
      `${name}: is ${plain.length === 0 ? 'empty' : what}, not a kernel configuration`,
      'Lines of one are CONFIG_X=y and # CONFIG_X is not set; a single option is KEY=VALUE, in capitals',
    );
  }
  const { file, problems } = readConfigFile(text, name);
  const [problem] = problems;
  if (problem !== undefined) {
    throw new UnreadableInput(
      'config-value',
      name,
      `${name}:${problem.line}: ${problem.key}=${problem.value} is no value of this option`,
    );
  }
  return file;
}

/** Reads the file that a user names, `-` for standard input. @throws UnreadableInput */
export const readConfigurationFile = (file: string): ConfigFile =>
  configFileOf(readInput(file), inputName(file));
