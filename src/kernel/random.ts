/** Chance by a seed: the same numbers on every machine. */

/** A random number from 0 up to 1, and the state for the next one: mulberry32. @param state 32 bits; first the seed */
export function nextRandom(state: number): { readonly value: number; readonly state: number } {
  const next = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(next ^ (next >>> 15), next | 1);
  t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
  return { value: ((t ^ (t >>> 14)) >>> 0) / 2 ** 32, state: next };
}
