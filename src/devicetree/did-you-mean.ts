/** Finds the heap, command, option or task that somebody meant who typed one that does not exist. */
import { closest } from './closest.ts';

/** A node's name without its unit address. */
const stem = (name: string): string => name.replace(/@.*$/, '');

/** The words of a name: of CMA_SIZE_MBYTES three. */
const wordsOf = (name: string): readonly string[] => name.toLowerCase().split(/[^a-z0-9]+/);

/** Whether a name goes on after the typed one with another word: `CMA_SIZE` and `CMA_SIZE_MBYTES`. */
const goesOn = (name: string, typed: string): boolean =>
  name.toLowerCase().startsWith(typed.toLowerCase()) && /^[^a-z0-9]/i.test(name.slice(typed.length));

/** Whether a name has all the words that were typed, wherever they stand: `HEAPS_CMA` and `DMABUF_HEAPS_CMA`. */
function hasWords(name: string, typed: string): boolean {
  const words = wordsOf(name);
  return wordsOf(typed).every((word) => word.length > 1 && words.includes(word));
}

/**
 * The known name that the typed one most likely stands for, or `undefined` when none is near. Leaving words out is the
 * usual mistake: the unit address of `vpu-pool@50000000`, the unit of CMA_SIZE_MBYTES. A typing error is the other.
 */
export function didYouMean(typed: string, known: readonly string[]): string | undefined {
  if (typed === '') return undefined;
  const near =
    known.find((name) => goesOn(name, typed)) ??
    closest(typed, known) ??
    known.find((name) => name.startsWith(typed)) ??
    known.find((name) => hasWords(name, typed));
  if (near !== undefined) return near;
  const byStem = closest(stem(typed), known.map(stem));
  return known.find((name) => stem(name) === byStem);
}
