/** The board of a tree that was loaded, with what its file names. */
import type { Board } from '../../board/board.ts';
import { boardFromTree } from '../../board/from-tree.ts';
import { type NamedByFile, namedByFile } from '../../board/named-by-file.ts';
import type { DeviceTree } from '../../devicetree/tree.ts';

/** @param name what messages call it */
export function loadedBoard(
  { tree, ...named }: NamedByFile & { readonly tree: DeviceTree },
  name: string,
): Board {
  return namedByFile(boardFromTree(tree, name), named);
}
