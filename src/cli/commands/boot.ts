import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BACKENDS } from '../../dma-buf/backends.ts';
import { Kernel } from '../../kernel/kernel.ts';
import type { HeapView } from '../../kernel/views/views.ts';
import { NO_MEMORY } from '../../mm/phys-memory.ts';
import type { Records } from '../../records.ts';
import { doubtfulFileSystem } from '../../session/file-system.ts';
import { bootSession } from '../../session/local-session.ts';
import { completes } from '../completion/argument-kinds.ts';
import { UsageError } from '../failures.ts';
import { heapJson } from '../json/json.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import {
  needsNoBoard,
  type PreparedBoot,
  prepareBoot,
  prepareReboot,
  prepareWithoutBoard,
} from '../read/prepare-boot.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { renderHeaps } from '../render/heaps.ts';
import type { Shell } from '../shell.ts';
import { VERSION } from '../version.ts';
import { readJournalLimit } from '../words/arguments.ts';

/** One line: what the boot made. */
export function summary(heaps: readonly HeapView[], noHeaps: number, path: string): string {
  const count = (backend: string) => heaps.filter((heap) => heap.backend === backend).length;
  // What is only ever declared is told where it is.
  const kinds = Object.entries(BACKENDS)
    .filter(([backend]) => !['carveout', 'tee'].includes(backend) || count(backend) > 0)
    .map(([backend, { words }]) => `${count(backend)} ${words.title}`)
    .join(', ');
  const without =
    noHeaps === 0
      ? ''
      : `; ${noHeaps} ${noHeaps === 1 ? 'region' : 'regions'} without a heap (dmaheap regions says why)`;
  return `${heaps.length} ${heaps.length === 1 ? 'heap' : 'heaps'}: ${kinds}${without}\nsession: ${path}\n`;
}

/** Said once a session: where no kernel is named. */
const KERNEL_HINT = 'hint: another Linux answers with --kernel RELEASE; dmaheap kernels lists them\n';

async function bootInto(shell: Shell, prepared: PreparedBoot, force: boolean, hint = ''): Promise<void> {
  const location = shell.location();
  const isNew = !existsSync(join(location.path, 'store'));
  await shell.warn([...(prepared.inputs.assumed ?? []), ...prepared.warnings]);
  let heaps: readonly HeapView[] = [];
  let noHeaps = 0;
  let profile = '';
  let warnings = prepared.warnings;
  // Looked at before it is kept: once it is committed, nothing may fail that would look as if it were not.
  const build = (records: Records) => {
    const outcome = prepared.build(records);
    const kernel = new Kernel(records, NO_MEMORY);
    heaps = kernel.heaps();
    noHeaps = kernel.regions().filter((region) => region.heaps.length === 0).length;
    profile = kernel.info().banner;
    warnings = [...prepared.warnings, ...outcome.warnings];
    return outcome;
  };
  bootSession(location, prepared.inputs, build, { ...shell.storeOptions, force, version: VERSION });
  shell.ledger.keep();
  await shell.warn(warnings);
  const doubt = doubtfulFileSystem(location.path);
  if (doubt !== undefined) shell.streams.err(`warning: ${doubt}\n`);
  shell.streams.err(
    `${profile}\n${shell.assumedMark}${summary(heaps, noHeaps, location.path)}${isNew ? hint : ''}`,
  );
  await shell.answer(
    () => ({
      schema: 'dmaheap.boot/1',
      profile,
      session: location.path,
      heaps: heaps.map(heapJson),
      warnings,
    }),
    (ink) => renderHeaps(heaps, ink, shell.page),
  );
}

/** `dmaheap boot BOARD`: makes or replaces the session. */
export function bootCommand({ program, shell }: Registry): void {
  const command = completes(program.command('boot'), 'file')
    .summary('boot a board into the session')
    .description(
      'Boots Linux on a board and keeps the kernel in the session, which is made or replaced. Prints the heaps; a boot that panics prints the log and changes nothing.',
    )
    .argument(
      '[board]',
      'device tree source or blob, YAML, a directory such as /proc/device-tree; - reads standard input; none with --arch x86_64 --memory',
    )
    .option('--force', 'even if buffers are alive in the session; they are lost')
    .option(
      '--journal <calls>',
      'how many calls the session keeps, for export: 100000 unless given, or all',
      readJournalLimit,
    )
    .addHelpText(
      'after',
      examples(
        'dmaheap boot board.dtb',
        'dmaheap boot board.dtb --memory 0x80000000:2G --cmdline "cma=128M"',
        'dmaheap boot board.yaml --config CMA_SIZE_MBYTES=64 --coherent off',
        'dmaheap boot board.dts -I include --kernel 6.12 --overlay camera.dtso',
        'dmaheap boot board.dtb --mode 0660 --group video',
      ),
    )
    .action(
      async (file: string | undefined, options: BoardOptions & { force?: boolean; journal?: number }) => {
        const sh = shell(command);
        sh.refuseBoard('boot');
        if (file === undefined && !needsNoBoard(options)) {
          throw new UsageError(
            'no board given',
            'Name one; only a machine without a device tree needs none: --arch x86_64 --memory BASE:SIZE',
          );
        }
        const prepared =
          file === undefined
            ? await prepareWithoutBoard(options, sh.environmentKernel)
            : await prepareBoot(file, { ...options, mendsForm: true }, sh.environmentKernel);
        const { journal } = options;
        const inputs =
          journal === undefined ? prepared.inputs : { ...prepared.inputs, journal: { entries: journal } };
        const hint = inputs.params.kernel === undefined ? KERNEL_HINT : '';
        await bootInto(sh, { ...prepared, inputs }, options.force === true, hint);
      },
    );
  addBootInputs(command, 'Boot inputs:');
  addSourceInputs(command, 'Device tree source:');
}

/** `dmaheap reboot`: the same inputs again. */
export function rebootCommand({ program, shell }: Registry): void {
  const command = program
    .command('reboot')
    .summary('boot the same board again')
    .description("Boots the session's board again, with the same inputs. The board's file is not read again.")
    .option('--force', 'even if buffers are alive; they are lost')
    .addHelpText('after', examples('dmaheap reboot', 'dmaheap reboot --force'))
    .action(async (options: { force?: boolean }) => {
      const sh = shell(command);
      const session = await sh.session('reboot');
      const { inputs } = session.info();
      session.close();
      await bootInto(sh, await prepareReboot(inputs), options.force === true);
    });
}
