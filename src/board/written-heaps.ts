/** Declared heaps as a file has them, which a schema took, as the declarations that they are; and what they mean wrongly. */
import { nameKernel } from '../profile/named-kernel.ts';
import {
  type DeclarationProblem,
  type DeclaredHeap,
  declarationProblems,
  type HeapDeclarations,
} from './declared-heaps.ts';
import { sizeOfText, type WrittenHeaps, type WrittenVendor } from './schema.ts';

/** Something wrong at a place below the declarations. */
export interface WrittenProblem extends Pick<DeclarationProblem, 'message' | 'hint'> {
  readonly path: readonly (string | number)[];
}

const bytes = (size: bigint | string): bigint => (typeof size === 'bigint' ? size : (sizeOfText(size) ?? 0n));

/** Properties that are there, without those that are `undefined`. */
function heapOf({ range, ...others }: WrittenHeaps[number]): DeclaredHeap {
  const given = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined));
  const placed = range === undefined ? {} : { range: { base: bytes(range[0]), size: bytes(range[1]) } };
  return { ...given, ...placed } as DeclaredHeap;
}

/** The heaps of a list, and what is wrong with them. */
export function heapsOf(written: WrittenHeaps): {
  readonly heaps: readonly DeclaredHeap[];
  readonly problems: readonly WrittenProblem[];
} {
  const heaps = written.map(heapOf);
  const problems = declarationProblems(heaps).map(({ index, key, message, hint }) => ({
    path: [index, key],
    message,
    ...(hint !== undefined && { hint }),
  }));
  return { heaps, problems };
}

/**
 * A vendor's declarations, and what is wrong with them.
 *
 * @param kernel `kernel` as it was written: 5.10 is no fraction
 */
export function vendorOf(
  { vendor: by, replaces, heaps: written }: WrittenVendor,
  kernel: string | undefined,
): { readonly vendor: HeapDeclarations; readonly problems: readonly WrittenProblem[] } {
  const { heaps, problems } = heapsOf(written);
  const named = kernel === undefined ? undefined : nameKernel(kernel);
  const unknown: WrittenProblem[] =
    named !== undefined && 'problem' in named
      ? [{ path: ['kernel'], message: named.problem, ...(named.hint !== undefined && { hint: named.hint }) }]
      : [];
  return {
    vendor: {
      by,
      ...(kernel !== undefined && { kernel }),
      ...(replaces !== undefined && replaces.length > 0 && { replaces }),
      heaps,
    },
    problems: [...unknown, ...problems.map((one) => ({ ...one, path: ['heaps', ...one.path] }))],
  };
}

/** The same as a file would have it, for whoever writes one: what `vendorOf` takes. */
export function writtenVendor({ by, kernel, replaces, heaps }: HeapDeclarations): WrittenVendor {
  return {
    vendor: by,
    ...(kernel !== undefined && { kernel }),
    ...(replaces !== undefined && { replaces: [...replaces] }),
    heaps: heaps.map(({ range, ...heap }) => ({
      ...heap,
      ...(range !== undefined && { range: [range.base, range.size] as [bigint, bigint] }),
    })),
  };
}
