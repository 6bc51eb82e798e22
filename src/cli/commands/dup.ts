import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { examples, type Registry } from '../registry.ts';
import { readDescriptor } from '../words/arguments.ts';

/** `dmaheap dup FD`: a second descriptor. */
export function dupCommand({ program, shell }: Registry): void {
  const command = completes(program.command('dup'), 'fd')
    .summary('a second descriptor: prints it')
    .description(
      'dup(2): the lowest free descriptor for the same file, without close-on-exec. Prints it. fcntl F_DUPFD_CLOEXEC makes one with.',
    )
    .argument('<fd>', 'a descriptor')
    .addHelpText('after', examples('dmaheap dup 4', 'dmaheap fcntl 4 F_DUPFD_CLOEXEC 10'))
    .action(async (word: string) => {
      const sh = shell(command);
      const fd = readDescriptor(word);
      const session = await sh.session('dup');
      const ret = await makeCalls(sh, session, ({ must }) => must(`dup: ${fd}`, { call: 'dup', fd }));
      await sh.answer(
        () => ({ schema: 'dmaheap.dup/1', fd, ret }),
        () => `${ret}\n`,
      );
    });
}
