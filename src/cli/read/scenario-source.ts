/** A scenario as a user names it: a file, or the bundle that has it and its board. */
import { closeSync, createReadStream, statSync } from 'node:fs';
import type { Diagnostic } from '../../diagnostic.ts';
import type { ReadScenario, ScenarioFiles } from '../../scenario/index.ts';
import { sha256 } from '../../session/kept-bytes.ts';
import { UnreadableInput } from '../failures.ts';
import type { Scenarios } from '../run-scenario.ts';
import { configFileOf } from './config-file.ts';
import { isGzip, type OpenedFile, openRegular } from './input-file.ts';
import { decodeTree, type SourceInputs } from './load-tree.ts';
import { loadedBoard } from './loaded-board.ts';
import { inputName, naming, readInput } from './read-input.ts';
import { scenarioFiles } from './scenario-files.ts';
import { refuseWrongInput } from './wrong-input.ts';

/** A scenario, and the files that it names. */
export interface Source {
  readonly read: ReadScenario;
  readonly files: ScenarioFiles;
  /** What it was read from. */
  readonly text: string;
}

/** The file, opened, when it is a bundle. */
function openedBundle(file: string): OpenedFile | undefined {
  if (file === '-') return undefined;
  const opened = naming(file, () => openRegular(file));
  if (naming(file, () => isGzip(opened))) return opened;
  closeSync(opened.fd);
  return undefined;
}

/** Whether a file is a bundle. A directory is none. @throws UnreadableInput */
export function isBundle(file: string): boolean {
  if (file === '-' || statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const opened = openedBundle(file);
  if (opened !== undefined) closeSync(opened.fd);
  return opened !== undefined;
}

/** A bundle's files are its own: no name in it leads to the disk. */
async function bundleSource(scenarios: Scenarios, file: string, { fd }: OpenedFile): Promise<Source> {
  const { readBundle } = await import('../../scenario/export/index.ts');
  const found = await readBundle(file, createReadStream('', { fd, start: 0 }));
  const bytesOf = (name: string): Uint8Array => {
    const bytes = found.get(name);
    if (bytes === undefined) throw new UnreadableInput('file-not-found', name, `${name}: not in the bundle`);
    return bytes;
  };
  const text = new TextDecoder().decode(bytesOf('scenario.yaml'));
  return {
    read: scenarios.readScenario(text, `${file}:scenario.yaml`),
    files: {
      loadBoard: async (name) => {
        return loadedBoard(await decodeTree(bytesOf(name), `${file}:${name}`), name);
      },
      readFile: bytesOf,
      readConfig: (name) => configFileOf(bytesOf(name), name),
      sha256,
    },
    text,
  };
}

/** Reads a scenario, or the one of a bundle. @throws UnreadableInput, InvalidInput */
export async function sourceOf(
  scenarios: Scenarios,
  file: string,
  { allowOutside, repair }: Pick<SourceInputs, 'allowOutside' | 'repair'>,
  warn: (warnings: readonly Diagnostic[]) => void,
): Promise<Source> {
  const opened = openedBundle(file);
  if (opened !== undefined) return bundleSource(scenarios, file, opened);
  const bytes = readInput(file);
  await refuseWrongInput(bytes, file, 'scenario');
  const text = new TextDecoder().decode(bytes);
  const files = scenarioFiles(file, { allowOutside, repair, warn });
  return { read: scenarios.readScenario(text, inputName(file)), files, text };
}
