/** Which CMA area was the default one, and where it lay when no region has that role. */
import { parseCmdline } from '../board/cmdline.ts';
import { childCalled, propertyCalled } from '../devicetree/node-lookup.ts';
import type { DeviceTree } from '../devicetree/tree.ts';
import { formatHex, MiB, type PhysRange } from '../units.ts';
import type { Facts } from './facts.ts';
import type { Tell } from './finding.ts';
import type { SeenRegion } from './regions-of.ts';

export type DefaultArea =
  /** A region of the tree has the role. */
  | { readonly is: 'region'; readonly name: string }
  /** That of cma= or of the configuration. */
  | { readonly is: 'placed'; readonly range: PhysRange; readonly mib?: number }
  | { readonly is: 'none' }
  /** Nothing tells. */
  | { readonly is: 'unknown' };

const RESERVED = /^(?:cma-)?reserved$/;

/** Whether a given tree's region of that name has `linux,cma-default`; undefined: no tree is given, or it has no such region. */
export type RoleOf = (region: string) => boolean | undefined;

/** Of the regions of a tree; none where no tree is given. */
export function rolesIn(tree: DeviceTree | undefined): RoleOf {
  const regions = (tree && childCalled(tree.root, 'reserved-memory'))?.children ?? [];
  return (name) => {
    const node = regions.find((one) => one.name === name);
    return node && propertyCalled(node, 'linux,cma-default') !== undefined;
  };
}

/** @param roleOf what the target's device tree says, where it is given */
export function defaultAreaOf(
  facts: Facts,
  regions: readonly SeenRegion[],
  cmdline: string | undefined,
  pageSize: number,
  roleOf: RoleOf,
  tell: Tell,
): DefaultArea {
  const folder = [...facts.folders.values()].find(({ name }) => RESERVED.test(name));
  const seen =
    folder?.basePfn === undefined || folder.count === undefined
      ? undefined
      : { base: BigInt(folder.basePfn) * BigInt(pageSize), size: BigInt(folder.count) * BigInt(pageSize) };
  const told = facts.defaultAreas.at(-1);
  if (told !== undefined) {
    if (seen !== undefined && seen.base !== told.base && folder !== undefined) {
      tell({
        kind: 'contradiction',
        code: 'area-elsewhere',
        message: `debugfs has the area reserved at ${formatHex(seen.base)}, and the log has it at ${formatHex(told.base)} (${told.at.file}:${told.at.line}): they are of two boots`,
        taken: 'debugfs',
        at: folder.at,
      });
      return { is: 'placed', range: seen };
    }
    const word = parseCmdline(cmdline ?? '').cma?.size;
    const asked =
      word !== undefined && Number(word / MiB) === told.mib && word > 0n ? word : BigInt(told.mib) * MiB;
    return { is: 'placed', range: seen ?? { base: told.base, size: asked }, mib: told.mib };
  }
  if (seen !== undefined) return { is: 'placed', range: seen };
  // With cma= no region of the tree has the role, whatever its properties.
  if (/(?:^|\s)cma=/.test(cmdline ?? '')) return { is: 'none' };
  return ofRegions(facts, regions, pageSize, roleOf, tell);
}

function ofRegions(
  facts: Facts,
  regions: readonly SeenRegion[],
  pageSize: number,
  roleOf: RoleOf,
  tell: Tell,
): DefaultArea {
  const all = regions.filter(({ reusable, compatible }) => reusable && compatible !== undefined);
  // What the tree has without the role is no default area.
  const areas = all.filter(({ name }) => roleOf(name) !== false);
  const atomic = Math.min(...facts.atomicPools.map(({ kib }) => (kib * 1024) / pageSize));
  // The pools for atomic allocations are the first pages of the default area.
  const first = areas.filter(({ base }) => {
    const folder = [...facts.folders.values()].find(
      ({ basePfn }) => basePfn !== undefined && BigInt(basePfn) * BigInt(pageSize) === base,
    );
    const words = folder?.bitmap;
    if (words === undefined || !Number.isFinite(atomic)) return false;
    for (let bit = 0; bit < atomic; bit++)
      if ((((words[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 0) return false;
    return true;
  });
  // In use several may begin so: but the buffers of both its heaps are in the default one.
  const begun = first.length > 1 ? first.filter((area) => holdsBuffers(area, facts, pageSize)) : first;
  const nodes = facts.heapNodes.map(({ name }) => name);
  const own = nodes.filter((name) => areas.some((area) => area.name === name));
  const named = areas.filter(({ name }) => roleOf(name) === true);
  const isCertain =
    begun.length === 1 || named.length === 1 || (own.length === 1 && !nodes.includes('default_cma_region'));
  const usual = areas.filter(({ name }) => name.startsWith('linux,cma'));
  const name =
    (begun.length === 1 ? begun[0]?.name : undefined) ??
    (named.length === 1 ? named[0]?.name : undefined) ??
    (own.length === 1 ? own[0] : undefined) ??
    usual.at(-1)?.name ??
    (areas.length === 1 ? areas[0]?.name : undefined);
  if (facts.failedDefault.length > 0 && begun.length === 0 && usual.length === 0) return { is: 'none' };
  if (name === undefined) {
    if (areas.length === 0 && all.length > 0) {
      tell({
        kind: 'guess',
        code: 'default-area',
        message: `no line "cma: Reserved …", and no CMA area of the device tree has linux,cma-default`,
        taken: 'there is no default area',
      });
      return { is: 'none' };
    }
    // No line says that one was reserved: where boot's lines are whole there is none.
    if (areas.length === 0)
      return facts.pools.length + facts.ranges.length > 0 ? { is: 'none' } : { is: 'unknown' };
    tell({
      kind: 'guess',
      code: 'default-area',
      message: `no line "cma: Reserved …", and nothing says which of ${areas.length} CMA areas is the default one`,
      taken: 'none of them',
    });
    return { is: 'none' };
  }
  if (!isCertain) {
    tell({
      kind: 'guess',
      code: 'default-area',
      message:
        'no line "cma: Reserved …": a region of the tree has linux,cma-default, which the log does not show',
      taken: `${name} is the default area`,
    });
  }
  return { is: 'region', name };
}

/** Whether an area has as many pages in use as buffers of its own heap and of the default one have together. */
function holdsBuffers({ name, base }: SeenRegion, facts: Facts, pageSize: number): boolean {
  const folder = [...facts.folders.values()].find(
    ({ basePfn = -1 }) => BigInt(basePfn) * BigInt(pageSize) === base,
  );
  const used = folder?.bitmap?.reduce((sum, word) => sum + ones(word), 0) ?? folder?.used;
  const held = facts.buffers.filter(({ expName }) => expName === name || expName === 'default_cma_region');
  return used === undefined || held.reduce((sum, { size }) => sum + Number(size) / pageSize, 0) <= used;
}

/** hweight32(). */
function ones(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
