/** The node of the session's board that a user means, as a device. */
import { type BoardDevice, findBoardNode } from '../../board/devices.ts';
import { decodeDtb } from '../../devicetree/dtb.ts';
import type { DeviceTree } from '../../devicetree/tree.ts';
import type { Session } from '../../session/session.ts';
import { UsageError } from '../failures.ts';
import { decodeTree, keptName } from './load-tree.ts';

/** The live tree where overlays have changed it, which has no labels but those of /__symbols__. */
export function changedTree(session: Session): DeviceTree | undefined {
  const live = session.view((kernel) => (kernel.overlaysApplied() > 0 ? kernel.liveTree() : undefined));
  return live && decodeDtb(live, 'the live tree');
}

/** @throws UsageError when no node answers to the text */
export async function boardNode(session: Session, text: string): Promise<BoardDevice> {
  const { inputs } = session.info();
  const tree = changedTree(session) ?? (await decodeTree(inputs.board, keptName(inputs))).tree;
  const node = findBoardNode(tree.root, text);
  if (node !== undefined) return node;
  throw new UsageError(
    `no node of the board, or more than one, is called ${text}`,
    'Give its path (/soc/isp@a200000), label, alias or name; labels are known of blobs with __symbols__ (dtc -@)',
  );
}
