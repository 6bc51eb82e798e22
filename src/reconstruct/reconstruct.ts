/**
 * From what a reporter pasted to a board and the parameters of its boot, with all that was assumed. What the booted
 * kernel is to hold besides, `rebuild-state.ts` puts into it.
 *
 * ```
 *   text ─► lines ─► facts ─► kernel, RAM, regions, default area ─► tree and parameters ─► boots, compared with the facts
 * ```
 */

import { boardFromTree } from '../board/from-tree.ts';
import type { DeviceTree } from '../devicetree/tree.ts';
import { InvalidInput } from '../diagnostic.ts';
import type { BootParams } from '../kernel/boot/boot-params.ts';
import { layersOf } from '../profile/config-layers.ts';
import type { ConfigFile } from '../profile/dot-config.ts';
import { DEFAULT_ARCHITECTURE, profileOf } from '../profile/profile.ts';
import { chooseBoot, type Variant } from './choose-boot.ts';
import { compareWithFacts } from './compare.ts';
import {
  areasSeen,
  coherentOf,
  configFileOf,
  maxOrderOf,
  pageKiBOf,
  releaseFor,
} from './configuration-of.ts';
import { type DefaultArea, defaultAreaOf, rolesIn } from './default-area.ts';
import type { Facts } from './facts.ts';
import type { Finding, Tell } from './finding.ts';
import { tellMissing } from './missing.ts';
import { type Ram, ramOf } from './ram-of.ts';
import { without } from './ranges.ts';
import { regionsOf, type SeenRegion } from './regions-of.ts';
import { releaseOf } from './release-of.ts';
import { fitTree } from './tree-fit.ts';
import { newTree } from './tree-of.ts';
import { treeOfFiles } from './tree-of-files.ts';

/** What a reconstruction begins with. */
export interface Given {
  readonly facts: Facts;
  /** The names of the inputs, in order. */
  readonly files: readonly string[];
  /** A device tree among them. */
  readonly tree?: { readonly tree: DeviceTree; readonly file: string };
  /** What its user says: it goes before all that was read. */
  readonly params: BootParams;
}

export interface Reconstruction {
  readonly tree: DeviceTree;
  readonly params: BootParams;
  /** What was assumed, what does not fit together, what is not told; in the order in which it came up. */
  readonly findings: readonly Finding[];
  readonly regions: readonly SeenRegion[];
}

/**
 * @param source what messages call the board
 * @throws InvalidInput when nothing tells of any RAM
 */
export function reconstruct(given: Given, source: string): Reconstruction {
  const { facts, files, params } = given;
  const findings: Finding[] = [];
  const tell: Tell = (finding) => findings.push(finding);
  for (const { message, at } of facts.doubts)
    tell({ kind: 'contradiction', code: 'not-readable', message, taken: 'left out', at });
  const kernel = params.kernel ?? releaseOf(facts, tell);
  const configFile = params.configFile ?? configFileOf(facts, tell);
  const pageKiB = params.pageKiB ?? pageKiBOf(facts, configFile, tell);
  const pageSize = (pageKiB ?? 4) * 1024;
  const regions = regionsOf(facts, pageSize, files, tell);
  const live = given.tree === undefined ? treeOfFiles(facts, regions) : undefined;
  const tree = given.tree ?? (live && { tree: live, file: files[0] ?? source });
  const ram = params.memory === undefined ? ramOf(facts, regions, tell) : undefined;
  const memory = params.memory ?? ram?.ranges;
  const cmdline = params.cmdline ?? cmdlineOf(facts, tell);
  const area = defaultAreaOf(facts, regions, cmdline, pageSize, rolesIn(tree?.tree), tell);
  const arch = params.arch ?? archOf(facts, tell);
  const config: Record<string, string | boolean | number> = {
    ...configOf(facts, area, cmdline, configFile, tell),
    ...params.config,
  };
  const release = releaseFor(kernel);
  const layers = layersOf({ ...params, ...(configFile && { configFile }), config: {} }, release);
  const { profile } = profileOf('off', config, pageKiB, release, arch, layers);
  const order = profile.config.CONFIG_ARCH_FORCE_MAX_ORDER > 0 ? undefined : maxOrderOf(facts, profile, tell);
  if (order !== undefined) config[order[0]] = order[1];
  const base: BootParams = {
    ...params,
    ...(kernel !== undefined && { kernel }),
    ...(pageKiB !== undefined && pageKiB !== 4 && { pageKiB }),
    ...(configFile && { configFile }),
    ...(Object.keys(config).length > 0 && { config }),
    coherent: params.coherent ?? coherentOf(facts, regions, kernel),
    ...reserveOf(params, ram),
  };
  const named = tree === undefined ? facts.models.at(-1)?.model : undefined;
  if (memory === undefined && tree === undefined) throw noRam(source);
  const whole =
    tree === undefined
      ? [...regions, ...unnamedRegions(facts, ram, regions, BigInt(pageSize), tell)]
      : regions;
  const start: Variant =
    tree === undefined
      ? {
          tree: newTree({
            memory: memory ?? [],
            regions: whole,
            ...(named !== undefined && { model: named }),
            ...(cmdline !== undefined && { bootargs: cmdline }),
            ...(arch !== DEFAULT_ARCHITECTURE && { arch }),
            ...(area.is === 'region' && { defaultRegion: area.name }),
          }),
          params: archParams(base, arch),
        }
      : fitTree(
          tree,
          { ...base, ...(cmdline !== undefined && { cmdline }), ...(ram && { memory: ram.ranges }) },
          regions,
          area.is === 'region' ? area.name : undefined,
          facts,
          source,
          tell,
        );
  const chosen = chooseBoot(start, area, cmdline ?? boardFromTree(start.tree, source).bootargs, source, tell);
  if (chosen.kernel !== undefined) compareWithFacts(chosen.kernel, facts, whole, area, tell);
  for (const { what, at: place } of facts.notRead) {
    tell({ kind: 'missing', code: 'not-captured', message: `the capture could not read ${what}`, at: place });
  }
  tellMissing(facts, chosen.kernel, tell);
  return { tree: chosen.variant.tree, params: chosen.variant.params, findings, regions: whole };
}

const noRam = (source: string): InvalidInput =>
  new InvalidInput([
    {
      code: 'reconstruct-no-memory',
      severity: 'error',
      message:
        'nothing here tells of RAM: expected /proc/iomem, or lines of the log such as "node 0: [mem 0x…-0x…]" or "DMA [mem 0x…-0x…]"',
      position: { file: source },
      hint: 'give it with --memory BASE:SIZE, for example --memory 0x40000000:2G, or add the device tree',
    },
  ]);

function cmdlineOf(facts: Facts, tell: Tell): string | undefined {
  const final = facts.cmdlines.filter(({ early }) => early !== true);
  const cmdlines = final.length > 0 ? final : facts.cmdlines;
  const last = cmdlines.at(-1);
  for (const other of cmdlines) {
    if (last === undefined || other.cmdline === last.cmdline) continue;
    tell({
      kind: 'contradiction',
      code: 'two-command-lines',
      message: `another command line stands in ${last.at.file}:${last.at.line}`,
      taken: 'that one, which comes last',
      at: other.at,
    });
  }
  return last?.cmdline;
}

/** The architecture, where a line names it. */
function archOf(facts: Facts, tell: Tell): string {
  const strong = facts.archs.filter(({ weak }) => weak !== true);
  const archs = strong.length > 0 ? strong : facts.archs;
  const last = archs.at(-1);
  if (last === undefined) return DEFAULT_ARCHITECTURE;
  const other = archs.find(({ arch }) => arch !== last.arch);
  if (other !== undefined) {
    tell({
      kind: 'contradiction',
      code: 'two-architectures',
      message: `${other.arch} here, and ${last.arch} in ${last.at.file}:${last.at.line}`,
      taken: last.arch,
      at: other.at,
    });
  }
  return last.arch;
}

/** A board of an architecture without device trees says of itself what it is by nothing: the parameters do. */
const archParams = (params: BootParams, arch: string): BootParams =>
  arch === DEFAULT_ARCHITECTURE || params.arch !== undefined ? params : { ...params, arch };

function configOf(
  facts: Facts,
  area: DefaultArea,
  cmdline: string | undefined,
  file: ConfigFile | undefined,
  tell: Tell,
): Record<string, boolean | number> {
  const config: Record<string, boolean | number> = {};
  const isSaid = (key: string) => file !== undefined && Object.hasOwn(file.options, key);
  const isGiven = isSaid('CONFIG_CMA_SIZE_MBYTES');
  const hasWord = /(?:^|\s)cma=/.test(cmdline ?? '');
  if (!isGiven && !hasWord) {
    if (area.is === 'placed' && area.mib !== undefined) config.CONFIG_CMA_SIZE_MBYTES = area.mib;
    if (area.is === 'none') config.CONFIG_CMA_SIZE_MBYTES = facts.failedDefault.at(-1)?.mib ?? 0;
  }
  const areas = areasSeen(facts);
  if (areas > 20 && !isSaid('CONFIG_CMA_AREAS')) config.CONFIG_CMA_AREAS = Math.min(areas, 128);
  // A folder of /dev that was listed shows which heaps were not built, or not loaded.
  const nodes = facts.heapNodes.map(({ name }) => name);
  if (nodes.length > 0 && !nodes.includes('system') && !isSaid('CONFIG_DMABUF_HEAPS_SYSTEM')) {
    config.CONFIG_DMABUF_HEAPS_SYSTEM = false;
    tell({
      kind: 'guess',
      code: 'heap-not-there',
      message: '/dev/dma_heap has no system heap',
      taken: 'CONFIG_DMABUF_HEAPS_SYSTEM is off',
      ...at(facts),
    });
  }
  return config;
}

const at = ({ heapNodes: [first] }: Facts) => (first === undefined ? {} : { at: first.at });

function reserveOf(params: BootParams, ram: Ram | undefined): Pick<BootParams, 'reserve'> {
  const kernel = params.reserve?.kernel ?? ram?.kernel;
  return kernel === undefined ? {} : { reserve: { ...params.reserve, kernel } };
}

/** Ranges that Linux does not map, and that no line names. */
function unnamedRegions(
  facts: Facts,
  ram: Ram | undefined,
  regions: readonly SeenRegion[],
  page: bigint,
  tell: Tell,
): SeenRegion[] {
  return (ram?.noMap ?? []).flatMap((range) =>
    restOf(range, regions, page).map(({ base, size }): SeenRegion => {
      const name = `no-map@${base.toString(16)}`;
      const place = facts.iomem.find(({ depth, start, end }) => depth === 0 && start <= base && base <= end)
        ?.at ?? { file: '', line: 0 };
      tell({
        kind: 'missing',
        code: 'region-name',
        message: `/proc/iomem has a range that Linux does not map at 0x${base.toString(16)} (${size >> 10n} KiB), and no line tells which region that is`,
        taken: `a region ${name} that is no pool`,
        at: place,
      });
      return { name, base, size, noMap: true, reusable: false, at: place, unnamed: true };
    }),
  );
}

/** What of a range no region has, in whole pages. */
function restOf(
  range: { readonly base: bigint; readonly size: bigint },
  regions: readonly SeenRegion[],
  page: bigint,
) {
  const wide = regions
    .filter(({ noMap }) => noMap)
    .map(({ base, size }) => {
      const start = base - (base % page);
      return { base: start, size: ((base + size + page - 1n) / page) * page - start };
    });
  return without([range], wide);
}
