import { flagNames } from '../../profile/open-flag-words.ts';
import { openFile, openRequest } from '../../program/open-file.ts';
import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { examples, type Registry } from '../registry.ts';
import { type GivenFlags, readFlags } from '../words/open-flags.ts';

/** `dmaheap open PATH|HEAP`: a descriptor of a node or file. */
export function openCommand({ program, shell }: Registry): void {
  const command = completes(program.command('open'), 'path-or-heap')
    .summary('open a heap or a file: prints the descriptor')
    .description(
      'open(2) of a heap by name, or of a path of /dev, /proc and /sys. Prints the descriptor; free closes it.',
    )
    .argument('<path|heap>', 'an absolute path, or the name of a heap')
    .option(
      '--flags <flags>',
      'flags of open(2); O_RDWR|O_CLOEXEC of a heap, O_RDONLY|O_CLOEXEC of a path',
      readFlags,
    )
    .addHelpText(
      'after',
      examples(
        'h=$(dmaheap open system)',
        'dmaheap open /dev/dma_heap/system --flags O_RDONLY',
        'dmaheap open /sys/kernel/debug/dma_buf/bufinfo',
      ),
    )
    .action(async (word: string, options: { readonly flags?: GivenFlags }) => {
      const sh = shell(command);
      const session = await sh.session('open');
      const { path, flags, names, fd } = await makeCalls(sh, session, ({ kernel, did }) => {
        const { openFlags } = kernel.profile.arch;
        const request = openRequest(word, options.flags?.(openFlags));
        const { ret } = did(`open: ${word}`, (caller) => openFile(caller, request));
        return { ...request, names: flagNames(request.flags, openFlags), fd: ret };
      });
      await sh.answer(
        () => ({ schema: 'dmaheap.open/2', path, flags, flag_names: names, ret: fd, fd }),
        () => `${fd}\n`,
      );
    });
}
