/** Boards of shapes that no recording has: they are answered as others are, and said to be unverified. */
import type { Board } from '../../board/board.ts';
import { childCalled } from '../../devicetree/node-lookup.ts';
import { type DtNode, getProperty } from '../../devicetree/tree.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { Profile } from '../../profile/profile.ts';
import { formatSize, type PhysRange, rangeEnd } from '../../units.ts';

/**
 * @param memory the RAM that boots
 * @returns a warning for each shape
 */
export function unverifiedShapes(
  board: Board,
  memory: readonly PhysRange[],
  { arch }: Profile,
): readonly Diagnostic[] {
  const warn = (code: string, message: string, hint: string, position = board.tree?.root.position) => ({
    code,
    severity: 'warning' as const,
    message,
    position: position ?? { file: board.source },
    hint,
  });
  const found: Diagnostic[] = [];
  const numa = arch.deviceTree && arch.physMax > 0xffff_ffffn ? numaNode(board) : undefined;
  if (numa !== undefined) {
    found.push(
      warn(
        'board-numa',
        `the board has several NUMA nodes (numa-node-id in ${numa.name}), which are not modelled: all RAM is one node here, and what boot places is unverified`,
        'heaps of regions with a reg are where they are; the default area and dynamic regions may lie elsewhere',
        numa.position,
      ),
    );
  }
  const beyond = memory.reduce((sum, range) => sum + bytesAbove(range, arch.physMax + 1n), 0n);
  if (beyond > 0n) {
    found.push(
      warn(
        'board-needs-lpae',
        `${formatSize(beyond)} of RAM lie above 4 GiB, where a kernel without CONFIG_ARM_LPAE has no addresses: they are ignored, as it does`,
        'a kernel with CONFIG_ARM_LPAE is not modelled',
      ),
    );
  }
  return found;
}

const bytesAbove = (range: PhysRange, limit: bigint): bigint => {
  const end = rangeEnd(range);
  return end <= limit ? 0n : end - (range.base > limit ? range.base : limit);
};

/** A node that is not of the first NUMA node. */
function numaNode({ tree }: Board): DtNode | undefined {
  if (tree === undefined) return undefined;
  const cpus = childCalled(tree.root, 'cpus')?.children ?? [];
  const nodes = [...tree.root.children.filter(({ name }) => /^memory(@|$)/.test(name)), ...cpus];
  return nodes.find((node) => getProperty(node, 'numa-node-id')?.value.some((byte) => byte !== 0) === true);
}
