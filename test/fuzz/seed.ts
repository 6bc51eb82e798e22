/**
 * The seed of every random test: fixed, so that a rare find breaks no unrelated change. Another one is
 * DMAHEAP_SEED=NUMBER; vitest runs this file before each test file.
 */
import fc from 'fast-check';

export const SEED = Number(process.env.DMAHEAP_SEED ?? 1);
if (!Number.isInteger(SEED))
  throw new Error(`DMAHEAP_SEED: expected a number, not ${process.env.DMAHEAP_SEED}`);

fc.configureGlobal({ seed: SEED });
