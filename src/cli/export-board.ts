/** How an exported scenario names its board: in place, as a file beside it, or by the name that was given. */
import { basename } from 'node:path';
import { InvalidInput } from '../diagnostic.ts';
import type { BootInputs } from '../session/session.ts';
import { UnreadableInput, UsageError } from './failures.ts';
import { Confinement } from './read/confinement.ts';
import { loadTree } from './read/load-tree.ts';

export type ExportedBoard = { readonly file: string } | { readonly yaml: string };

/** The file beside a scenario: a name that nobody else gives. */
export const boardBeside = (output: string): string => `${output.replace(/\.ya?ml$/i, '')}.board.dtb`;

/** A YAML board stands in the scenario; everything else is a blob. */
export function exportBoard(
  inputs: BootInputs,
  { output, bundle }: { readonly output: string | undefined; readonly bundle: string | undefined },
): ExportedBoard {
  if (inputs.format === 'yaml') return { yaml: new TextDecoder().decode(inputs.board) };
  if (bundle !== undefined) return { file: 'board.dtb' };
  return { file: output === undefined ? inputs.file : basename(boardBeside(output)) };
}

const BESIDE = 'Write the board beside the scenario: --output FILE; or both into one file: --bundle FILE';

/** Checks that the name that was given still leads to the board. @throws UsageError when it does not */
export async function boardByName(inputs: BootInputs): Promise<void> {
  const { file, board } = inputs;
  if (file === 'standard input')
    throw new UsageError('the board came from standard input: it has no name', BESIDE);
  // Whoever keeps the scenario here could not run it: its board would lie outside of its directory.
  if (!new Confinement(['.']).allows(file))
    throw new UsageError(`the board ${file} lies outside the current directory`, BESIDE);
  try {
    const { bytes } = await loadTree(file);
    if (Buffer.compare(bytes(), board) === 0) return;
  } catch (error) {
    if (!(error instanceof UnreadableInput || error instanceof InvalidInput)) throw error;
    throw new UsageError(`the board ${file} cannot be read any more from here`, BESIDE);
  }
  throw new UsageError(
    `the board ${file} is not what was booted: it changed, or was read with other options`,
    BESIDE,
  );
}
