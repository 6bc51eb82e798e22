/** Options of a kernel's configuration that somebody meant who named another. */
import { didYouMean } from '../devicetree/did-you-mean.ts';
import { givenKeys } from '../profile/given-option.ts';

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
export function optionMeant(key: string): string | undefined {
  // The word that all of them begin with says nothing.
  const bare = (name: string) => name.replace(/^CONFIG_/, '');
  const typed = bare(key);
  const meant = Object.hasOwn(MEANINGS, typed) ? MEANINGS[typed] : undefined;
  return meant ?? didYouMean(typed, givenKeys().map(bare));
}
