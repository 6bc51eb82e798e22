/** The backends by name: a new one is its file and a line here. */
import type { Profile } from '../profile/profile.ts';
import type { HeapAccount } from './account.ts';
import { carveoutBackend, teeBackend } from './carveout-heap.ts';
import { cmaBackend } from './cma-heap.ts';
import { coherentBackend } from './coherent-heap.ts';
import type { FailureRule } from './failure-rule.ts';
import type { DeclaredTraits, DmaHeapOps, HeapBackend } from './heap-ops.ts';
import { systemBackend } from './system-heap.ts';

export const BACKENDS = {
  system: systemBackend,
  cma: cmaBackend,
  coherent: coherentBackend,
  carveout: carveoutBackend,
  tee: teeBackend,
};

export type Backend = keyof typeof BACKENDS;

/** Which backend holds a buffer's pages, and which of its areas or pools, by number; 0 where there is but one. */
export interface HeapBacking {
  readonly backend: Backend;
  readonly index: number;
  /** Of a heap that was declared. */
  readonly declared?: DeclaredTraits;
}

type BackendFailure = {
  [B in Backend]: (typeof BACKENDS)[B] extends HeapBackend<infer F> ? F : never;
}[Backend];

/** What a request that found no room says of itself, by any backend; and who declared the heap, if anybody did. */
export type NoRoom = BackendFailure & { readonly declared?: string };

/** Any of them, whatever its failures. */
type AnyBackend = Omit<HeapBackend<NoRoom>, 'failures'> & {
  readonly failures: Readonly<Partial<Record<NoRoom['kind'], FailureRule>>>;
};

/** By which rule each of those fails. */
export const NO_ROOM_RULES = Object.assign(
  {},
  ...Object.values(BACKENDS).map(({ failures }) => failures),
) as Readonly<Record<NoRoom['kind'], FailureRule>>;

/** How a backend places a buffer: at a multiple of 1 << order pages, by a rule. */
export interface Placing extends Partial<FailureRule> {
  readonly order: number;
}

/** How a backend places a buffer of so many pages. */
export function placing(backend: Backend, pages: number, profile: Profile): Placing {
  const { failures, placedBy, alignOrder }: AnyBackend = BACKENDS[backend];
  return { ...failures[placedBy], order: alignOrder(pages, profile) };
}

/** The operations on a backing. */
export const dmaHeapOps = ({ backend, index, declared }: HeapBacking): DmaHeapOps<NoRoom> =>
  BACKENDS[backend].ops(index, declared);

/** A heap, as far as accounting goes: those that are declared have none. */
export interface ChargedHeap {
  readonly backend: Backend;
  readonly declared?: object | undefined;
}

/** What a heap's buffers are charged to, where that is turned on; absent: they never are. */
export const chargedBy = ({ backend, declared }: ChargedHeap): HeapAccount | undefined =>
  declared === undefined ? BACKENDS[backend].account : undefined;

/** Whether the CPU maps a buffer cached. */
export const isCached = ({ backend, declared }: HeapBacking): boolean => BACKENDS[backend].cached(declared);

/** A request that found no room, in words and numbers. */
export function explainNoRoom(failure: NoRoom): string[] {
  const backends: readonly AnyBackend[] = Object.values(BACKENDS);
  const lines =
    backends.find(({ failures }) => Object.hasOwn(failures, failure.kind))?.explain(failure) ?? [];
  if (failure.declared === undefined) return lines;
  return [...lines, `the heap is declared by ${failure.declared}: not mainline, and never recorded`];
}
