/** Why a region is what it is: what became of it, by which rule, and what was tried and helps. */

import { didYouMean } from '../devicetree/did-you-mean.ts';
import { lintLevels } from '../devicetree/lint/lint.ts';
import type { DtNode } from '../devicetree/tree.ts';
import type { RegionView } from '../kernel/views/views.ts';
import { ALL_CHECKS, checkBoard } from './check-board.ts';
import { explainRegion, type RegionWords } from './explain-region.ts';
import { REGION_RULES } from './failure-rules.ts';
import type { Finding } from './finding.ts';
import { reservedPath } from './repairs.ts';
import type { BootOf } from './trial.ts';

export interface WhyRegion {
  /** The full path of the node; absent for the area that no node made. */
  readonly path?: string;
  readonly region?: RegionView;
  readonly words?: RegionWords;
  /** Where in Linux it is decided. */
  readonly where?: string;
  /** What the checks of memory say of the node. */
  readonly findings: readonly Finding[];
}

const OURS = new Set(ALL_CHECKS.filter(({ by }) => by === 'dmaheap').map(({ name }) => name));

/** Every path of the tree. */
function pathsOf({ board }: BootOf): readonly string[] {
  const paths: string[] = [];
  const visit = (node: DtNode, path: string): void => {
    for (const child of node.children) {
      paths.push(`${path}/${child.name}`);
      visit(child, `${path}/${child.name}`);
    }
  };
  if (board.tree !== undefined) visit(board.tree.root, '');
  return paths;
}

/** What a user may call a region: its name, a name without the unit address, a label, a heap, a path. */
function meant({ board }: BootOf, regions: readonly RegionView[], word: string): RegionView | undefined {
  const name = word.startsWith(`${reservedPath(board)}/`)
    ? word.slice(reservedPath(board).length + 1)
    : word.replace(/^&/, '');
  const labelled = board.reservedMemory?.nodes.find(({ label, name: of }) => {
    const origin = board.tree?.root.children.find((node) => `/${node.name}` === reservedPath(board));
    const labels = origin?.children.find((node) => node.name === of)?.origin?.labels ?? [];
    return label === name || labels.includes(name);
  });
  const bare = regions.filter((region) => region.name.replace(/@.*/, '') === name);
  return (
    regions.find((region) => region.name === (labelled?.name ?? name)) ??
    regions.find(({ heaps }) => heaps.includes(name)) ??
    (bare.length === 1 ? bare[0] : undefined)
  );
}

/**
 * Why a node or region is what it is.
 *
 * @param regions what became of the regions: of the session's own boot
 * @returns a name that is near instead, where nothing is called so
 */
export function whyRegion(
  of: BootOf,
  regions: readonly RegionView[],
  word: string,
): WhyRegion | { readonly unknown: true; readonly near?: string } {
  const region = meant(of, regions, word);
  const paths = pathsOf(of);
  const isOfTree = region !== undefined && (region.origin === 'static' || region.origin === 'dynamic');
  const path = isOfTree ? `${reservedPath(of.board)}/${region.name}` : paths.find((one) => one === word);
  if (region === undefined && path === undefined) {
    const near = didYouMean(word, word.startsWith('/') ? paths : regions.map(({ name }) => name));
    return { unknown: true, ...(near !== undefined && { near }) };
  }
  const { findings } = checkBoard(of, { levels: lintLevels(), disabled: new Set() });
  const isAbout = ({ check, path: at = '' }: Finding): boolean => {
    if (!OURS.has(check)) return false;
    if (path === undefined) return check === region?.why;
    const node = at.split(':')[0];
    // What is wrong with /reserved-memory is wrong with all that is in it.
    return (
      node === path ||
      (node === reservedPath(of.board) && path.startsWith(`${node}/`) && region?.why === check)
    );
  };
  const words = region && explainRegion(region);
  const why = region?.why;
  return {
    ...(path !== undefined && { path }),
    ...(region && { region }),
    ...(words && { words }),
    ...(why !== undefined && { where: REGION_RULES[why] }),
    findings: findings.filter(isAbout),
  };
}
