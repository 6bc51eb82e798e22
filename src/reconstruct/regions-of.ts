/** The regions that the target had, put together from the lines that each tell a part. */
import { formatHex, formatSize, type PhysAddr, type PhysRange, rangeEnd } from '../units.ts';
import type { Facts } from './facts.ts';
import type { Tell } from './finding.ts';
import type { At } from './line.ts';
import { lower } from './ranges.ts';

export interface SeenRegion {
  readonly name: string;
  readonly base: PhysAddr;
  readonly size: bigint;
  readonly noMap: boolean;
  readonly reusable: boolean;
  /** What the handler that took it goes by; absent: plain reserved memory. */
  readonly compatible?: string;
  readonly at: At;
  /** Nobody named it: the name is ours. */
  readonly unnamed?: true;
  /** The size is a lower bound: it was printed in MiB. */
  readonly sizeAtLeast?: true;
}

interface Draft {
  name?: string;
  base: PhysAddr;
  size?: bigint;
  /** The size is that of a line which rounds down to so many bytes. */
  unit?: bigint;
  noMap?: boolean;
  reusable?: boolean;
  compatible?: string;
  at: At;
}

export const SHARED_DMA_POOL = 'shared-dma-pool';

/** Names of nodes as they can be. */
const NAME = /^[A-Za-z0-9,._+?#@-]{1,255}$/;

/**
 * @param pageSize bytes
 * @param files the inputs in order, for the order of lines
 */
export function regionsOf(
  facts: Facts,
  pageSize: number,
  files: readonly string[],
  tell: Tell,
): SeenRegion[] {
  const drafts: Draft[] = [];
  const order = new Map(files.map((file, index) => [file, index]));
  const place = ({ file, line, piece = 0 }: At) => (order.get(file) ?? 0) * 1e12 + line * 1e4 + piece;
  const found = (base: PhysAddr, name: string | undefined): Draft | undefined =>
    drafts.find(
      (one) => one.base === base && (one.name === undefined || name === undefined || one.name === name),
    );
  const add = (base: PhysAddr, name: string | undefined, at: At): Draft => {
    const draft = found(base, name) ?? { base, at };
    if (!drafts.includes(draft)) drafts.push(draft);
    if (name !== undefined) draft.name = name;
    return draft;
  };
  const events = [
    ...facts.pools.map((pool) => ({ at: pool.at, pool })),
    ...facts.ranges.map((range) => ({ at: range.at, range })),
  ].sort((a, b) => place(a.at) - place(b.at));
  for (const event of events) {
    if ('pool' in event) {
      const { kind, base, size, unit, name, at } = event.pool;
      const draft = add(base, name, at);
      if (draft.size === undefined) {
        draft.size = size;
        draft.unit = unit;
      }
      draft.reusable = kind === 'cma';
      draft.compatible = SHARED_DMA_POOL;
    } else {
      const { base, size, name, noMap, reusable, at } = event.range;
      const draft = add(base, name, at);
      draft.size = size;
      delete draft.unit;
      if (noMap !== undefined) draft.noMap = noMap;
      if (reusable !== undefined) draft.reusable = reusable;
    }
  }
  for (const { name, base, size } of facts.overlaps) {
    const draft = drafts.find((one) => one.base === base && one.name === name);
    if (draft?.unit !== undefined) {
      draft.size = size;
      delete draft.unit;
    }
  }
  for (const { name, compatible } of facts.initialized) {
    const draft = drafts.find((one) => one.name === name);
    if (draft !== undefined) draft.compatible = compatible;
  }
  addFolders(facts, pageSize, drafts);
  return finish(facts, drafts, tell);
}

/** Areas that only debugfs has. */
function addFolders(facts: Facts, pageSize: number, drafts: Draft[]): void {
  for (const { name, at, basePfn, count } of facts.folders.values()) {
    if (basePfn === undefined || count === undefined || count === 0) continue;
    const base = BigInt(basePfn) * BigInt(pageSize);
    const size = BigInt(count) * BigInt(pageSize);
    const draft = drafts.find((one) => one.base === base && one.reusable !== false);
    if (draft !== undefined) {
      if (draft.unit !== undefined || draft.size === undefined) {
        draft.size = size;
        delete draft.unit;
      }
      draft.name ??= name.replace(/^cma-/, '');
      continue;
    }
    // The default area has no node.
    if (/^(?:cma-)?reserved$/.test(name)) continue;
    if (facts.defaultAreas.some((area) => area.base === base)) continue;
    drafts.push({
      // Up to 15 characters, of which four say nothing.
      name: name.replace(/^cma-/, ''),
      base,
      size,
      reusable: true,
      noMap: false,
      compatible: SHARED_DMA_POOL,
      at,
    });
  }
}

/** Fills in what no line told. */
function finish(facts: Facts, drafts: readonly Draft[], tell: Tell): SeenRegion[] {
  const noMaps = facts.iomem
    .filter(({ depth, name, end }) => depth === 0 && name === 'reserved' && end > 0n)
    .map(({ start, end }): PhysRange => ({ base: start, size: end + 1n - start }));
  const hasIomem = facts.iomem.some(({ end, name }) => end > 0n && name === 'System RAM');
  const out: SeenRegion[] = [];
  for (const draft of drafts) {
    const { base, at, reusable = false } = draft;
    const compatible = draft.compatible ?? poolByOthers(facts, draft);
    const isPool = compatible === SHARED_DMA_POOL;
    // A pool that Linux could map as it likes is told apart by /proc/iomem alone where its line does not say.
    const meets = noMaps.find((one) => one.base <= base && base < rangeEnd(one));
    const noMap = draft.noMap ?? (!reusable && isPool && (!hasIomem || meets !== undefined));
    const named = draft.name !== undefined && NAME.test(draft.name);
    const name = named ? (draft.name ?? '') : `region@${base.toString(16)}`;
    if (!named) {
      tell({
        kind: 'missing',
        code: 'region-name',
        message: `the name of the region at ${formatHex(base)} is not told`,
        taken: name,
        at,
      });
    }
    const failed = facts.refused.find((one) => one.why === 'reserve' && one.name === name && noMap);
    if (failed !== undefined && isPool) {
      tell({
        kind: 'guess',
        code: 'region-not-reserved',
        message: `${name} could not be reserved on the target, so Linux maps its pages all the same: something else had them first`,
        taken: 'a region without no-map',
        at: failed.at,
      });
    }
    const sized = sizeOf(draft, drafts, meets, tell, name);
    if (sized === undefined) continue;
    out.push({
      name,
      base,
      ...sized,
      noMap: noMap && (failed === undefined || !isPool),
      reusable,
      ...(compatible !== undefined && { compatible }),
      at,
      ...(!named && { unnamed: true }),
    });
  }
  return out;
}

/**
 * What a region is whose handler's own lines are lost: one that has a heap, or a folder in debugfs, is a pool; and one that
 * is reusable and mapped is a CMA area where the log has no line of any handler. (With such lines it is a region that
 * has no handler: `reusable` alone makes no area.)
 */
function poolByOthers(facts: Facts, draft: Draft): string | undefined {
  const { name, noMap, reusable } = draft;
  if ([...facts.coherentHeaps, ...facts.heapNodes].some((heap) => heap.name === name)) return SHARED_DMA_POOL;
  if (reusable !== true || noMap !== false || name === undefined) return undefined;
  const hasFolder = [...facts.folders.keys()].some(
    (folder) => folder === name || folder === `cma-${name}`.slice(0, 15),
  );
  const hasHandlers = facts.pools.length + facts.initialized.length > 0;
  return hasFolder || !hasHandlers || name.startsWith('linux,cma') ? SHARED_DMA_POOL : undefined;
}

function sizeOf(
  { base, size = 0n, unit, reusable, at }: Draft,
  drafts: readonly Draft[],
  noMap: PhysRange | undefined,
  tell: Tell,
  name: string,
): Pick<SeenRegion, 'size' | 'sizeAtLeast'> | undefined {
  if (unit === undefined && size === 0n) {
    tell({ kind: 'missing', code: 'region-empty', message: `${name} has no bytes`, taken: 'left out', at });
    return undefined;
  }
  if (unit === undefined) return { size };
  // CMA areas are whole pageblocks: nothing is lost of them in MiB, nor anything in KiB.
  if (size > 0n && (reusable === true || unit <= 1024n)) return { size };
  const next = drafts.reduce((low, one) => (one.base > base && one.base < low ? one.base : low), 1n << 64n);
  const seen = noMap === undefined ? undefined : lower(rangeEnd(noMap), next) - base;
  if (seen !== undefined && seen >= size && (unit > 1n << 40n || seen < size + unit)) return { size: seen };
  const taken = size > 0n ? size : unit > 1n << 40n ? undefined : 64n << 10n;
  tell({
    kind: 'guess',
    code: 'region-size',
    message:
      taken === undefined
        ? `the size of ${name} is not told: its line is cut off`
        : size === 0n
          ? `the size of ${name} was printed as 0 MiB: less than 1 MiB`
          : `the size of ${name} was printed in MiB, ${formatSize(size)}: it may have up to 1 MiB more`,
    taken: taken === undefined ? 'left out' : formatSize(taken),
    at,
  });
  return taken === undefined ? undefined : { size: taken, sizeAtLeast: true };
}
