/**
 * Heaps that are declared and not modelled from mainline's code: those of vendors' kernels, and those that a TEE driver
 * registers. What a declaration says is taken at its word: every answer that rests on one says so.
 */
import type { PhysRange } from '../units.ts';

/** What a declared heap can be made of. */
export const DECLARED_BACKENDS = ['system', 'cma', 'carveout', 'tee'] as const;
export type DeclaredBackend = (typeof DECLARED_BACKENDS)[number];

/** Modules of mainline that a vendor's tree has something else for. */
export const REPLACEABLE = ['system_heap', 'cma_heap'] as const;

/** Zones that a `system` heap may be confined to: GFP_DMA, GFP_DMA32. */
export const DECLARED_ZONES = ['DMA', 'DMA32'] as const;
export type DeclaredZone = (typeof DECLARED_ZONES)[number];

/** The names that a TEE's heaps have: drivers/tee/tee_heap.c: heap_id_2_name() (Linux 6.18). */
export const TEE_HEAPS = [
  'protected,secure-video',
  'protected,trusted-ui',
  'protected,secure-video-record',
] as const;

/** In a name: the name of the region or the area that the heap is made of. */
export const REGION_WORD = '{region}';

export interface DeclaredHeap {
  /** Its node in /dev/dma_heap; `{region}` stands for the name of the region or area. */
  readonly name: string;
  readonly backend: DeclaredBackend;
  /** Of `system`: the highest zone that its pages are of. */
  readonly zone?: DeclaredZone;
  /** Whether the CPU maps it cached; absent: it does, but a carveout of no-map memory it does not. */
  readonly cached?: boolean;
  /** The /reserved-memory node; of `cma` absent for the default area. */
  readonly region?: string;
  /** Of `carveout`: a heap for every available /reserved-memory node that has it. */
  readonly compatible?: string;
  /** Memory that no node stands for. */
  readonly range?: PhysRange;
  /** exp_name of its buffers; absent: the heap's name, of a TEE's heap `tee`. */
  readonly exporter?: string;
  /** It registers before the heaps of mainline; absent: where a replaced module would, or after all of them. */
  readonly initcall?: 'fs_initcall';
  /** Where its facts are public: repository, path, function. */
  readonly source?: string;
}

/** The declarations of one file, in the order in which the heaps register. */
export interface HeapDeclarations {
  /** Who declares: the vendor's name, or the board's file. */
  readonly by: string;
  /** The Linux that the vendor's tree is made of; it boots where nothing else names one. */
  readonly kernel?: string;
  /** Modules of mainline that are not there; the declared heaps stand in the place of the first. */
  readonly replaces?: readonly (typeof REPLACEABLE)[number][];
  readonly heaps: readonly DeclaredHeap[];
}

/** What is wrong with a declaration: which one, at which property. */
export interface DeclarationProblem {
  readonly index: number;
  readonly key: keyof DeclaredHeap;
  readonly message: string;
  readonly hint?: string;
}

/** Which places of memory each backend takes; a heap names one of them. */
const PLACES: Readonly<Record<DeclaredBackend, readonly ('region' | 'compatible' | 'range')[]>> = {
  system: [],
  cma: ['region'],
  carveout: ['region', 'compatible', 'range'],
  tee: ['region', 'range'],
};

const isTeeName = (name: string): boolean => TEE_HEAPS.some((known) => known === name);

/** What the properties of declarations mean together, where each of them alone is sound. */
export function declarationProblems(heaps: readonly DeclaredHeap[]): readonly DeclarationProblem[] {
  const problems: DeclarationProblem[] = [];
  const seen = new Set<string>();
  heaps.forEach((heap, index) => {
    const say = (key: keyof DeclaredHeap, message: string, hint?: string) =>
      problems.push({ index, key, message, ...(hint !== undefined && { hint }) });
    const { name, backend } = heap;
    const places = PLACES[backend];
    const given = (['region', 'compatible', 'range'] as const).filter((key) => heap[key] !== undefined);
    const foreign = given.find((key) => !places.includes(key));
    const [, second] = given;
    if (foreign !== undefined) {
      const takes = places.length === 0 ? 'its pages are of all RAM' : `it takes ${places.join(' or ')}`;
      say(foreign, `a heap of backend ${backend} has no ${foreign}: ${takes}`, `leave ${foreign} out`);
    } else if (second !== undefined) {
      say(second, `${given.join(' and ')} say twice where the heap's memory lies`, 'keep one of them');
    } else if (given.length === 0 && backend !== 'system' && backend !== 'cma') {
      say('backend', `a heap of backend ${backend} needs its memory`, `add ${places.join(', or ')}`);
    }
    if (heap.zone !== undefined && backend !== 'system') {
      say('zone', `a heap of backend ${backend} has no zone: its memory is where it is`, 'leave zone out');
    }
    if (heap.cached !== undefined && backend === 'tee') {
      say(
        'cached',
        'no CPU maps the memory of a TEE heap: it is neither cached nor uncached',
        'leave cached out',
      );
    }
    if (backend === 'tee' && !isTeeName(name)) {
      say('name', `a TEE driver registers no heap ${name}`, `the names are ${TEE_HEAPS.join(', ')}`);
    }
    if (name.includes(REGION_WORD) && backend !== 'cma' && given.every((key) => key === 'range')) {
      say('name', `${REGION_WORD} stands for a region's name, and this heap has no region`);
    }
    if (!name.includes(REGION_WORD) && seen.has(name)) {
      say('name', `${name} is declared twice`, 'names of heaps are unique');
    }
    seen.add(name);
  });
  return problems;
}

/** What a banner says of declarations. */
export const declaredBanner = ({ by }: HeapDeclarations): string => `heaps declared by ${by} (not mainline)`;
