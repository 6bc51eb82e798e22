/** How the kernel was built, as far as the lines tell: .config, page size, the coherent series. */
import type { PageKiB } from '../profile/architecture.ts';
import { parseDotConfig } from '../profile/dot-config.ts';
import { MiB } from '../units.ts';
import type { Facts } from './facts.ts';
import type { Tell } from './finding.ts';

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

/** Whether coherent pools were heaps: only a kernel with the series says so. */
export function coherentOf(facts: Facts, pools: ReadonlySet<string>): 'v3' | 'off' {
  if (facts.coherentHeaps.length > 0) return 'v3';
  return facts.heapNodes.some(({ name }) => pools.has(name)) ? 'v3' : 'off';
}

/** MiB of an area, where it is whole MiB. */
export const wholeMiB = (size: bigint): number | undefined =>
  size % MiB === 0n ? Number(size / MiB) : undefined;
