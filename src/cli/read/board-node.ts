/** The node of the session's board that a user means, as a device. */
import { type BoardDevice, findBoardNode } from '../../board/devices.ts';
import type { Session } from '../../session/session.ts';
import { UsageError } from '../failures.ts';
import { decodeTree, keptName } from './load-tree.ts';

/** @throws UsageError when no node answers to the text */
export async function boardNode(session: Session, text: string): Promise<BoardDevice> {
  const { inputs } = session.info();
  const { tree } = await decodeTree(inputs.board, keptName(inputs));
  const node = findBoardNode(tree.root, text);
  if (node !== undefined) return node;
  throw new UsageError(
    `no node of the board, or more than one, is called ${text}`,
    'Give its path (/soc/isp@a200000), label, alias or name; labels are known of blobs with __symbols__ (dtc -@)',
  );
}
