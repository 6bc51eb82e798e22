/** The scenario that `exec --with` plays: its steps, for the board that runs already. */
import { boardFromTree } from '../../board/from-tree.ts';
import { decodeDtb } from '../../devicetree/dtb.ts';
import { InvalidInput } from '../../diagnostic.ts';
import type { MakeRun } from '../../exec/scenario-player.ts';
import { inputName, readInput } from '../read/read-input.ts';
import { scenarioFiles } from '../read/scenario-files.ts';
import { refuseWrongInput } from '../read/wrong-input.ts';

/**
 * Reads a scenario. Its own board and boot inputs are not looked at.
 *
 * @param tree of the board that runs
 * @throws InvalidInput, UnreadableInput
 */
export async function loadScenario(file: string, tree: Uint8Array | undefined): Promise<MakeRun> {
  const scenarios = await import('../../scenario/index.ts');
  const bytes = readInput(file);
  await refuseWrongInput(bytes, file, 'scenario');
  const name = inputName(file);
  const source = scenarios.readScenario(new TextDecoder().decode(bytes), name);
  if (tree === undefined) {
    const message =
      'exec --with needs a board with a device tree, by which the devices of a scenario are found';
    throw new InvalidInput([
      { code: 'scenario-no-tree', severity: 'error', message, position: { file: name } },
    ]);
  }
  const board = boardFromTree(decodeDtb(tree, 'the session'), 'the session');
  const prepared = scenarios.compileScenario(source, board, scenarioFiles(file, { warn: () => {} }));
  return (on) => new scenarios.ScenarioRun(prepared, { on, isOwn: true });
}
