/** One of the two boots that `diff` compares: a board, and what is given beside it. */
import type { Board } from '../../board/board.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { kernelWarnings } from '../../kernel/boot/asked-profile.ts';
import type { BootParams, BootReserved } from '../../kernel/boot/boot-params.ts';
import type { CoherentSeries } from '../../profile/coherent-series.ts';
import type { PreparedScenario } from '../../scenario/index.ts';
import { UsageError } from '../failures.ts';
import type { Scenarios } from '../run-scenario.ts';
import type { ConfigWords } from '../words/config-option.ts';
import { bootParams } from './boot-inputs.ts';
import { givenForSource, loadTree, type SourceInputs } from './load-tree.ts';
import { loadedBoard } from './loaded-board.ts';
import { inputName } from './read-input.ts';
import { isBundle, type Source, sourceOf } from './scenario-source.ts';
import { givenVendor } from './vendor-file.ts';

/** What may differ between the two. */
export interface SideOptions {
  readonly kernel?: string;
  readonly arch?: string;
  readonly cmdline?: string;
  readonly coherent?: CoherentSeries;
  readonly preset?: string;
  readonly config?: ConfigWords;
  readonly vendor?: string;
  readonly reserve?: BootReserved;
}

export interface DiffSide {
  readonly name: string;
  readonly board: Board;
  readonly params: BootParams;
  readonly warnings: readonly Diagnostic[];
  /** The history, on this board and with these inputs. */
  readonly history?: PreparedScenario;
}

/** Where a board comes from: a file, a bundle, or the scenario of `--run`. */
export interface FoundBoot {
  readonly board: Board;
  /** What a bundle was booted with. */
  readonly params: BootParams;
  readonly source?: Source;
  /** How its files were read; absent where options about source and overlays mean nothing. */
  readonly loaded?: { readonly isOfSource: boolean };
}

/** A scenario that is run on both sides, and the module that runs it. */
export interface History {
  readonly scenarios: Scenarios;
  readonly source: Source;
}

/** What both sides have in common. */
export interface DiffInputs {
  readonly common: BootParams;
  readonly source: SourceInputs;
  /** The kernel where nothing names one. */
  readonly environment: string | undefined;
  readonly history: History | undefined;
}

/**
 * Finds what a side boots.
 *
 * @param file a board or a bundle; absent: the board of the history
 * @throws UnreadableInput, InvalidInput
 */
export async function findBoot(
  file: string | undefined,
  { source, history }: DiffInputs,
): Promise<FoundBoot> {
  if (file === undefined) {
    if (history === undefined) throw new Error('a side has a board, or a scenario that names one');
    const { board, params } = await history.scenarios.prepareScenario(
      history.source.read,
      history.source.files,
    );
    return { board, params };
  }
  if (isBundle(file)) {
    const scenarios: Scenarios = await import('../../scenario/index.ts');
    const bundle = await sourceOf(scenarios, file, {}, () => {});
    const { board, params } = await scenarios.prepareScenario(bundle.read, bundle.files);
    return { board, params, source: bundle };
  }
  const loaded = await loadTree(file, source);
  const board = loadedBoard(loaded, inputName(file));
  const { isOfSource, warnings } = loaded;
  return {
    board: { ...board, diagnostics: [...warnings, ...board.diagnostics] },
    params: {},
    loaded: { isOfSource },
  };
}

/** Refuses options about source, and overlays, that neither side has a use for. @throws UsageError */
export function refuseUnused(sides: readonly FoundBoot[], source: SourceInputs): void {
  const refuse = (option: string, goesWith: string): never => {
    throw new UsageError(
      `${option} goes with ${goesWith}, and neither side is one: it would be ignored`,
      'Leave it out, or name the board that it is about',
    );
  };
  const forSource = givenForSource(source);
  if (forSource !== undefined && !sides.some(({ loaded }) => loaded?.isOfSource === true))
    refuse(forSource, 'device-tree source');
  // An overlay is laid over both.
  if (source.overlay?.length && !sides.every(({ loaded }) => loaded !== undefined))
    throw new UsageError(
      '--overlay is laid over both boards, and a bundle or a scenario has its own: it would be ignored',
      'Leave it out, or name two boards',
    );
}

/** One side: what was found, with the options that are its own. @throws InvalidInput */
export async function sideOf(
  { board, params: own, source }: FoundBoot,
  options: SideOptions,
  { common, environment, history }: DiffInputs,
): Promise<DiffSide> {
  const run = history ?? (source && { scenarios: await import('../../scenario/index.ts'), source });
  const declared = run && (await run.scenarios.vendorOf(run.source.read, run.source.files));
  const compiled = run?.scenarios.compileScenario(run.source.read, board, run.source.files, declared);
  const vendor = await givenVendor(options.vendor);
  const given = { ...compiled?.params, ...own, ...common, ...bootParams(options, vendor) };
  const kernel = given.kernel ?? board.kernel ?? given.vendor?.kernel ?? environment;
  const params = { ...given, ...(kernel !== undefined && { kernel }) };
  return {
    name: board.source,
    board,
    params,
    warnings: [...board.diagnostics, ...kernelWarnings(board, params)],
    ...(compiled && { history: { ...compiled, params } }),
  };
}
