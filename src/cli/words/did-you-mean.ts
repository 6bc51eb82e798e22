/** Finds the heap, command or option that somebody meant who typed one that does not exist. */
import { closest } from '../../devicetree/closest.ts';

/** A node's name without its unit address. */
const stem = (name: string): string => name.replace(/@.*$/, '');

/** The known name that the typed one most likely stands for, or `undefined` when none is near. Leaving the
 *  unit address out is the usual mistake: `vpu-pool` for `vpu-pool@50000000`. */
export function didYouMean(typed: string, known: readonly string[]): string | undefined {
  if (typed === '') return undefined;
  const near = closest(typed, known) ?? known.find((name) => name.startsWith(typed));
  if (near !== undefined) return near;
  const byStem = closest(stem(typed), known.map(stem));
  return known.find((name) => stem(name) === byStem);
}
