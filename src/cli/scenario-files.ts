/** The files that a scenario names: relative to itself, wherever it is run from. */
import { dirname, isAbsolute, join } from 'node:path';
import type { Board } from '../board/board.ts';
import { boardFromTree } from '../board/from-tree.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { BoardInputs, ScenarioFiles } from '../scenario/index.ts';
import { loadTree, type SourceInputs } from './load-tree.ts';
import { inputName, readInput } from './read-input.ts';

/** A board that takes the place of the one that scenarios name. */
export interface OtherBoard {
  readonly file: string;
  readonly inputs: SourceInputs;
}

/** Loads a board. @param warn told of what is odd about it @throws UnreadableInput, InvalidInput */
async function load(
  file: string,
  inputs: SourceInputs,
  warn: (warnings: readonly Diagnostic[]) => void,
): Promise<Board> {
  const { tree, warnings } = await loadTree(file, inputs);
  const board = boardFromTree(tree, inputName(file));
  warn([...warnings, ...board.diagnostics]);
  return board;
}

/**
 * The files of one scenario.
 *
 * @param file the scenario's own, `-` for standard input, whose files are relative to the current directory
 */
export function scenarioFiles(
  file: string,
  other: OtherBoard | undefined,
  warn: (warnings: readonly Diagnostic[]) => void,
): ScenarioFiles {
  const beside = (name: string): string => {
    if (isAbsolute(name) || file === '-') return name;
    return join(dirname(file), name);
  };
  return {
    loadBoard: (name: string, { include, define, overlay }: BoardInputs) => {
      if (other !== undefined) return load(other.file, other.inputs, warn);
      const inputs = { include: include.map(beside), define, overlay: overlay.map(beside) };
      return load(beside(name), inputs, warn);
    },
    readFile: (name: string) => readInput(beside(name)),
  };
}
