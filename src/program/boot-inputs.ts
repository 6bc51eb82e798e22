/** What a boot loader and a user give beside a board, as people say it, and the parameters of a boot that it makes. */
import { didYouMean } from '../devicetree/did-you-mean.ts';
import type { BootParams } from '../kernel/boot/boot-params.ts';
import type { FaultRule } from '../kernel/faults/fault-rule.ts';
import type { ConfigProblem } from '../profile/config.ts';
import { givenKeys } from '../profile/given-option.ts';
import { parseWhole } from '../units.ts';

/** The parameters, but what udev makes of the nodes of /dev/dma_heap said as its rules say it. */
export interface BootInputs extends Omit<BootParams, 'heapMode' | 'heapGid' | 'modules'> {
  /** MODE: permission bits. */
  readonly mode?: number;
  /** GROUP: a number. */
  readonly group?: number;
}

/** What a boot loader puts into memory, by name. */
export const RESERVED = ['kernel', 'initrd', 'dtb'] as const;
export type Reserved = (typeof RESERVED)[number];
export const isReserved = (name: string): name is Reserved => RESERVED.some((known) => known === name);

/** A configuration option by its whole name: CMA_SIZE_MBYTES is CONFIG_CMA_SIZE_MBYTES. */
export const configKey = (key: string): string => (key.startsWith('CONFIG_') ? key : `CONFIG_${key}`);

/** Options by words that people know them by, where their names have no such word. */
const MEANINGS: Readonly<Record<string, string>> = {
  CMA_SIZE: 'CMA_SIZE_MBYTES',
  CMA_MBYTES: 'CMA_SIZE_MBYTES',
  DEFAULT_CMA_SIZE: 'CMA_SIZE_MBYTES',
  CMA_PERCENTAGE: 'CMA_SIZE_PERCENTAGE',
  CMA_MAX: 'CMA_SIZE_SEL_MAX',
  CMA_MIN: 'CMA_SIZE_SEL_MIN',
  MAX_CMA_AREAS: 'CMA_AREAS',
  DMA_CONTIGUOUS: 'DMA_CMA',
  THP: 'TRANSPARENT_HUGEPAGE',
  HUGETLB: 'HUGETLBFS',
  HUGETLB_PAGE: 'HUGETLBFS',
  PAGEBLOCK_ORDER: 'PAGE_BLOCK_MAX_ORDER',
  PAGE_BLOCK_ORDER: 'PAGE_BLOCK_MAX_ORDER',
  MAX_ORDER: 'ARCH_FORCE_MAX_ORDER',
  MAX_PAGE_ORDER: 'ARCH_FORCE_MAX_ORDER',
  PAGE_SIZE: 'ARM64_16K_PAGES',
  PAGE_SHIFT: 'ARM64_16K_PAGES',
  PAGE_SIZE_4KB: 'ARM64_4K_PAGES',
  PAGE_SIZE_16KB: 'ARM64_16K_PAGES',
  PAGE_SIZE_64KB: 'ARM64_64K_PAGES',
  PGTABLE_LEVELS: 'ARM64_VA_BITS',
  LPAE: 'ARM_LPAE',
  RODATA_FULL: 'RODATA_FULL_DEFAULT_ENABLED',
  SYSTEM_HEAP: 'DMABUF_HEAPS_SYSTEM',
  ION: 'DMABUF_HEAPS_SYSTEM',
  CMA_HEAP: 'DMABUF_HEAPS_CMA',
  COHERENT_HEAP: 'DMABUF_HEAPS_COHERENT',
  CARVEOUT_HEAP: 'DMABUF_HEAPS_COHERENT',
};

/**
 * The option that was most likely meant by one that the model does not read: by what it means, such as CMA_SIZE_MBYTES
 * by CMA_SIZE, or by how it is written.
 */
export function configMeant({ key }: Pick<ConfigProblem, 'key'>): string | undefined {
  // The word that all of them begin with says nothing.
  const bare = (name: string) => name.replace(/^CONFIG_/, '');
  const typed = bare(key);
  const meant = Object.hasOwn(MEANINGS, typed) ? MEANINGS[typed] : undefined;
  return meant ?? didYouMean(typed, givenKeys().map(bare));
}

/** Permission bits in octal, as a udev rule has them: 0660. */
export const parseMode = (text: string): number | undefined =>
  /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : undefined;

/** What chance begins with: 32 bits. */
export const parseSeed = (text: string): number | undefined => parseWhole(text, 0xffffffff);

/** A fault rule whose chance begins with this seed, unless it names one itself. */
export const seeded = (rule: FaultRule, seed: number): FaultRule =>
  'chance' in rule && rule.chance !== undefined && rule.seed === undefined ? { ...rule, seed } : rule;

/** The parameters of a boot; what was not given is absent. With a group and no mode udev gives 0660. */
export function bootParamsOf({ mode, group, ...given }: BootInputs): BootParams {
  const heapMode = mode ?? (group === undefined || group === 0 ? undefined : 0o660);
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...(heapMode !== undefined && { heapMode }),
    ...(group !== undefined && { heapGid: group }),
  };
}
