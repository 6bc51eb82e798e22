/** The board of a tree that was loaded, with the kernel that its file names. */
import type { Board } from '../../board/board.ts';
import { boardFromTree } from '../../board/from-tree.ts';
import type { DeviceTree } from '../../devicetree/tree.ts';

/** @param name what messages call it */
export function loadedBoard(
  {
    tree,
    kernel,
    preset,
    config,
  }: { readonly tree: DeviceTree } & Pick<Board, 'kernel' | 'preset' | 'config'>,
  name: string,
): Board {
  return {
    ...boardFromTree(tree, name),
    ...(kernel !== undefined && { kernel }),
    ...(preset !== undefined && { preset }),
    ...(config !== undefined && { config }),
  };
}
