/**
 * Options that others depend on: where one is off, Kconfig has none of those below it. Most say nothing themselves, so
 * that the model has only those below.
 */
import type { ConfigKey } from './config.ts';

/** What goes with an option that is off, by its whole name. */
export const PARENTS: Readonly<Record<string, readonly ConfigKey[]>> = {
  CONFIG_DMABUF_HEAPS: [
    'CONFIG_DMABUF_HEAPS_SYSTEM',
    'CONFIG_DMABUF_HEAPS_CMA',
    'CONFIG_DMABUF_HEAPS_COHERENT',
  ],
  CONFIG_CMA: ['CONFIG_DMA_CMA', 'CONFIG_CMA_DEBUG', 'CONFIG_CMA_DEBUGFS', 'CONFIG_CMA_SYSFS'],
  CONFIG_DMA_CMA: ['CONFIG_DMABUF_HEAPS_CMA'],
  CONFIG_CGROUPS: ['CONFIG_MEMCG', 'CONFIG_CGROUP_DMEM'],
  CONFIG_DRM: ['CONFIG_DRM_VGEM', 'CONFIG_DRM_VKMS'],
};

/** Those that the model has for nothing else: alone and on, they build nothing. */
const MENUS: ReadonlySet<string> = new Set(['CONFIG_DMABUF_HEAPS', 'CONFIG_CGROUPS', 'CONFIG_DRM']);

export const isMenu = (key: string): boolean => MENUS.has(key);

/** Everything that goes with an option that is off, and with what goes with it. */
export function below(parent: string): readonly ConfigKey[] {
  const direct = Object.hasOwn(PARENTS, parent) ? (PARENTS[parent] ?? []) : [];
  return [...new Set(direct.flatMap((key) => [key, ...below(key)]))];
}
