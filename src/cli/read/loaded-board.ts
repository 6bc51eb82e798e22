/** The board of a tree that was loaded, with the kernel that its file names. */
import type { Board } from '../../board/board.ts';
import { boardFromTree } from '../../board/from-tree.ts';
import type { LoadedTree } from './load-tree.ts';

/** @param name what messages call it */
export function loadedBoard(
  { tree, kernel, heaps }: Pick<LoadedTree, 'tree' | 'kernel' | 'heaps'>,
  name: string,
): Board {
  return {
    ...boardFromTree(tree, name),
    ...(kernel !== undefined && { kernel }),
    ...(heaps !== undefined && { heaps }),
  };
}
