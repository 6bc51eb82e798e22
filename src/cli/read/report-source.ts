/** What a report is about: a scenario that is named, or the session's history as a scenario. */

import type { Board } from '../../board/board.ts';
import { encodeDtb } from '../../devicetree/dtb-writer.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { PreparedScenario } from '../../scenario/index.ts';
import { sha256 } from '../../session/kept-bytes.ts';
import { counted } from '../../units.ts';
import { exportHistory } from '../export-history.ts';
import type { Scenarios } from '../run-scenario.ts';
import type { Shell } from '../shell.ts';
import { decodeTree, keptName } from './load-tree.ts';
import { loadedBoard } from './loaded-board.ts';
import { inputName } from './read-input.ts';
import { withKernel } from './scenario-kernel.ts';
import { type Source, sourceOf } from './scenario-source.ts';

/** A text or a blob that goes along with a report. */
export interface SourceFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A scenario to run, and what is needed to run it again. */
export interface ReportSource {
  readonly title: string;
  readonly prepared: PreparedScenario;
  readonly files: readonly SourceFile[];
  /** What of it is missing, in sentences. */
  readonly notes: readonly string[];
  /** The same steps elsewhere. @throws InvalidInput */
  elsewhere(place: Elsewhere): Promise<PreparedScenario>;
}

/** Another board, another Linux, or both: what is not given stays. */
export interface Elsewhere {
  readonly board?: Board | undefined;
  readonly kernel?: string | undefined;
}

const encoded = (text: string): Uint8Array => new TextEncoder().encode(text);

/** How the files of a report are run again. */
const again = (scenario: string, board: string | undefined): string =>
  board === undefined
    ? `To do it again: save ${scenario} out of the page (--html), then dmaheap run ${scenario}`
    : `To do it again: save ${scenario} and ${board} out of the page (--html), then dmaheap run ${scenario} --board ${board}`;

async function elsewhere(
  scenarios: Scenarios,
  prepared: PreparedScenario,
  { read, files }: Pick<Source, 'read' | 'files'>,
  { board, kernel = prepared.params.kernel }: Elsewhere,
): Promise<PreparedScenario> {
  const on =
    board === undefined
      ? prepared
      : scenarios.compileScenario(read, board, files, await scenarios.vendorOf(read, files));
  const params = { ...on.params, ...prepared.params, ...(kernel !== undefined && { kernel }) };
  return { ...on, params, isOther: true };
}

/** A scenario's file or bundle. @throws UnreadableInput, InvalidInput */
export async function scenarioSource(sh: Shell, scenarios: Scenarios, file: string): Promise<ReportSource> {
  const warnings: Diagnostic[] = [];
  const { read, files, text } = await sourceOf(scenarios, file, {}, (found) => warnings.push(...found));
  const own = await scenarios.prepareScenario(read, files);
  const prepared = withKernel(own, { environment: sh.environmentKernel });
  await sh.warn(warnings);
  const { tree } = prepared.board;
  const board =
    read.inlineBoard === undefined && tree !== undefined
      ? { name: 'board.dtb', bytes: encodeDtb(tree) }
      : undefined;
  return {
    title: read.scenario.title ?? inputName(file),
    prepared,
    files: [{ name: 'scenario.yaml', bytes: encoded(text) }, ...(board === undefined ? [] : [board])],
    notes: [again('scenario.yaml', board?.name)],
    elsewhere: (place) => elsewhere(scenarios, prepared, { read, files }, place),
  };
}

/** The session's history. @throws SessionError, UsageError */
export async function sessionSource(sh: Shell, scenarios: Scenarios): Promise<ReportSource> {
  const session = await sh.session('report');
  const { seen, exported, name } = await exportHistory(session, { output: 'session.yaml' });
  const { inputs } = seen;
  const files = {
    loadBoard: async () => loadedBoard(await decodeTree(inputs.board, keptName(inputs)), inputs.file),
    readFile: () => new Uint8Array(),
    sha256,
  };
  const read = scenarios.readScenario(exported.yaml, 'session.yaml');
  const own = await scenarios.prepareScenario(read, files);
  const prepared = { ...own, params: { ...own.params, ...inputs.params } };
  const board = 'file' in name ? { name: name.file, bytes: inputs.board } : undefined;
  const unsaid =
    exported.unsaid === 0
      ? []
      : [`${counted(exported.unsaid, 'call')} that no action of a scenario says: left out of the steps`];
  const standIns =
    exported.standIns === 0
      ? []
      : [
          `other bytes than were written, in ${counted(exported.standIns, 'step')}: the journal keeps only 64 KiB of each`,
        ];
  return {
    title: `Session on ${inputName(inputs.file)}`,
    prepared,
    files: [{ name: 'session.yaml', bytes: encoded(exported.yaml) }, ...(board === undefined ? [] : [board])],
    notes: [again('session.yaml', board?.name), ...unsaid, ...standIns],
    elsewhere: (place) => elsewhere(scenarios, prepared, { read, files }, place),
  };
}
