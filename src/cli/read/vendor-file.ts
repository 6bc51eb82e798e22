/** The heaps of a vendor's kernel, by the name of a file that ships with dmaheap, or from a user's own. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HeapDeclarations } from '../../board/declared-heaps.ts';
import { didYouMean } from '../../devicetree/did-you-mean.ts';
import { UnreadableInput, UsageError } from '../failures.ts';
import { VENDORS } from '../words/vendor-option.ts';
import type { OpenedFile } from './input-file.ts';
import { inputName, readInput } from './read-input.ts';

/** Where the files that ship lie: beside `dist` when this is built, else above the sources. */
function shippedFile(name: string): string {
  const here = import.meta.url;
  const directory = dirname(here.startsWith('file:') ? fileURLToPath(here) : here);
  const [built = '', source = ''] = ['..', '../../..'].map((up) =>
    join(directory, up, 'profiles/vendor', `${name}.yaml`),
  );
  return existsSync(built) ? built : source;
}

/** Whether it is the name of a file that ships, which any scenario may use. */
export const isShippedVendor = (name: string): boolean => VENDORS.includes(name);

/** Refuses what is neither a name that is known nor looks like a file. @param path where the file would be */
export function refuseUnknownVendor(name: string, path: string): void {
  if (isShippedVendor(name) || name === '-' || /[\\/]|\.ya?ml$/.test(name) || existsSync(path)) return;
  const near = didYouMean(name, VENDORS);
  throw new UnreadableInput(
    'vendor-unknown',
    name,
    `${name}: neither a vendor that dmaheap knows nor a file`,
    `${near === undefined ? '' : `did you mean ${near}? `}There are ${VENDORS.join(', ')}`,
  );
}

/**
 * Reads a vendor's file.
 *
 * @param name one of `VENDORS`, else a file, `-` for standard input
 * @param check told of the user's file that was opened, before it is read
 * @throws UnreadableInput, InvalidInput
 */
export async function readVendor(
  name: string,
  check?: (opened: OpenedFile) => void,
): Promise<HeapDeclarations> {
  refuseUnknownVendor(name, name);
  const shipped = isShippedVendor(name);
  const bytes = shipped ? readInput(shippedFile(name)) : readInput(name, check);
  const { vendorFromYaml } = await import('../../board/vendor-yaml.ts');
  return vendorFromYaml(new TextDecoder().decode(bytes), shipped ? `${name}.yaml` : inputName(name));
}

/** The same where it was given. @param board what is read as well */
export async function givenVendor(
  name: string | undefined,
  board?: string,
): Promise<HeapDeclarations | undefined> {
  if (name === undefined) return undefined;
  if (name === '-' && board === '-') throw new UsageError('standard input (-) can be read only once');
  return readVendor(name);
}
