/** A device tree that was given, held against the log of the target that was booted with it. */
import type { Board } from '../board/board.ts';
import { boardFromTree } from '../board/from-tree.ts';
import type { DeviceTree } from '../devicetree/tree.ts';
import { InvalidInput } from '../diagnostic.ts';
import type { BootParams } from '../kernel/boot/boot-params.ts';
import type { RegionView } from '../kernel/views/views.ts';
import { formatHex, formatRange, formatSize } from '../units.ts';
import { tryBoot, type Variant } from './choose-boot.ts';
import type { Facts } from './facts.ts';
import type { Tell } from './finding.ts';
import { joined } from './ranges.ts';
import type { SeenRegion } from './regions-of.ts';
import { withRegions } from './tree-of.ts';

/**
 * The tree with its regions where the log has them: what the log says is what happened. What it does not say stays as
 * the tree has it.
 *
 * @param params with the RAM that was seen as `memory`, where any was
 * @param defaultRegion which region is the default CMA area; of the tree's own regions the tree says that itself
 */
export function fitTree(
  { tree, file }: { readonly tree: DeviceTree; readonly file: string },
  params: BootParams,
  regions: readonly SeenRegion[],
  defaultRegion: string | undefined,
  facts: Facts,
  source: string,
  tell: Tell,
): Variant {
  const board = boardFromTree(tree, source);
  checkModel(board, facts, file, tell);
  const start = { tree, params: withMemory(board, params, file, tell) };
  const found = viewsOf(start, source);
  const views = found ?? [];
  const pinned: SeenRegion[] = [];
  const added: SeenRegion[] = [];
  const nodes = board.reservedMemory?.nodes ?? [];
  for (const region of regions) {
    const node = nodes.find(({ name }) => name === region.name);
    const view = views.find(({ name }) => name === region.name);
    if (node === undefined) {
      if (region.unnamed === true && views.some(({ base }) => base === region.base)) continue;
      added.push(region);
      tell({
        kind: 'contradiction',
        code: 'region-not-in-tree',
        message: `the log has a region ${region.name} at ${formatRange(region)}, and ${file} has not: the log is of another tree`,
        taken: "the log's region, beside those of the tree",
        at: region.at,
      });
    } else if (view?.base !== region.base || (view.size !== region.size && region.sizeAtLeast !== true)) {
      pinned.push(region);
      const there =
        view?.base === undefined ? 'nowhere' : `at ${formatHex(view.base)} (${formatSize(view.size ?? 0n)})`;
      tell({
        kind: node.reg === undefined ? 'guess' : 'contradiction',
        code: 'region-elsewhere',
        message: `the log has ${region.name} at ${formatHex(region.base)} (${formatSize(region.size)}), and by ${file} it would lie ${there}`,
        taken: "the log's place",
        at: region.at,
      });
    }
  }
  tellUnseen(views, regions, facts, file, tell);
  return { ...start, tree: withRegions(tree, pinned, added, defaultRegion) };
}

/** What a boot with the tree as it is makes of its regions. */
function viewsOf(start: Variant, source: string): readonly RegionView[] | undefined {
  try {
    return tryBoot(start, source)?.regions();
  } catch (error) {
    // It is told when the tree is booted in earnest.
    if (error instanceof InvalidInput) return undefined;
    throw error;
  }
}

function checkModel(board: Board, { models }: Facts, file: string, tell: Tell): void {
  const said = models.at(-1);
  if (said === undefined || board.model === undefined || said.model === board.model) return;
  tell({
    kind: 'contradiction',
    code: 'log-of-another-board',
    message: `the log is of "${said.model}", and ${file} of "${board.model}"`,
    taken: 'the regions of both; where they differ, those of the log',
    at: said.at,
  });
}

/** RAM that was seen goes before what the tree has: a boot loader may have filled it in. */
function withMemory(board: Board, params: BootParams, file: string, tell: Tell): BootParams {
  const seen = params.memory;
  if (seen === undefined || board.memory.length === 0) return params;
  const text = (ranges: BootParams['memory']) =>
    joined(ranges ?? [])
      .map(formatRange)
      .join(', ');
  if (text(seen) === text(board.memory)) {
    const { memory: _, ...rest } = params;
    return rest;
  }
  tell({
    kind: 'guess',
    code: 'ram-not-as-in-tree',
    message: `RAM was seen at ${text(seen)}, and ${file} has it at ${text(board.memory)}: the boot loader fills it in, or mem= cuts it`,
    taken: 'what was seen',
  });
  return params;
}

/** Regions that the tree has and a log that shows regions has not. */
function tellUnseen(
  views: readonly RegionView[],
  regions: readonly SeenRegion[],
  facts: Facts,
  file: string,
  tell: Tell,
): void {
  if (regions.length === 0) return;
  // Up to Linux 6.1 only pools have lines.
  const showsAll = facts.ranges.length > 0;
  for (const view of views) {
    const { name, kind, origin } = view;
    if (origin !== 'static' && origin !== 'dynamic') continue;
    if (kind === 'none' || (!showsAll && kind === 'reserved')) continue;
    if (regions.some((region) => region.name === name)) continue;
    tell({
      kind: 'contradiction',
      code: 'region-not-in-log',
      message: `${file} has a region ${name}, and the log has no line of it: its line is lost, or the log is of another tree`,
      taken: 'the region as the tree has it',
    });
  }
}
