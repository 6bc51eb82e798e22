import { escapeText } from '../../escape-text.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { type Listing, listPath } from '../../program/path-lookup.ts';
import { refusedCall } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { CallFailed, type FailedCall } from '../failures.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { listedJson, renderListing } from '../render/listing.ts';
import { BOARD_HELP, WITH_BOARD } from '../words/with-board.ts';

interface Listed extends Listing {
  readonly path: string;
}

/** One operand. */
function list(
  kernel: Kernel,
  task: string,
  path: string,
  long: boolean,
): Listed | { readonly failed: FailedCall } {
  const listing = listPath(kernel, path, task, long);
  return 'errno' in listing ? { failed: refusedCall(`ls: ${path}`, listing) } : { path, ...listing };
}

/** Files first, then the directories, with their names over them when there are several. */
function listingText(listed: readonly Listed[], operands: number, long: boolean): string {
  const files = listed.filter(({ isDirectory }) => !isDirectory).flatMap(({ entries }) => entries);
  const parts = files.length === 0 ? [] : [renderListing(files, long)];
  for (const { path, entries } of listed.filter(({ isDirectory }) => isDirectory)) {
    parts.push(`${operands > 1 ? `${escapeText(path)}:\n` : ''}${renderListing(entries, long)}`);
  }
  return parts.join('\n');
}

/** `dmaheap ls PATH…`: what is in /proc, /sys and /dev. */
export function lsCommand({ program, shell }: Registry): void {
  const command = completes(program.command('ls'), 'path')
    .summary('what is in /proc, /sys and /dev')
    .description(
      "Lists directories that the emulated kernel shows, as a child of the command's task sees them: one name a line, with -l mode, owner, group, size (of a device its numbers) and where a link leads.",
    )
    .argument('[path...]', 'absolute paths; / unless given')
    .option('-l, --long', 'mode, owner, group, size or device numbers, target')
    .addHelpText(
      'after',
      examples(
        'dmaheap ls -l /dev/dma_heap',
        'dmaheap ls /sys/kernel/debug/cma',
        'dmaheap ls -l /proc/self/fd',
        'dmaheap ls /proc/device-tree/reserved-memory --board board.dtb',
      ),
    )
    .action(async (paths: string[], options: BoardOptions & { readonly long?: boolean }) => {
      const sh = shell(command);
      const { long = false, ...boardOptions } = options;
      const operands = paths.length === 0 ? ['/'] : paths;
      const machine = await sh.machine('ls', boardOptions);
      sh.noteAbsentTask(machine);
      const { listed, failed } = machine.view((kernel) => {
        const all = operands.map((path) => list(kernel, sh.task, path, long));
        return {
          listed: all.flatMap((one) => ('failed' in one ? [] : [one])),
          failed: all.flatMap((one) => ('failed' in one ? [one.failed] : [])),
        };
      });
      const members = {
        paths: listed.map(({ path, isDirectory, entries }) => ({
          path,
          directory: isDirectory,
          entries: entries.map(listedJson),
        })),
      };
      if (failed.length === 0 || sh.options.json !== true) {
        await sh.answer(
          () => ({ schema: 'dmaheap.ls/1', ...members }),
          () => listingText(listed, operands.length, long),
        );
      }
      const [first, ...more] = failed;
      if (first !== undefined) throw new CallFailed([{ ...first, done: members }, ...more]);
    });
  addBootInputs(command, WITH_BOARD).addHelpText('after', BOARD_HELP);
  addSourceInputs(command, WITH_BOARD);
}
