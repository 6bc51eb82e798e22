/** How the kernel was built, as far as the lines tell: .config, page size, the coherent series. */
import type { PageKiB } from '../profile/architecture.ts';
import { parseDotConfig } from '../profile/dot-config.ts';
import { kernelRow, NEWEST } from '../profile/kernels.ts';
import { nameKernel } from '../profile/named-kernel.ts';
import { formatSize } from '../units.ts';
import type { Facts } from './facts.ts';
import type { Tell } from './finding.ts';
import type { SeenRegion } from './regions-of.ts';

/** Fewer lines are a part of a configuration: what they do not name is not known. */
const WHOLE = 400;

/** The options that lines of a .config set, and problems told. */
export function optionsOf(facts: Facts, tell: Tell): Readonly<Record<string, boolean | number>> {
  const { config } = facts;
  if (config.length === 0) return {};
  const { options, problems } = parseDotConfig(config.map(({ text }) => text).join('\n'));
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
  if (config.length >= WHOLE) return options;
  const named = (key: string) =>
    config.some(({ text }) => text.startsWith(`${key}=`) || text === `# ${key} is not set`);
  return Object.fromEntries(
    Object.entries(options).filter(
      ([key]) => named(key) && (key !== 'CONFIG_CMA_SIZE_MBYTES' || !isOff(facts, 'CONFIG_DMA_CMA')),
    ),
  );
}

const isOff = ({ config }: Facts, key: string): boolean =>
  config.some(({ text }) => text === `# ${key} is not set`);

/** How many areas boot set up: more than a default configuration has room for must have had room. */
export const areasSeen = (facts: Facts): number =>
  facts.pools.filter(({ kind }) => kind === 'cma').length + facts.defaultAreas.length;

/** The page size by which page frame numbers of debugfs are the addresses of the log. */
export function pageKiBOf(facts: Facts, tell: Tell): PageKiB | undefined {
  const built = parseDotConfig(facts.config.map(({ text }) => text).join('\n')).pageKiB;
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
  const named = kernel === undefined ? undefined : nameKernel(kernel);
  const release = named !== undefined && 'release' in named ? named.release : NEWEST;
  if (kernelRow(release)?.series === undefined) return 'off';
  if (facts.coherentHeaps.length > 0) return 'v3';
  const isPool = (name: string) =>
    !OTHERS.has(name) &&
    regions.some((region) => region.name === name && !region.reusable) &&
    !regions.some((region) => region.name === name && region.reusable);
  return facts.heapNodes.some(({ name }) => isPool(name)) ? 'v3' : 'off';
}

/**
 * The order of the largest block, where the areas that were set up lie at smaller multiples than a pageblock of the
 * usual configuration: of large pages alone, whose pageblocks are configured so in practice.
 *
 * @param usual bytes of a pageblock
 */
export function maxOrderOf(facts: Facts, pageKiB: number, usual: bigint, tell: Tell): number | undefined {
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
  if (pageKiB === 4 || sizes === 0n || align >= usual || align < page) return undefined;
  let order = 0;
  while (page << BigInt(order + 1) <= align) order++;
  tell({
    kind: 'guess',
    code: 'pageblock',
    message: `CMA areas lie at multiples of ${formatSize(align)}, and a pageblock of the usual configuration has ${formatSize(usual)}`,
    taken: `CONFIG_ARCH_FORCE_MAX_ORDER=${order}`,
  });
  return order;
}
