import { decodeSource } from '../../devicetree/source-encoding.ts';
import { escapeText } from '../../escape-text.ts';
import { readFile } from '../../program/path-lookup.ts';
import { refusedCall } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { CallFailed, type FailedCall } from '../failures.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { BOARD_HELP, WITH_BOARD } from '../words/with-board.ts';

interface FileRead {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** For a terminal: what does not print is escaped, but line breaks and tabs stay. */
const forTerminal = (bytes: Uint8Array): string =>
  decodeSource(bytes)
    .split(/([\n\t])/)
    .map((part, i) => (i % 2 === 0 ? escapeText(part) : part))
    .join('');

/** The text, or `null` when it is none. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function fileJson({ path, bytes }: FileRead): Readonly<Record<string, unknown>> {
  const text = textOf(bytes);
  return { path, text, base64: text === null ? Buffer.from(bytes).toString('base64') : null };
}

/** `dmaheap cat PATH…`: files of /proc, /sys and /dev. */
export function catCommand({ program, shell }: Registry): void {
  const command = completes(program.command('cat'), 'path')
    .summary('files of /proc and /sys')
    .description(
      "Prints files that the emulated kernel shows, as a child of the command's task would read them: debugfs of dma-buf and CMA, /proc, the device tree. Bytes go into a pipe as they are; on a terminal what does not print is escaped.",
    )
    .argument('<path...>', 'absolute paths')
    .option('--raw', 'as they are on a terminal too')
    .addHelpText(
      'after',
      examples(
        'dmaheap cat /sys/kernel/debug/dma_buf/bufinfo',
        'dmaheap cat /proc/device-tree/model',
        'dmaheap cat /proc/iomem --board board.dtb',
      ),
    )
    .action(async (paths: string[], options: BoardOptions & { readonly raw?: boolean }) => {
      const sh = shell(command);
      const { raw = false, ...boardOptions } = options;
      const machine = await sh.machine('cat', boardOptions);
      sh.noteAbsentTask(machine);
      const { files, failed } = machine.view((kernel) => {
        const files: FileRead[] = [];
        const failed: FailedCall[] = [];
        for (const path of paths) {
          const got = readFile(kernel, path, sh.task);
          if ('bytes' in got) files.push({ path, bytes: got.bytes });
          else failed.push(refusedCall(`cat: ${path}`, got));
        }
        return { files, failed };
      });
      const json = sh.options.json === true;
      if (json && failed.length === 0) {
        await sh.answer(
          () => ({ schema: 'dmaheap.cat/1', files: files.map(fileJson) }),
          () => '',
        );
      }
      if (!json) {
        for (const { bytes } of files) {
          sh.streams.out(sh.streams.outIsTerminal && !raw ? forTerminal(bytes) : bytes);
        }
      }
      const [first, ...more] = failed;
      if (first === undefined) return;
      throw new CallFailed([{ ...first, done: { files: files.map(fileJson) } }, ...more]);
    });
  addBootInputs(command, WITH_BOARD).addHelpText('after', BOARD_HELP);
  addSourceInputs(command, WITH_BOARD);
}
