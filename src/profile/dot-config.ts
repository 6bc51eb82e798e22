/** A kernel's configuration as it is built from: the lines of `.config` and /proc/config.gz. */
import type { PageKiB } from './architecture.ts';
import { type ConfigKey, configKeys, readOption } from './config.ts';

/** What of a configuration changes answers. */
export interface DotConfig {
  /** The options that the model reads, by their whole names. */
  readonly options: Readonly<Record<string, boolean | number>>;
  /** The page size, where the architecture lets it be chosen. */
  readonly pageKiB?: PageKiB;
  /** Heaps that are modules: there once they are loaded. */
  readonly modules: readonly string[];
  /** Options whose values cannot be read, with the number of the line. */
  readonly problems: readonly { readonly line: number; readonly key: string; readonly value: string }[];
}

const PAGES: Readonly<Record<string, PageKiB>> = {
  CONFIG_ARM64_4K_PAGES: 4,
  CONFIG_ARM64_16K_PAGES: 16,
  CONFIG_ARM64_64K_PAGES: 64,
};

/** Which heap a module has. */
const MODULES: Readonly<Record<string, string>> = {
  CONFIG_DMABUF_HEAPS_SYSTEM: 'system_heap',
  CONFIG_DMABUF_HEAPS_CMA: 'cma_heap',
  CONFIG_DMABUF_HEAPS_COHERENT: 'coherent_heap',
};

/** Options that are off where a whole configuration does not name them. */
const ABSENT_IS_OFF: readonly ConfigKey[] = [
  'CONFIG_DMABUF_HEAPS_SYSTEM',
  'CONFIG_DMABUF_HEAPS_CMA',
  'CONFIG_DMABUF_HEAPS_COHERENT',
  'CONFIG_HUGETLBFS',
  'CONFIG_TRANSPARENT_HUGEPAGE',
  'CONFIG_ZONE_DMA',
  'CONFIG_ZONE_DMA32',
  'CONFIG_EFI',
  'CONFIG_CMA_DEBUG',
];

/** Whether a text has lines of a configuration. */
export const looksLikeDotConfig = (text: string): boolean =>
  /^(CONFIG_[A-Z0-9_]+=|# CONFIG_[A-Z0-9_]+ is not set$)/m.test(text);

/** Reads a whole configuration; a later line of an option counts. What the model does not read is passed over. */
export function parseDotConfig(text: string): DotConfig {
  const values = new Map<string, { readonly value: string; readonly line: number }>();
  for (const [i, line] of text.split('\n').entries()) {
    const set = /^(CONFIG_[A-Z0-9_]+)=(.*?)\r?$/.exec(line);
    const unset = /^# (CONFIG_[A-Z0-9_]+) is not set\r?$/.exec(line);
    const key = set?.[1] ?? unset?.[1];
    if (key !== undefined) values.set(key, { value: set?.[2] ?? 'n', line: i + 1 });
  }
  const options: Record<string, boolean | number> = {};
  const problems: { line: number; key: string; value: string }[] = [];
  const modules: string[] = [];
  for (const key of configKeys()) {
    const found = values.get(key);
    if (found === undefined) {
      if (ABSENT_IS_OFF.includes(key)) options[key] = false;
      continue;
    }
    const module = MODULES[key];
    if (found.value === 'm' && module !== undefined) modules.push(module);
    const read = readOption(key, found.value === 'm' ? 'y' : found.value);
    if (typeof read === 'object') problems.push({ line: found.line, key, value: found.value });
    else options[key] = read;
  }
  // Without it there is no area of the configuration's, and no heap of areas.
  if (values.get('CONFIG_DMA_CMA')?.value !== 'y') options.CONFIG_CMA_SIZE_MBYTES = 0;
  const pages = Object.entries(PAGES).find(([key]) => values.get(key)?.value === 'y')?.[1];
  return { options, modules, problems, ...(pages !== undefined && { pageKiB: pages }) };
}
