/**
 * The files that a scenario names: relative to itself, wherever it is run from, and below its own directory unless
 * the user says that it may be trusted. A CI job runs a stranger's scenario and uploads the report.
 */
import { dirname, isAbsolute, join } from 'node:path';
import type { Board } from '../../board/board.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { BoardInputs, ScenarioFiles } from '../../scenario/index.ts';
import { sha256 } from '../../session/kept-bytes.ts';
import { UnreadableInput } from '../failures.ts';
import { configFileOf } from './config-file.ts';
import { Confinement } from './confinement.ts';
import { hasNul, type OpenedFile } from './input-file.ts';
import { loadTree, type SourceInputs } from './load-tree.ts';
import { loadedBoard } from './loaded-board.ts';
import { inputName, readInput } from './read-input.ts';
import { directoryOf, outsideScenario } from './source-files.ts';
import { isShippedVendor, readVendor, refuseUnknownVendor } from './vendor-file.ts';

export interface ScenarioFilesOptions {
  /** The scenario may name any file. */
  readonly allowOutside?: boolean | undefined;
  /** Its boards are mended where they are source that is not whole. */
  readonly repair?: boolean | undefined;
  /** Told of what is odd about a board. */
  readonly warn: (warnings: readonly Diagnostic[]) => void;
}

type Property = readonly (string | number)[];

/** What files of one scenario hold in all. */
const MAX_BYTES = 256 << 20;

/** Says of an error which property of the scenario it is about. */
const about = (error: unknown, property: Property): unknown =>
  error instanceof UnreadableInput ? Object.assign(error, { property }) : error;

/** Loads a board. @throws UnreadableInput, InvalidInput */
async function load(file: string, inputs: SourceInputs, warn: ScenarioFilesOptions['warn']): Promise<Board> {
  const loaded = await loadTree(file, inputs);
  const board = loadedBoard(loaded, inputName(file));
  warn([...loaded.warnings, ...board.diagnostics]);
  return board;
}

/**
 * The files of one scenario.
 *
 * @param file the scenario's own, `-` for standard input, whose files are relative to the current directory
 */
export function scenarioFiles(
  file: string,
  { allowOutside = false, repair = false, warn }: ScenarioFilesOptions,
): ScenarioFiles {
  const within = allowOutside ? undefined : new Confinement([directoryOf(file)]);
  const kept = new Map<string, Uint8Array>();
  let total = 0;

  function beside(name: string): string {
    if (hasNul(name)) {
      throw new UnreadableInput('nul-in-path', name, `${name}: a path cannot have a NUL character in it`);
    }
    const path = isAbsolute(name) || file === '-' ? name : join(dirname(file), name);
    // Standard input is the user's to give.
    return path === '-' ? './-' : path;
  }

  function refuse(name: string, allowed: Confinement): never {
    const { code, message, hint } = outsideScenario(name, allowed);
    throw new UnreadableInput(code, name, message, hint);
  }

  const check =
    (path: string) =>
    ({ stats }: OpenedFile): void => {
      if (within?.allowsOpened(path, stats) === false) refuse(path, within);
    };

  /** The path of a property; a directory must lie within now, a file is looked at when it is opened. */
  function placed(name: string, property: Property, isDirectory: boolean): string {
    try {
      const path = beside(name);
      if (isDirectory && within?.allows(path) === false) refuse(path, within);
      return path;
    } catch (error) {
      throw about(error, property);
    }
  }

  return {
    loadBoard: async (name: string, { include, define, overlay }: BoardInputs) => {
      const directories = include.map((one, i) => placed(one, ['boot', 'include', i], true));
      const overlays = overlay.map((one, i) => placed(one, ['boot', 'overlay', i], false));
      const inputs = { include: directories, define, overlay: overlays, allowOutside, within, repair };
      try {
        return await load(beside(name), inputs, warn);
      } catch (error) {
        const which = error instanceof UnreadableInput ? overlays.indexOf(error.file) : -1;
        throw which < 0 ? error : about(error, ['boot', 'overlay', which]);
      }
    },
    loadVendor: (name: string) => {
      if (isShippedVendor(name)) return readVendor(name);
      const path = beside(name);
      refuseUnknownVendor(name, path);
      return readVendor(path, check(path));
    },
    readFile: (name: string) => {
      const path = beside(name);
      const before = kept.get(path);
      if (before !== undefined) return before;
      const bytes = readInput(path, check(path));
      total += bytes.length;
      if (total > MAX_BYTES) {
        const message = `${path}: the files that the scenario writes are larger than ${MAX_BYTES >> 20} MiB in all`;
        throw new UnreadableInput('file-too-large', path, message);
      }
      kept.set(path, bytes);
      return bytes;
    },
    readConfig: (name: string) =>
      configFileOf(readInput(beside(name), check(beside(name))), inputName(beside(name))),
    sha256,
  };
}
