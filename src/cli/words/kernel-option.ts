/** `--kernel RELEASE`, and $DMAHEAP_KERNEL where nothing else names a kernel. */
import { Option } from 'commander';
import { KERNELS } from '../../profile/kernels.ts';
import { nameKernel } from '../../profile/named-kernel.ts';
import { offers } from '../completion/option-values.ts';
import { UsageError } from '../failures.ts';

/** Checks a kernel that a user names. @param from what names it @throws UsageError when there is none */
function checked(text: string, from: string, option = '--kernel'): string {
  const named = nameKernel(text);
  if (!('problem' in named)) return text;
  const hint = named.hint === undefined ? '' : `; ${option} ${named.hint}`;
  throw new UsageError(`${from} ${named.problem}${hint}`, 'dmaheap kernels lists them');
}

/** Reads the kernel that an option names. */
export const kernelReader =
  (option: string) =>
  (text: string): string =>
    checked(text, option, option);

export const readKernel = kernelReader('--kernel');

/** The releases, for a shell to complete. */
export const RELEASES: readonly string[] = KERNELS.map(({ release }) => release);

export const kernelOption = (): Option =>
  offers(
    new Option('--kernel <release>', 'the Linux that boots, as dmaheap kernels lists them').argParser(
      readKernel,
    ),
    RELEASES,
  );

/** The kernel that the environment names, for boots where neither an option nor a file does. */
export function environmentKernel(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const text = env.DMAHEAP_KERNEL;
  return text === undefined || text === '' ? undefined : checked(text, 'DMAHEAP_KERNEL');
}
