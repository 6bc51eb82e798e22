import type { Finding, RebuiltState } from '../../reconstruct/index.ts';
import { bootSession } from '../../session/local-session.ts';
import { completes } from '../completion/argument-kinds.ts';
import { heapJson } from '../json/json.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { renderHeaps } from '../render/heaps.ts';
import { renderFindings, renderRead } from '../render/reconstruct.ts';
import { VERSION } from '../version.ts';
import { readJournalLimit } from '../words/arguments.ts';
import { summary } from './boot.ts';

const findingJson = ({ kind, code, message, taken, at }: Finding) => ({
  kind,
  code,
  message,
  taken: taken ?? null,
  file: at?.file ?? null,
  line: at?.line ?? null,
});

/** `dmaheap reconstruct FILE…`: a session of what a reporter pasted. */
export function reconstructCommand({ program, shell }: Registry): void {
  const command = completes(program.command('reconstruct'), 'file')
    .summary('rebuild a session from logs and files of a target')
    .description(
      'Reads what somebody pasted, in any order: dmesg, /proc/iomem, meminfo, buddyinfo, cmdline, ls -l /dev/dma_heap, CMA debugfs, bufinfo, fdinfo, a .config, a device tree, or all of it by dmaheap capture. Boots a board made of it into the session, with the free pages and the buffers that the target had. Says what does not fit together, what is a guess and what is missing.',
    )
    .argument('<file...>', 'logs, copied files, a device tree; - reads standard input')
    .option('--force', 'even if buffers are alive in the session; they are lost')
    .option(
      '--journal <calls>',
      'how many calls the session keeps: 100000 unless given, or all',
      readJournalLimit,
    )
    .addHelpText(
      'after',
      examples(
        'dmaheap reconstruct dmesg.txt',
        'dmaheap reconstruct dmesg.txt iomem.txt bufinfo.txt board.dtb',
        'dmaheap reconstruct capture.txt --json | jq .findings',
        'adb logcat -b kernel -d | dmaheap reconstruct -',
      ),
    )
    .action(async (files: string[], options: BoardOptions & { force?: boolean; journal?: number }) => {
      const sh = shell(command);
      sh.refuseBoard('reconstruct');
      const { prepareReconstruction, rebuildState } = await import('../read/reconstruct-inputs.ts');
      const kernel = options.kernel ?? sh.environmentKernel;
      const given = kernel === undefined ? options : { ...options, kernel };
      const { boot, facts, findings: inferred } = await prepareReconstruction(files, given);
      const { journal } = options;
      const inputs = journal === undefined ? boot.inputs : { ...boot.inputs, journal: { entries: journal } };
      const location = sh.location();
      const force = options.force === true;
      const { warnings } = bootSession(location, inputs, boot.build, {
        ...sh.storeOptions,
        force,
        version: VERSION,
      });
      sh.ledger.keep();
      const session = await sh.session('reconstruct');
      const state = session.transact((machine): RebuiltState => rebuildState(machine, facts));
      const { heaps, noHeaps, profile } = session.view((machine) => ({
        heaps: machine.heaps(),
        noHeaps: machine.regions().filter((region) => region.heaps.length === 0).length,
        profile: machine.info().banner,
      }));
      const findings = [...inferred, ...state.findings];
      const all = [...boot.warnings, ...warnings];
      await sh.warn(all);
      const ink = await sh.ink('err');
      sh.streams.err(renderFindings(findings, ink));
      sh.streams.err(`${renderRead(facts)}${profile}\n${summary(heaps, noHeaps, location.path)}`);
      await sh.answer(
        () => ({
          schema: 'dmaheap.reconstruct/1',
          profile,
          session: location.path,
          heaps: heaps.map(heapJson),
          read: [...facts.counts].map(([what, lines]) => ({ what, lines })),
          other_lines: facts.unknown,
          findings: findings.map(findingJson),
          areas: state.areas.map(({ name, known, used, pages }) => ({ name, known, used, pages })),
          buffers: state.buffers,
          guessed_places: state.guessed,
          warnings: all,
        }),
        (out) => renderHeaps(heaps, out, sh.page),
      );
    });
  addBootInputs(command, 'What is known better than the files tell:');
  addSourceInputs(command, 'Device tree source:');
}
