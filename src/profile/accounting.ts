/** Which heaps charge their buffers to the cgroup of whoever allocates: a switch each, as a boot turns them on. */

/**
 * `memcg` is dma_heap.mem_accounting of Linux 7.2 on. The others are proposals that are in no release: "dma-heap: CMA"
 * in its v2 of 18 February 2026, and the first version of the coherent heap series of 24 February 2026.
 */
export const ACCOUNTING = ['memcg', 'dmem-cma-v2', 'dmem-coh-v1'] as const;
export type Accounting = (typeof ACCOUNTING)[number];

/** Those that nobody has merged. */
export const isProposal = (accounting: Accounting): boolean => accounting !== 'memcg';

export const isAccounting = (word: string): word is Accounting => ACCOUNTING.some((known) => known === word);

/** Both proposals have the parameter of `memcg` for their gate: with one of them on, it is on. */
export const withGate = (asked: readonly Accounting[]): readonly Accounting[] =>
  ACCOUNTING.filter((one) => asked.includes(one) || (one === 'memcg' && asked.length > 0));
