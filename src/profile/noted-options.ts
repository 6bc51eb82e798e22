/**
 * Options that change answers and are not modelled: where one is in force, it is refused by name, or the answers are
 * marked unverified. All other options that the model does not read are passed over.
 */

/** What is known of such an option. */
export interface NotedOption {
  /** Whether a value of it changes an answer; `n` counts as false. */
  readonly matters: (value: boolean | number | string) => boolean;
  /** What Kconfig takes for it. */
  readonly type: 'bool' | 'tristate' | 'number' | 'text';
  /** Refused: nearly every answer would be another one. */
  readonly refused?: true;
  /** What it does, as the end of a sentence. */
  readonly why: string;
}

const isOn = (value: boolean | number | string): boolean => value !== false && value !== '' && value !== 0;
const isOff = (value: boolean | number | string): boolean => value === false;

/** Words of a built-in command line by which memory lies elsewhere. */
const MEMORY_WORD = /(^|\s)(cma|mem|memmap|hugepages|hugetlb_cma|crashkernel|coherent_pool|rodata|numa_cma)=/;

/** By their whole names. */
export const NOTED: Readonly<Record<string, NotedOption>> = {
  CONFIG_NUMA: {
    type: 'bool',
    matters: isOn,
    why: 'data of each node are taken before the default CMA area is placed',
  },
  CONFIG_CMA: { type: 'bool', matters: isOff, why: 'dynamic regions for CMA are not aligned to pageblocks' },
  CONFIG_OF_DYNAMIC: {
    type: 'bool',
    matters: isOn,
    why: 'each property of the unflattened tree takes 8 bytes more',
  },
  CONFIG_KASAN: { type: 'bool', matters: isOn, why: 'its shadow takes memory before everything else' },
  CONFIG_KFENCE_SAMPLE_INTERVAL: {
    type: 'number',
    matters: isOn,
    why: 'a pool of KFENCE is taken with the page tables',
  },
  CONFIG_DEBUG_PAGEALLOC_ENABLE_DEFAULT: {
    type: 'bool',
    matters: isOn,
    why: 'the linear map is made of pages',
  },
  CONFIG_SPARSEMEM_VMEMMAP: { type: 'bool', matters: isOff, why: 'the memory map lies in other places' },
  CONFIG_CMDLINE: {
    type: 'text',
    matters: (value) => typeof value === 'string' && MEMORY_WORD.test(value),
    why: 'words of a built-in command line are not followed: give them with --cmdline',
  },
  CONFIG_VMSPLIT_3G_OPT: { type: 'bool', matters: isOn, refused: true, why: 'lowmem ends elsewhere' },
  CONFIG_VMSPLIT_2G: { type: 'bool', matters: isOn, refused: true, why: 'lowmem ends elsewhere' },
  CONFIG_VMSPLIT_1G: { type: 'bool', matters: isOn, refused: true, why: 'lowmem ends elsewhere' },
  CONFIG_CPU_BIG_ENDIAN: {
    type: 'bool',
    matters: isOn,
    refused: true,
    why: 'every structure has its bytes the other way round',
  },
};

/** Heaps of vendors, and what mainline has beside heaps. */
const HEAP =
  /^CONFIG_DMABUF_HEAPS_(?!SYSTEM$|CMA$|COHERENT$|CMA_LEGACY$|DEFERRED_FREE$|PAGE_POOL$|SYSFS_STATS$)\w+$/;

const UNKNOWN_HEAP: NotedOption = { type: 'tristate', matters: isOn, why: 'a heap that is not modelled' };

/** What is known of an option by its whole name; `undefined` where it changes no answer, or is modelled. */
export const notedOption = (key: string): NotedOption | undefined =>
  Object.hasOwn(NOTED, key) ? NOTED[key] : HEAP.test(key) ? UNKNOWN_HEAP : undefined;
