/** Reads whole files that a user names, and says what is wrong when they cannot be read. */
import { UnreadableInput } from '../failures.ts';
import { type OpenedFile, readDescriptor, readRegular, UnusableFile } from './input-file.ts';

/** Larger than any board or scenario by far; what is larger was given by mistake. */
const MAX_BYTES = 64 * 1024 * 1024;
const STDIN = 0;

/** What messages call an input: the file, or what `-` stands for. */
export const inputName = (file: string): string => (file === '-' ? 'standard input' : file);

/** Makes `UnreadableInput`, which names the file, of what is wrong with it. */
export function naming<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw named(file, error);
  }
}

/** The same of an error that is at hand. */
export function named(file: string, error: unknown): unknown {
  if (!(error instanceof UnusableFile)) return error;
  const name = inputName(file);
  return new UnreadableInput(error.code, name, `${name}: ${error.message}`);
}

/**
 * Reads a whole file, or standard input for `-`.
 *
 * @param check told of the file that was opened, before it is read
 * @throws UnreadableInput
 */
export const readInput = (file: string, check?: (opened: OpenedFile) => void): Uint8Array =>
  naming(file, () =>
    file === '-' ? readDescriptor(STDIN, MAX_BYTES, true) : readRegular(file, MAX_BYTES, check),
  );
