/**
 * The words of the kernel command line that decide about memory: `cma=`, `mem=` and `coherent_pool=`.
 * All other words are ignored, as Linux ignores words that no early_param() takes.
 */
import { closest } from '../devicetree/closest.ts';
import { memparse, U64_MASK } from '../units.ts';

/** What the command line asks for; absent members were not given. */
export interface MemoryCmdline {
  /** `cma=SIZE[@BASE[-LIMIT]]`, bytes; SIZE 0 means none. */
  readonly cma?: { readonly size: bigint; readonly base: bigint; readonly limit: bigint };
  /** `mem=SIZE`, bytes; of several the last. */
  readonly mem?: bigint;
  /** Every `mem=SIZE[@START]`, as 32-bit arm reads it. */
  readonly memWords?: readonly { readonly size: bigint; readonly start?: bigint }[];
  /** `coherent_pool=SIZE`, bytes. */
  readonly coherentPool?: bigint;
  /** The word of `rodata=`. */
  readonly rodata?: string;
  /** `dma_heap.mem_accounting=`: a bool as a module takes it. */
  readonly memAccounting?: boolean;
  /** The same as it was given. */
  readonly memAccountingWord?: string;
  /** A word by which memory cgroups are charged for nothing of this kind: `cgroup_disable=memory`. */
  readonly uncharged?: string;
  /** Words that an early_param() refuses, such as a bare `cma`. */
  readonly malformed: readonly string[];
  /** Words, as they were given, by which Linux moves or takes memory and that are not followed here. */
  readonly ignored: readonly string[];
  /** `cma=` was given to a kernel that has no DMA_CMA, and so does not read it. */
  readonly cmaUnread?: true;
  /** Sizes without K, M or G, which are bytes. */
  readonly withoutUnit: readonly { readonly name: FollowedSize; readonly size: bigint }[];
  /** Words that are followed, and whose value Linux reads otherwise than it was meant, as it seems. */
  readonly halfRead: readonly HalfRead[];
  /** Words that Linux does not know, and which of those that are followed they are near to. */
  readonly misspelt: readonly { readonly word: string; readonly meant: string }[];
}

/** A word with a size that is followed. */
type FollowedSize = (typeof FOLLOWED)[number];

/** A word of which memparse() takes the begin, or nothing. */
export interface HalfRead {
  readonly word: string;
  readonly name: FollowedSize;
  /** What Linux takes it for, bytes. */
  readonly size: bigint;
  /** What it passes over. */
  readonly rest: string;
}

const FOLLOWED = ['cma', 'mem', 'coherent_pool'] as const;
/** What may stand behind the size of each. */
const BEHIND_SIZE: Readonly<Record<FollowedSize, RegExp>> = {
  cma: /^(|@.*)$/,
  mem: /^(|@.*)$/,
  coherent_pool: /^$/,
};

function halfRead(word: string, name: FollowedSize, value: string): HalfRead | undefined {
  const [size, rest] = memparse(value);
  // nopentium and the like of x86 are no sizes.
  const isRead = /^[0-9]/.test(value) && BEHIND_SIZE[name].test(rest);
  return isRead ? undefined : { word, name, size, rest };
}

/** A size for a word that is almost one that is followed. */
function meantWord(name: string, value: string | undefined): string | undefined {
  if (value === undefined || !/^[0-9]/.test(value)) return undefined;
  const begin = FOLLOWED.find((one) => name.toLowerCase().replace(/_?size$/, '') === one);
  return begin ?? closest(name, FOLLOWED);
}

/**
 * Parameters of Linux on arm64 by which memory lies elsewhere, or is taken, or cleared, and that the model does not
 * follow: Documentation/admin-guide/kernel-parameters.txt (Linux 7.3). `nokaslr` moves nothing that is modelled.
 */
const UNFOLLOWED: ReadonlySet<string> = new Set([
  ...['crashkernel', 'reserve_mem', 'memmap', 'memblock', 'memtest', 'initrdmem', 'swiotlb'],
  ...[
    'hugepages',
    'hugepagesz',
    'default_hugepagesz',
    'hugetlb_cma',
    'hugetlb_cma_only',
    'hugetlb_free_vmemmap',
  ],
  ...['movablecore', 'kernelcore', 'movable_node', 'numa', 'numa_cma', 'cma_pernuma'],
  ...['kasan', 'kfence', 'page_poison', 'page_owner', 'debug_pagealloc', 'debug_guardpage_minorder'],
  ...['init_on_alloc', 'init_on_free', 'slub_debug', 'slab_debug', 'rodata', 'log_buf_len', 'trace_buf_size'],
  ...['iommu', 'transparent_hugepage', 'initrd', 'elfcorehdr', 'keepinitrd', 'retain_initrd', 'percpu_alloc'],
  ...['dhash_entries', 'ihash_entries', 'mhash_entries', 'mphash_entries', 'thash_entries', 'uhash_entries'],
  ...['early_page_ext', 'stack_depot_disable', 'stack_depot_max_pools', 'initcall_blacklist'],
  ...['kho', 'kho_scratch'],
]);
/** Those that mean something to some architectures alone: `EarlyRules.memoryWords`. */
export const CMDLINE_OF_SOME: ReadonlySet<string> = new Set(['vmalloc', 'disable_mtrr_trim', 'mem_encrypt']);
/** Those of a module: `iommu.passthrough`. */
const UNFOLLOWED_MODULES: ReadonlySet<string> = new Set([
  ...['kasan', 'kfence', 'iommu', 'arm_smmu', 'arm_smmu_v3', 'page_alloc', 'memory_hotplug', 'sysctl.vm'],
]);

/** What of a list leaves pages of the kernel uncharged: cgroup_disable(), cgroup_memory(). */
const UNCHARGING: Readonly<Record<string, string>> = { cgroup_disable: 'memory', 'cgroup.memory': 'nokmem' };

const isUnfollowed = (name: string): boolean =>
  UNFOLLOWED.has(name) ||
  CMDLINE_OF_SOME.has(name) ||
  (name.includes('.') && UNFOLLOWED_MODULES.has(name.replace(/\.[^.]*$/, '')));

/** Splits a command line into words; quotes keep spaces together: next_arg(). */
function words(cmdline: string): readonly string[] {
  const found = cmdline.match(/(?:"[^"]*"?|[^\s"])+/g) ?? [];
  return found.map((word) => word.replaceAll('"', ''));
}

/** Reads a command line; where a word comes twice the later one changes what it names: early_cma() and kin. */
export function parseCmdline(cmdline: string): MemoryCmdline {
  let cma: { size: bigint; base: bigint; limit: bigint } | undefined;
  const mems: { size: bigint; start?: bigint }[] = [];
  let coherentPool: bigint | undefined;
  let rodata: string | undefined;
  let memAccounting: boolean | undefined;
  let memAccountingWord: string | undefined;
  let uncharged: string | undefined;
  const malformed: string[] = [];
  const ignored: string[] = [];
  const halves: HalfRead[] = [];
  const misspelt: { word: string; meant: string }[] = [];
  const withoutUnit: { name: FollowedSize; size: bigint }[] = [];
  for (const word of words(cmdline)) {
    if (word === '--') break;
    const equals = word.indexOf('=');
    // A dash in a parameter's name is as good as an underscore: parameq().
    const name = (equals < 0 ? word : word.slice(0, equals)).replaceAll('-', '_');
    const value = equals < 0 ? undefined : word.slice(equals + 1);
    const followed = FOLLOWED.find((one) => one === name);
    const half = followed && value !== undefined ? halfRead(word, followed, value) : undefined;
    if (half !== undefined) halves.push(half);
    else if (followed !== undefined && /^(0[xX])?[0-9a-fA-F]+($|@)/.test(value ?? ''))
      withoutUnit.push({ name: followed, size: memparse(value ?? '')[0] });
    if (name === 'cma') {
      if (value === undefined) malformed.push(name);
      else {
        cma = parseCma(value, cma);
      }
    } else if (name === 'mem') {
      if (value === undefined) malformed.push(name);
      else mems.push(parseMem(value));
    } else if (name === 'dma_heap.mem_accounting') {
      memAccounting = parseBool(value) ?? memAccounting;
      memAccountingWord = word;
    } else if (
      value?.split(',').includes(UNCHARGING[name] ?? '') === true &&
      Object.hasOwn(UNCHARGING, name)
    ) {
      uncharged = word;
    } else if (name === 'rodata' && value !== undefined) {
      rodata = value;
    } else if (name === 'coherent_pool' && value !== undefined) {
      coherentPool = memparse(value)[0];
    } else if (isUnfollowed(name)) {
      ignored.push(word);
    } else {
      const meant = followed === undefined ? meantWord(name, value) : undefined;
      if (meant !== undefined) misspelt.push({ word, meant });
    }
  }
  const last = mems.at(-1);
  // The value that stands for "not given": size_cmdline.
  const given = cma?.size === U64_MASK ? undefined : cma;
  return {
    ...(given && { cma: given }),
    ...(last !== undefined && { mem: last.size, memWords: mems }),
    ...(coherentPool !== undefined && { coherentPool }),
    ...(rodata !== undefined && { rodata }),
    ...(memAccounting !== undefined && { memAccounting }),
    ...(memAccountingWord !== undefined && { memAccountingWord }),
    ...(uncharged !== undefined && { uncharged }),
    malformed,
    ignored,
    halfRead: halves,
    misspelt,
    withoutUnit,
  };
}

function parseMem(value: string): { size: bigint; start?: bigint } {
  const [size, rest] = memparse(value);
  return rest.startsWith('@') ? { size, start: memparse(rest.slice(1))[0] } : { size };
}

/** param_set_bool(): the word alone is yes; `undefined` where it is refused. */
function parseBool(value: string | undefined): boolean | undefined {
  if (value === undefined || /^([yYtT1]|[oO][nN])/.test(value)) return true;
  return /^([nNfF0]|[oO][fF])/.test(value) ? false : undefined;
}

function parseCma(value: string, before: MemoryCmdline['cma']): NonNullable<MemoryCmdline['cma']> {
  const [size, afterSize] = memparse(value);
  if (!afterSize.startsWith('@')) return { size, base: before?.base ?? 0n, limit: before?.limit ?? 0n };
  const [base, afterBase] = memparse(afterSize.slice(1));
  if (!afterBase.startsWith('-')) return { size, base, limit: BigInt.asUintN(64, base + size) };
  return { size, base, limit: memparse(afterBase.slice(1))[0] };
}
