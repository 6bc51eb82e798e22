/** What a session went through, as a scenario: for `export`, and for `exec --record`. */

import { basename } from 'node:path';
import { Kernel, layoutOf } from '../kernel/kernel.ts';
import { InMemoryPhysMemory } from '../mm/phys-memory.ts';
import { MemoryRecords } from '../records.ts';
import type { Exported, History } from '../scenario/export/index.ts';
import type { BootInputs, Session } from '../session/session.ts';
import { SessionError } from '../session/session-error.ts';
import { counted } from '../units.ts';
import { boardBeside, boardByName, exportBoard } from './export-board.ts';
import { UsageError } from './failures.ts';
import { hazardJson } from './json/json.ts';
import { decodeTree, keptName } from './read/load-tree.ts';
import { loadedBoard } from './read/loaded-board.ts';
import { prepareReboot } from './read/prepare-boot.ts';
import { placeText } from './render/diagnostic.ts';
import { renderLogLine, splitLog } from './render/log.ts';
import type { Shell } from './shell.ts';
import { writeOutput } from './terminal/output-file.ts';

type Exporting = typeof import('../scenario/export/index.ts');

/** Memory that a bundle takes along. */
const MAX_MEMORY = 256 << 20;

/** What the session went through, all of one moment. */
export interface Seen {
  readonly inputs: BootInputs;
  readonly history: History;
  readonly profile: string;
  readonly log: string;
  readonly hazards: readonly Readonly<Record<string, unknown>>[];
  readonly memory: ReturnType<Exporting['touchedMemory']>;
}

function look(session: Session, exporting: Exporting, wantsBundle: boolean, memory: boolean): Seen {
  return session.view((kernel, seen) => {
    const { inputs } = seen;
    if (seen.dropped > 0) {
      throw new SessionError(
        'session-history-cut',
        `the first ${counted(seen.dropped, 'call or access', 'calls and accesses')} of the session are no longer in its journal: what is left is no history from boot on`,
        'boot with --journal all (or a larger number) and do it again',
      );
    }
    const { shown } = splitLog(wantsBundle ? [...kernel.printk.since()] : []);
    return {
      inputs,
      // The devices that boot left are not in the records any more: they are booted below.
      history: exporting.historyOf(kernel, seen.journal(), { params: inputs.params, devices: [] }),
      profile: kernel.info().banner,
      log: shown.map((line) => `${renderLogLine(line, false)}\n`).join(''),
      hazards: wantsBundle ? [...kernel.hazards.since()].map(hazardJson) : [],
      memory: exporting.touchedMemory(wantsBundle && memory ? kernel.buffers() : [], seen.memory, MAX_MEMORY),
    };
  });
}

/** What of a history is no scenario, on standard error. */
export function tellLosses(sh: Shell, { unsaid, standIns }: Exported): void {
  const calls = (count: number) => `${count} ${count === 1 ? 'call' : 'calls'}`;
  if (unsaid > 0) {
    sh.streams.err(
      `note: ${calls(unsaid)} that no action of a scenario says ${unsaid === 1 ? 'is a comment' : 'are comments'}\n`,
    );
  }
  if (standIns > 0) {
    sh.streams.err(
      `note: the journal keeps no bytes longer than 64 KiB: ${standIns === 1 ? 'one step writes' : `${standIns} steps write`} others in their place, and what is read of them is not compared\n`,
    );
  }
}

/** Where it goes, and which entries of the journal it is about. */
export interface ExportTarget {
  readonly output?: string | undefined;
  readonly bundle?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Whether a bundle takes along what buffers hold. */
  readonly memory?: boolean;
}

export interface ExportedHistory {
  readonly seen: Seen & { readonly memory: object };
  readonly history: History;
  readonly exported: Exported;
  /** How the scenario names the board. */
  readonly name: ReturnType<typeof exportBoard>;
}

/** Makes a scenario of a session's history. @throws SessionError when its oldest calls are dropped, UsageError */
export async function exportHistory(session: Session, target: ExportTarget): Promise<ExportedHistory> {
  const { output, bundle, from, to, memory } = target;
  const exporting: Exporting = await import('../scenario/export/index.ts');
  const seen = look(session, exporting, bundle !== undefined, memory === true);
  const { inputs } = seen;
  if (seen.memory === undefined) {
    throw new UsageError('more than 256 MiB of memory were touched', 'Leave memory out: --no-memory');
  }
  const decoded = await decodeTree(inputs.board, keptName(inputs));
  const { tree } = decoded;
  const board = loadedBoard(decoded, inputs.file);
  const records = new MemoryRecords();
  (await prepareReboot(inputs)).build(records);
  const booted = new Kernel(records, new InMemoryPhysMemory(layoutOf(records)));
  const history: History = { ...seen.history, devices: booted.devices(), tree };
  const name = exportBoard(inputs, { output, bundle });
  if (output === undefined && bundle === undefined && 'file' in name) await boardByName(inputs);
  const assumed = (inputs.assumed ?? [])
    .filter(({ assumes }) => assumes === 'memory')
    .map(({ position, message }) => `${position ? `${placeText(position)}: ` : ''}${message}`);
  const exported = exporting.exportScenario(history, {
    title: `History of ${basename(inputs.file)}`,
    board: name,
    parsed: board,
    ...(assumed.length > 0 && { assumed }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  });
  return { seen: { ...seen, memory: seen.memory }, history, exported, name };
}

/** Writes the scenario, and its board beside it. @returns the board's file where there is one */
export async function writeScenario(
  sh: Shell,
  output: string,
  { seen, exported, name }: ExportedHistory,
): Promise<string | undefined> {
  const beside = 'file' in name ? boardBeside(output) : undefined;
  if (beside !== undefined) await writeOutput(sh, beside, seen.inputs.board);
  await writeOutput(sh, output, exported.yaml);
  return beside;
}
