/**
 * The states of the series "dma-buf: heaps: add coherent reserved-memory heap", none of which is in mainline, and in
 * what they differ.
 */

/** What a boot can have of it. `wip` is a later version that was not posted. */
export const COHERENT_STATES = ['off', 'v1', 'v2', 'v3', 'wip'] as const;
export type CoherentSeries = (typeof COHERENT_STATES)[number];

export const isCoherentSeries = (word: string): word is CoherentSeries =>
  COHERENT_STATES.some((known) => known === word);

/** What holds in a state. */
export interface SeriesRules {
  /** Whether a running kernel with it was recorded. */
  readonly recorded: boolean;
  /** When it was posted, for people. */
  readonly posted: string;
  /** How many pools it remembers; those behind get no heap. */
  readonly mostPools: number;
  /** The heap's name, of the node's. */
  readonly heapName: (node: string) => string;
  /** Whether it cuts dma_heap_add() in two, by which a name that is taken is told otherwise, and freed twice. */
  readonly twoSteps: boolean;
  /** Whether it is known what its driver logs. */
  readonly knownLog: boolean;
  /** Whether SYNC, mmap and vmap of a buffer from a `no-map` pool are EINVAL. */
  readonly refusesCpu: boolean;
  /** Whether its buffers are charged to dmem where dma_heap.mem_accounting is on. */
  readonly charges: boolean;
}

const V3: SeriesRules = {
  recorded: true,
  posted: '6 March 2026',
  mostPools: 64,
  heapName: (node) => node,
  twoSteps: true,
  knownLog: true,
  refusesCpu: false,
  charges: false,
};

const RULES: Readonly<Record<Exclude<CoherentSeries, 'off'>, SeriesRules>> = {
  // Touches no file of dma_heap_add(), and registers in late_initcall(): behind all heaps, as in link order.
  v1: {
    ...V3,
    recorded: false,
    posted: '24 February 2026',
    mostPools: 16,
    heapName: (node) => `coherent_${node}`,
    twoSteps: false,
    knownLog: false,
    charges: true,
  },
  // Falls back to a mask of 32 bits where 64 are refused, which no machine that is modelled does.
  v2: { ...V3, recorded: false, posted: 'between v1 and v3' },
  v3: V3,
  wip: { ...V3, recorded: false, posted: 'not posted', refusesCpu: true },
};

/**
 * Whose fault a fault of the posted series is: of the state, as far as that is known.
 *
 * @returns `as posted (v3)`, or that nobody has looked whether the state has what v3 has
 */
export const asPosted = (series: CoherentSeries): string =>
  series === 'v3' ? 'as posted (v3)' : `as posted in v3 (of ${series} it is not known)`;

/** What holds in a state; `undefined` without the series. */
export const seriesRules = (series: CoherentSeries): SeriesRules | undefined =>
  series === 'off' ? undefined : RULES[series];
