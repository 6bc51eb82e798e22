/**
 * /sys/kernel/mm/cma: page counters of the areas. Models mm/cma_sysfs.c (Linux 7.3).
 *
 * Where two areas have one name, cma_sysfs_init() gives up and takes away what it had made: there is no `cma`
 * at all. An area that could not be activated has no folder.
 */
import { type Cma, cmaAreas } from '../../mm/alloc/cma.ts';
import type { CmaCounter } from '../../profile/linux-version.ts';
import { profileIn } from '../../profile/recorded-profile.ts';
import type { Records } from '../../records.ts';
import { bootRecord } from '../boot/boot-record.ts';
import { attribute, directory, type Entries, fixedDirectory } from './make-node.ts';
import type { VirtualDirectory } from './node.ts';

/** What /sys/kernel/mm holds. */
export function cmaSysfs(records: Records): Entries {
  const { config, linux } = profileIn(records);
  const { cmaCounters } = linux;
  if (cmaCounters.length === 0 || !config.CONFIG_CMA_SYSFS) return new Map();
  const areas = cmaAreas(records, bootRecord(records).cmaAreas).filter((cma) => cma.count > 0);
  const folders = new Map(
    areas.map((cma) => [cma.name.replaceAll('/', '!'), () => areaDirectory(cma, cmaCounters)]),
  );
  if (folders.size < areas.length) return new Map();
  const sorted = new Map([...folders].sort(([a], [b]) => (a < b ? -1 : 1)));
  return new Map([['cma', () => directory(0o755, () => sorted)]]);
}

/** A counter as the kernel prints it: %llu. */
const counter = (value: number): string => `${BigInt.asUintN(64, BigInt(value))}\n`;

const COUNTERS: Readonly<Record<CmaCounter, (cma: Cma) => string>> = {
  alloc_pages_fail: (cma) => counter(cma.counters.allocPagesFail),
  alloc_pages_success: (cma) => counter(cma.counters.allocPagesSuccess),
  available_pages: (cma) => `${cma.bitmap.zeros()}\n`,
  release_pages_success: (cma) => counter(cma.counters.releasePagesSuccess),
  total_pages: (cma) => `${cma.count}\n`,
};

const areaDirectory = (cma: Cma, names: readonly CmaCounter[]): VirtualDirectory =>
  fixedDirectory(
    0o755,
    Object.fromEntries(names.map((name) => [name, () => attribute(() => COUNTERS[name](cma))])),
  );
