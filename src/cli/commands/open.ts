import { O_CLOEXEC, O_RDWR } from '../../uapi/fcntl.ts';
import { completes } from '../argument-kinds.ts';
import { heapName } from '../arguments.ts';
import { makeCalls } from '../calls.ts';
import { flagNames, readFlags } from '../open-flags.ts';
import { examples, type Registry } from '../registry.ts';

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
    .action(async (word: string, options: { readonly flags?: number }) => {
      const sh = shell(command);
      const path = word.startsWith('/') ? word : `/dev/dma_heap/${heapName(word)}`;
      const isHeap = path.startsWith('/dev/dma_heap/');
      const flags = options.flags ?? (isHeap ? O_RDWR | O_CLOEXEC : O_CLOEXEC);
      const session = await sh.session('open');
      const fd = await makeCalls(sh, session, ({ must }) =>
        must(`open: ${word}`, { call: 'open', path, flags }),
      );
      await sh.answer(
        () => ({ schema: 'dmaheap.open/1', path, flags: flagNames(flags), fd }),
        () => `${fd}\n`,
      );
    });
}
