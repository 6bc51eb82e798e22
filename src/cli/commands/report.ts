import { basename } from 'node:path';
import { Option } from 'commander';
import type { Board } from '../../board/board.ts';
import { timelineDifferences } from '../../report/compare-timelines.ts';
import { deadBoot } from '../../report/dead-boot.ts';
import type { ReportComparison, ReportData, ReportInput } from '../../report/report-data.ts';
import { reportPage } from '../../report/report-page.ts';
import { offers } from '../completion/option-values.ts';
import { loadTree } from '../read/load-tree.ts';
import { loadedBoard } from '../read/loaded-board.ts';
import { reportParts } from '../read/page-parts.ts';
import { inputName } from '../read/read-input.ts';
import { type ReportSource, scenarioSource, sessionSource } from '../read/report-source.ts';
import { examples, type Registry } from '../registry.ts';
import { bootLine } from '../render/boot-difference.ts';
import { reportJson, reportText } from '../render/report.ts';
import { allFindings, type WatchedRun, watchRun } from '../report-run.ts';
import type { Scenarios } from '../run-scenario.ts';
import type { Shell } from '../shell.ts';
import { writeOutput } from '../terminal/output-file.ts';
import { VERSION } from '../version.ts';
import { kernelReader, RELEASES } from '../words/kernel-option.ts';

interface ReportOptions {
  readonly html?: string;
  readonly compare?: string;
  readonly compareBoard?: string;
}

/** The board that is compared with. @throws UnreadableInput, InvalidInput */
async function otherBoard(sh: Shell, file: string | undefined): Promise<Board | undefined> {
  if (file === undefined) return undefined;
  const loaded = await loadTree(file, {});
  const board = loadedBoard(loaded, inputName(file));
  await sh.warn([...loaded.warnings, ...board.diagnostics]);
  return board;
}

/** The same steps on another kernel or board. A boot that dies is a difference, too. */
async function compared(
  sh: Shell,
  scenarios: Scenarios,
  source: ReportSource,
  own: WatchedRun,
  { compare: kernel, compareBoard }: ReportOptions,
): Promise<ReportComparison | undefined> {
  const board = await otherBoard(sh, compareBoard);
  if (board === undefined && kernel === undefined) return undefined;
  const there = await source.elsewhere({ board, kernel });
  const [before, after] = [scenarios.bootedBy(source.prepared), scenarios.bootedBy(there)];
  const other = await watchRun(sh, scenarios, there);
  const boots = scenarios.bootDifferences(before, after).map(bootLine);
  const steps =
    own.timeline === undefined || other.timeline === undefined
      ? []
      : timelineDifferences(own.timeline, other.timeline);
  const where = board === undefined ? '' : `${basename(board.source)}: `;
  return { with: `${where}${other.report.profile}`, differences: [...boots, ...steps] };
}

function inputsOf({ prepared, files }: ReportSource, { report }: WatchedRun): readonly ReportInput[] {
  const { board, params } = prepared;
  return [
    { name: 'Linux', value: report.profile },
    { name: 'Board', value: report.board },
    { name: 'Command line', value: params.cmdline ?? board.bootargs },
    { name: 'Seed', value: String(report.seed) },
    { name: 'Files', value: files.map(({ name }) => name).join(', ') },
    { name: 'Made by', value: `dmaheap ${VERSION}` },
  ];
}

async function runReport(sh: Shell, file: string | undefined, options: ReportOptions): Promise<void> {
  const scenarios: Scenarios = await import('../../scenario/index.ts');
  if (file !== undefined) sh.refuseSession('a report of a scenario');
  const source =
    file === undefined ? await sessionSource(sh, scenarios) : await scenarioSource(sh, scenarios, file);
  const { prepared } = source;
  const watched = await watchRun(sh, scenarios, prepared);
  const { report } = watched;
  // A kernel that has died while it booted has no memory to show.
  const timeline = watched.timeline ?? deadBoot(report.profile, report.panic?.log ?? []);
  const { html } = options;
  const comparison = await compared(sh, scenarios, source, watched, options);
  const parts = html === undefined ? undefined : await reportParts();
  const left = timeline.basesLeftOut;
  const data: ReportData = {
    ...timeline,
    title: source.title,
    ...(report.panic && { panic: report.panic.message }),
    findings: allFindings(prepared, watched),
    inputs: inputsOf(source, watched),
    files: source.files.map(({ name, bytes }) => ({
      name,
      bytes: bytes.length,
      packed: parts?.pack(bytes) ?? '',
    })),
    ...(comparison && { comparison }),
    notes: [
      ...source.notes,
      ...(left > 0 ? [`${left} changes of memory that is no buffer's are left out of the map`] : []),
    ],
  };
  let written: { readonly file: string; readonly bytes: number } | undefined;
  if (html !== undefined && parts !== undefined) {
    const page = new TextEncoder().encode(reportPage(data, parts));
    await writeOutput(sh, html, page);
    written = { file: html, bytes: page.length };
  }
  await sh.answer(
    () => reportJson(data, written),
    (ink) => reportText(data, html, ink),
  );
}

/** `dmaheap report`: what a session or a scenario did to memory, step by step, as a page. */
export function reportCommand({ program, shell }: Registry): void {
  const command = program
    .command('report')
    .summary('a page that shows memory at every step, to send with a bug report')
    .description(
      'Tells what a scenario, or the history of the session, did to memory. With --html it writes one page that needs no network: the map at every step, usage and fragmentation, the buffers of each task, findings with reasons, the log, the inputs, and the scenario to do it again.',
    )
    .argument('[scenario]', 'a scenario, or a bundle (.tar.gz); without it the session')
    .option('--html <file>', 'write the page to this file')
    .addOption(
      offers(
        new Option('--compare <release>', 'say what is different with this Linux').argParser(
          kernelReader('--compare'),
        ),
        RELEASES,
      ),
    )
    .option('--compare-board <file>', 'say what is different on this board')
    .addHelpText(
      'after',
      examples(
        'dmaheap report --html report.html',
        'dmaheap report bug.yaml --html report.html --compare 6.12',
        'dmaheap report bug.yaml --compare-board next-revision.dtb',
      ),
    )
    .action((file: string | undefined, options: ReportOptions) => runReport(shell(command), file, options));
}
