/** How the kernel was built, as far as the lines tell: .config, page size, the coherent series. */
import type { PageKiB } from '../profile/architecture.ts';
import { type ConfigFile, readConfigFile } from '../profile/dot-config.ts';
import { PAGE_OPTIONS } from '../profile/given-option.ts';
import { kernelRow, NEWEST } from '../profile/kernels.ts';
import { nameKernel } from '../profile/named-kernel.ts';
import { type Profile, pageblockBytes } from '../profile/profile.ts';
import { formatSize } from '../units.ts';
import type { Facts } from './facts.ts';
import type { Tell } from './finding.ts';
import type { SeenRegion } from './regions-of.ts';

/** What the lines of a .config set, with problems told; `undefined` where there are none. */
export function configFileOf(facts: Facts, tell: Tell): ConfigFile | undefined {
  const { config } = facts;
  const [first] = config;
  if (first === undefined) return undefined;
  const { file, problems } = readConfigFile(config.map(({ text }) => text).join('\n'), first.at.file);
  for (const { line, key, value } of problems) {
    const at = config[line - 1]?.at;
    tell({
      kind: 'contradiction',
      code: 'config-value',
      message: `${key}=${value} is no value of that option`,
      taken: 'its default',
      ...(at && { at }),
    });
  }
  return file;
}

/** How many areas boot set up: more than a default configuration has room for must have had room. */
export const areasSeen = (facts: Facts): number =>
  facts.pools.filter(({ kind }) => kind === 'cma').length + facts.defaultAreas.length;

/** The page size by which page frame numbers of debugfs are the addresses of the log. */
export function pageKiBOf(facts: Facts, file: ConfigFile | undefined, tell: Tell): PageKiB | undefined {
  const built = Object.entries(PAGE_OPTIONS).find(([key]) => file?.options[key] === 'y')?.[1];
  if (built !== undefined) return built;
  const bases = new Set([
    ...facts.pools.filter(({ kind }) => kind === 'cma').map(({ base }) => base),
    ...facts.ranges.filter(({ reusable }) => reusable === true).map(({ base }) => base),
    ...facts.defaultAreas.map(({ base }) => base),
  ]);
  const pfns = [...facts.folders.values()].flatMap(({ basePfn }) =>
    basePfn === undefined ? [] : [BigInt(basePfn)],
  );
  if (bases.size === 0 || pfns.length === 0) return undefined;
  const sizes: readonly PageKiB[] = [4, 16, 64];
  const fits = (kib: PageKiB) => pfns.filter((pfn) => bases.has(pfn * BigInt(kib) * 1024n)).length;
  const best = sizes.reduce((one, other) => (fits(other) > fits(one) ? other : one));
  if (best !== 4) {
    tell({
      kind: 'guess',
      code: 'page-size',
      message: 'no line tells the page size',
      taken: `${best} KiB: with it the areas of debugfs lie where the log has them`,
    });
  }
  return fits(best) === 0 ? undefined : best;
}

/** The release that is spoken for. @param kernel as it was named or read; absent or unknown: the newest */
export function releaseFor(kernel: string | undefined): string {
  const named = kernel === undefined ? undefined : nameKernel(kernel);
  return named !== undefined && 'release' in named ? named.release : NEWEST;
}

/** Names that heaps of other sorts have. */
const OTHERS: ReadonlySet<string> = new Set(['system', 'default_cma_region', 'reserved']);

/**
 * Whether coherent pools were heaps: only a kernel with the series says so.
 *
 * @param kernel the release, where it is known
 */
export function coherentOf(
  facts: Facts,
  regions: readonly SeenRegion[],
  kernel: string | undefined,
): 'v3' | 'off' {
  if (kernelRow(releaseFor(kernel))?.series === undefined) return 'off';
  if (facts.coherentHeaps.length > 0) return 'v3';
  const isPool = (name: string) =>
    !OTHERS.has(name) &&
    regions.some((region) => region.name === name && !region.reusable) &&
    !regions.some((region) => region.name === name && region.reusable);
  return facts.heapNodes.some(({ name }) => isPool(name)) ? 'v3' : 'off';
}

/**
 * The option by which the largest block is smaller than usual, where the areas that were set up lie at smaller multiples
 * than a pageblock of the usual configuration: of large pages alone, whose pageblocks are configured so in practice.
 *
 * @param usual the kernel as it is without that option
 */
export function maxOrderOf(
  facts: Facts,
  usual: Profile,
  tell: Tell,
): readonly [option: string, value: number] | undefined {
  const pageKiB = usual.geometry.pageSize / 1024;
  const block = pageblockBytes(usual);
  const seen = [...facts.pools.filter(({ kind }) => kind === 'cma'), ...facts.defaultAreas];
  const all = seen.reduce((bits, { base }) => bits | base, 0n);
  const lengths = [...facts.folders.values()].reduce(
    (bits, { count = 0 }) => bits | (BigInt(count) * BigInt(pageKiB) * 1024n),
    all,
  );
  const sizes = facts.pools
    .filter(({ kind }) => kind === 'cma')
    .reduce((bits, { size }) => bits | size, lengths);
  const align = sizes & -sizes;
  const page = BigInt(pageKiB) * 1024n;
  if (pageKiB === 4 || sizes === 0n || align >= block || align < page) return undefined;
  let order = 0;
  while (page << BigInt(order + 1) <= align) order++;
  const { maxOrder } = usual.linux.options;
  const option = maxOrder === 'zone' ? 'CONFIG_FORCE_MAX_ZONEORDER' : 'CONFIG_ARCH_FORCE_MAX_ORDER';
  const value = maxOrder === 'inclusive' ? order : order + 1;
  tell({
    kind: 'guess',
    code: 'pageblock',
    message: `CMA areas lie at multiples of ${formatSize(align)}, and a pageblock of the usual configuration has ${formatSize(block)}`,
    taken: `${option}=${value}`,
  });
  return [option, value];
}
