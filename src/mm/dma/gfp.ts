/** What a caller lets the page allocator do: flags of include/linux/gfp_types.h (Linux 7.3), as words. */

/** A base that may be joined with more flags. */
const BASES = ['GFP_KERNEL', 'GFP_NOIO', 'GFP_ATOMIC', 'GFP_NOWAIT'] as const;
const FLAGS = [
  'GFP_DMA',
  '__GFP_HIGHMEM',
  'GFP_DMA32',
  '__GFP_NOWARN',
  '__GFP_NORETRY',
  '__GFP_COMP',
  '__GFP_ZERO',
] as const;

type Base = (typeof BASES)[number];
type Flag = (typeof FLAGS)[number];

/** Flags of a request. */
export interface Gfp {
  readonly base: Base;
  readonly flags: ReadonlySet<Flag>;
}

/** What may be said, for help and problems. */
export const GFP_WORDS = [...BASES, ...FLAGS].join(', ');

const BITS: Readonly<Record<Flag | Exclude<Base, 'GFP_ATOMIC'>, number>> = {
  GFP_KERNEL: 0xcc0,
  GFP_NOIO: 0xc00,
  GFP_NOWAIT: 0x800,
  GFP_DMA: 0x1,
  __GFP_HIGHMEM: 0x2,
  GFP_DMA32: 0x4,
  __GFP_NOWARN: 0x2000,
  __GFP_NORETRY: 0x10000,
  __GFP_COMP: 0x40000,
  __GFP_ZERO: 0x100,
};

/** `__GFP_DMA` is `GFP_DMA`, and people leave prefixes out. */
function wordOf<Word extends string>(text: string, words: readonly Word[]): Word | undefined {
  const bare = (word: string): string => word.toUpperCase().replace(/^(__)?GFP_/, '');
  return words.find((word) => bare(word) === bare(text));
}

/**
 * Reads flags: `GFP_KERNEL`, `atomic`, `GFP_KERNEL|__GFP_NOWARN`. Without a base it is GFP_KERNEL.
 *
 * @returns `undefined` where a word is none, or two bases are joined
 */
export function parseGfp(text: string): Gfp | undefined {
  let base: Base | undefined;
  const flags = new Set<Flag>();
  for (const word of text.split('|')) {
    const asBase = wordOf(word.trim(), BASES);
    const flag = wordOf(word.trim(), FLAGS);
    if (asBase !== undefined && base === undefined) base = asBase;
    else if (flag !== undefined) flags.add(flag);
    else return undefined;
  }
  return { base: base ?? 'GFP_KERNEL', flags };
}

/** Flags as `parseGfp` reads them, each by its kernel name. */
export const gfpText = ({ base, flags }: Gfp): string =>
  [base, ...FLAGS.filter((flag) => flags.has(flag))].join('|');

/** The same with more flags, and without others. */
export const gfpWith = ({ base, flags }: Gfp, add: readonly Flag[], remove: readonly Flag[] = []): Gfp => ({
  base,
  flags: new Set([...flags, ...add].filter((flag) => !remove.includes(flag))),
});

/** gfpflags_allow_blocking(). */
export const mayBlock = ({ base }: Gfp): boolean => base === 'GFP_KERNEL' || base === 'GFP_NOIO';

/**
 * `0xcc1(GFP_KERNEL|GFP_DMA)`: %#x(%pGg).
 *
 * @param atomic GFP_ATOMIC of that version
 */
export function gfpMode(gfp: Gfp, atomic: number): string {
  const base = gfp.base === 'GFP_ATOMIC' ? atomic : BITS[gfp.base];
  const bits = [...gfp.flags].reduce((all, flag) => all | BITS[flag], base);
  return `0x${bits.toString(16)}(${gfpText(gfp)})`;
}
