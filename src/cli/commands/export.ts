import { basename } from 'node:path';
import { Kernel, layoutOf } from '../../kernel/kernel.ts';
import { SHELL_TASK } from '../../kernel/task.ts';
import { InMemoryPhysMemory } from '../../mm/phys-memory.ts';
import { MemoryRecords } from '../../records.ts';
import type { Exported, History } from '../../scenario/export/index.ts';
import type { BootInputs, Session } from '../../session/session.ts';
import { SessionError } from '../../session/session-error.ts';
import { boardBeside, boardByName, exportBoard } from '../export-board.ts';
import { UsageError } from '../failures.ts';
import { hazardJson } from '../json/json.ts';
import { jsonLine } from '../json/json-text.ts';
import { decodeTree, keptName } from '../read/load-tree.ts';
import { loadedBoard } from '../read/loaded-board.ts';
import { prepareReboot } from '../read/prepare-boot.ts';
import { examples, type Registry } from '../registry.ts';
import { placeText } from '../render/diagnostic.ts';
import { renderLogLine, splitLog } from '../render/log.ts';
import type { Shell } from '../shell.ts';
import { writeOutput } from '../terminal/output-file.ts';
import { VERSION } from '../version.ts';
import { readCount } from '../words/arguments.ts';

type Exporting = typeof import('../../scenario/export/index.ts');

interface ExportOptions {
  readonly output?: string;
  readonly bundle?: string;
  readonly from?: number;
  readonly to?: number;
  /** False with --no-memory. */
  readonly memory: boolean;
}

/** Memory that a bundle takes along. */
const MAX_MEMORY = 256 << 20;

/** What the session went through, all of one moment. */
interface Seen {
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
        `the first ${seen.dropped} calls and accesses of the session are no longer in its journal: what is left is no history from boot on`,
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
function tellLosses(sh: Shell, { unsaid, standIns }: Exported): void {
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

async function runExport(sh: Shell, options: ExportOptions): Promise<void> {
  const { output, bundle, from, to, memory } = options;
  if (output !== undefined && bundle !== undefined) {
    throw new UsageError('--output and --bundle exclude each other', 'A bundle has the scenario in it');
  }
  if (from !== undefined && to !== undefined && from > to) throw new UsageError('--from is after --to');
  const session = await sh.session('export');
  const exporting: Exporting = await import('../../scenario/export/index.ts');
  const seen = look(session, exporting, bundle !== undefined, memory);
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
  const answer = {
    schema: 'dmaheap.export/1',
    profile: seen.profile,
    entries: history.entries.length,
    steps: exported.steps,
    unsaid: exported.unsaid,
    stand_ins: exported.standIns,
  };
  if (bundle !== undefined) {
    const zipped = await exporting.writeBundle({
      scenario: exported.yaml,
      ...('file' in name && { board: inputs.board }),
      entries: history.entries,
      log: seen.log,
      hazards: seen.hazards.map(jsonLine),
      memory: seen.memory,
      info: {
        schema: 'dmaheap.bundle/1',
        dmaheap: VERSION,
        profile: seen.profile,
        board: basename(inputs.file),
        format: inputs.format,
        entries: history.entries.length,
        memory: memory ? seen.memory.bytes : null,
      },
    });
    await writeOutput(sh, bundle, zipped);
    tellLosses(sh, exported);
    await sh.answer(
      () => ({ ...answer, output: null, board: null, bundle, bytes: zipped.length, scenario: null }),
      () => '',
    );
    return;
  }
  const beside = output === undefined || !('file' in name) ? undefined : boardBeside(output);
  if (beside !== undefined) await writeOutput(sh, beside, inputs.board);
  if (output !== undefined) await writeOutput(sh, output, exported.yaml);
  tellLosses(sh, exported);
  await sh.answer(
    () => ({
      ...answer,
      output: output ?? null,
      board: beside ?? null,
      bundle: null,
      bytes: null,
      scenario: output === undefined ? exported.yaml : null,
    }),
    () => (output === undefined ? exported.yaml : ''),
  );
}

/** `dmaheap export`: what the session went through, as a scenario. */
export function exportCommand({ program, shell }: Registry): void {
  const command = program
    .command('export')
    .summary("the session's history as a scenario, or as a bundle for a bug report")
    .description(
      `Prints what was done since boot as a scenario that does it again, with what every step answered as its expectation. With --bundle also the board, the log, the journal and the touched memory, in one file. The history is that of all tasks, ${SHELL_TASK} and the others.`,
    )
    .option('--output <file>', 'write it to this file, and the board beside it (unless it is YAML)')
    .option('--bundle <file>', 'write a .tar.gz with all that one needs to look into it')
    .option('--from <n>', 'expect nothing of what was before this entry of the journal', readCount)
    .option('--to <n>', 'the last entry of the journal', readCount)
    .option('--no-memory', 'with --bundle: leave out what buffers hold')
    .addHelpText(
      'after',
      examples(
        'dmaheap export --output bug.yaml && dmaheap run bug.yaml',
        'dmaheap export --bundle bug.tar.gz && dmaheap replay bug.tar.gz',
      ),
    )
    .action((options: ExportOptions) => runExport(shell(command), options));
}
