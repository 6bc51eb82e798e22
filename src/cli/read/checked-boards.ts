/** The boards that `check` is given: files of any kind, and blobs in directories, patterns and archives. */
import { statSync } from 'node:fs';
import type { Board } from '../../board/board.ts';
import { boardFromTree } from '../../board/from-tree.ts';
import { decodeDtb } from '../../devicetree/dtb.ts';
import { CHECKS } from '../../devicetree/dts/checks.ts';
import { type Diagnostic, InvalidInput } from '../../diagnostic.ts';
import { findBoards } from '../boards/find-boards.ts';
import { UnreadableInput } from '../failures.ts';
import { loadTreeAsGiven, type SourceInputs } from './load-tree.ts';
import { loadedBoard } from './loaded-board.ts';
import { inputName } from './read-input.ts';

/** A board to look at, or why there is none. */
export interface BoardToCheck {
  readonly name: string;
  /** It was found among others, not named. */
  readonly isFound: boolean;
  readonly board?: Board;
  /** What is odd about the command line, and not about the board. */
  readonly warnings?: readonly Diagnostic[];
  /** What dtc's checks have refused of a source. */
  readonly refused?: readonly Diagnostic[];
}

/** How each is read, when its turn comes. */
export interface BoardSource {
  readonly name: string;
  readonly load: () => Promise<BoardToCheck>;
}

const isRefusal = ({ severity, code }: Diagnostic): boolean =>
  severity !== 'error' || CHECKS.some(({ name }) => name === code);

/** A named file. What dtc's checks refuse of a source is an answer here. @throws UnreadableInput, InvalidInput */
async function loadNamed(word: string, inputs: SourceInputs): Promise<BoardToCheck> {
  const name = inputName(word);
  try {
    const loaded = await loadTreeAsGiven(word, inputs);
    const board = loadedBoard(loaded, name);
    const isOfWords = ({ code }: Diagnostic) => code === 'include-missing';
    const diagnostics = [...loaded.warnings.filter((one) => !isOfWords(one)), ...board.diagnostics];
    const warnings = loaded.warnings.filter(isOfWords);
    return { name, isFound: false, board: { ...board, diagnostics }, warnings };
  } catch (error) {
    if (!(error instanceof InvalidInput) || !error.diagnostics.every(isRefusal)) throw error;
    return { name, isFound: false, refused: error.diagnostics };
  }
}

/** A blob of many. One that cannot be read is an answer, too. */
function loadFound(name: string, bytes: Uint8Array): BoardToCheck {
  try {
    return { name, isFound: true, board: boardFromTree(decodeDtb(bytes, name), name) };
  } catch (error) {
    if (error instanceof InvalidInput) return { name, isFound: true, refused: error.diagnostics };
    throw error;
  }
}

const isMany = (word: string): boolean =>
  /[*?]/.test(word) && statSync(word, { throwIfNoEntry: false }) === undefined;

async function sourcesOf(word: string, inputs: SourceInputs): Promise<readonly BoardSource[]> {
  const named = [{ name: inputName(word), load: () => loadNamed(word, inputs) }];
  if (word === '-') return named;
  const isDirectory = statSync(word, { throwIfNoEntry: false })?.isDirectory() === true;
  let found: Awaited<ReturnType<typeof findBoards>>;
  try {
    found = await findBoards([word]);
  } catch (error) {
    // A directory without blobs may be a tree itself: /proc/device-tree.
    if (isDirectory && error instanceof UnreadableInput && error.code === 'no-boards') return named;
    throw error;
  }
  if (!isDirectory && !isMany(word) && found.every(({ bytes }) => bytes === undefined)) return named;
  const { readInput } = await import('./read-input.ts');
  return found.map(({ name, bytes }) => ({
    name,
    load: async () => loadFound(name, bytes ?? readInput(name)),
  }));
}

/** Finds the boards, in the order of the words. @throws UnreadableInput where a word means none */
export async function boardsToCheck(
  words: readonly string[],
  inputs: SourceInputs,
): Promise<readonly BoardSource[]> {
  const all: BoardSource[] = [];
  for (const word of words) all.push(...(await sourcesOf(word, inputs)));
  return all;
}
