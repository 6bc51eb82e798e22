import { Option } from 'commander';
import { timelineDifferences } from '../../report/compare-timelines.ts';
import type { ReportComparison, ReportData, ReportInput } from '../../report/report-data.ts';
import { reportPage } from '../../report/report-page.ts';
import type { PreparedScenario } from '../../scenario/index.ts';
import { offers } from '../completion/option-values.ts';
import { AnsweredNo } from '../failures.ts';
import { reportParts } from '../read/page-parts.ts';
import { type ReportSource, scenarioSource, sessionSource } from '../read/report-source.ts';
import { examples, type Registry } from '../registry.ts';
import { bootLine } from '../render/boot-difference.ts';
import { reportJson, reportText } from '../render/report.ts';
import { panicLines } from '../render/run-text.ts';
import { allFindings, type WatchedRun, watchRun } from '../report-run.ts';
import type { Scenarios } from '../run-scenario.ts';
import type { Shell } from '../shell.ts';
import { NO_INK } from '../terminal/ink.ts';
import { writeOutput } from '../terminal/output-file.ts';
import { VERSION } from '../version.ts';
import { kernelReader, RELEASES } from '../words/kernel-option.ts';

interface ReportOptions {
  readonly html?: string;
  readonly compare?: string;
}

/** The same steps on another kernel. A boot that dies there is a difference, too. */
async function compared(
  sh: Shell,
  scenarios: Scenarios,
  prepared: PreparedScenario,
  own: WatchedRun,
  kernel: string,
): Promise<ReportComparison> {
  const there: PreparedScenario = { ...prepared, params: { ...prepared.params, kernel }, isOther: true };
  const [before, after] = [scenarios.bootedBy(prepared), scenarios.bootedBy(there)];
  const other = await watchRun(sh, scenarios, there);
  const boots = scenarios.bootDifferences(before, after).map(bootLine);
  const steps =
    own.timeline === undefined || other.timeline === undefined
      ? []
      : timelineDifferences(own.timeline, other.timeline);
  return { with: other.report.profile || `Linux ${kernel}`, differences: [...boots, ...steps] };
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
  const { report, timeline } = watched;
  if (timeline === undefined) {
    // A kernel that has died has no memory to show.
    const lines = report.panic === undefined ? [] : panicLines(report.panic, NO_INK);
    sh.streams.err(['report: the boot dies, and there is nothing to show', ...lines, ''].join('\n'));
    throw new AnsweredNo();
  }
  const { compare, html } = options;
  const comparison =
    compare === undefined ? undefined : await compared(sh, scenarios, prepared, watched, compare);
  const parts = html === undefined ? undefined : await reportParts();
  const left = timeline.basesLeftOut;
  const data: ReportData = {
    ...timeline,
    title: source.title,
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
    (ink) => reportText(data, ink),
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
    .addHelpText(
      'after',
      examples(
        'dmaheap report --html report.html',
        'dmaheap report bug.yaml --html report.html --compare 6.12',
      ),
    )
    .action((file: string | undefined, options: ReportOptions) => runReport(shell(command), file, options));
}
