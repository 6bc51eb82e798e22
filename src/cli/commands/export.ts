import { basename } from 'node:path';
import { SHELL_TASK } from '../../kernel/task.ts';
import { exportHistory, tellLosses, writeScenario } from '../export-history.ts';
import { UsageError } from '../failures.ts';
import { jsonLine } from '../json/json-text.ts';
import { examples, type Registry } from '../registry.ts';
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

async function runExport(sh: Shell, options: ExportOptions): Promise<void> {
  const { output, bundle, from, to, memory } = options;
  if (output !== undefined && bundle !== undefined) {
    throw new UsageError('--output and --bundle exclude each other', 'A bundle has the scenario in it');
  }
  if (from !== undefined && to !== undefined && from > to) throw new UsageError('--from is after --to');
  const session = await sh.session('export');
  const done = await exportHistory(session, { output, bundle, from, to, memory });
  const { seen, history, exported, name } = done;
  const { inputs } = seen;
  const answer = {
    schema: 'dmaheap.export/1',
    profile: seen.profile,
    entries: history.entries.length,
    steps: exported.steps,
    unsaid: exported.unsaid,
    stand_ins: exported.standIns,
  };
  if (bundle !== undefined) {
    const { writeBundle }: Exporting = await import('../../scenario/export/index.ts');
    const zipped = await writeBundle({
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
  const beside = output === undefined ? undefined : await writeScenario(sh, output, done);
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
