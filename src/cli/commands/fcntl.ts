import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { examples, type Registry } from '../registry.ts';
import { readDescriptor } from '../words/arguments.ts';
import { fcntlAnswer, fcntlName, readFcntlArgument, readFcntlCommand } from '../words/call-words.ts';

/** `dmaheap fcntl FD CMD [ARG]`. */
export function fcntlCommand({ program, shell }: Registry): void {
  const command = completes(program.command('fcntl'), 'fd')
    .summary('fcntl(2): prints what it returned')
    .description(
      'fcntl(2) with a command by name or number. Prints what it returned, and flags by name after it.',
    )
    .argument('<fd>', 'a descriptor')
    .argument(
      '<cmd>',
      'F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, or a number',
      readFcntlCommand,
    )
    .argument('[arg]', 'a number, FD_CLOEXEC, or flags such as O_NONBLOCK; 0 unless given', readFcntlArgument)
    .addHelpText(
      'after',
      examples(
        'dmaheap fcntl 4 F_GETFL',
        'dmaheap fcntl 4 F_SETFD FD_CLOEXEC',
        'dmaheap fcntl 4 F_DUPFD_CLOEXEC 10',
      ),
    )
    .action(async (word: string, cmd: number, arg = 0) => {
      const sh = shell(command);
      const fd = readDescriptor(word);
      const session = await sh.session('fcntl');
      const ret = await makeCalls(sh, session, ({ must }) =>
        must(`fcntl: ${fd} ${fcntlName(cmd)}`, { call: 'fcntl', fd, cmd, arg }),
      );
      const names = fcntlAnswer(cmd, ret);
      await sh.answer(
        () => ({ schema: 'dmaheap.fcntl/1', fd, cmd: fcntlName(cmd), arg, ret, flags: names }),
        () => `${ret}${names.length === 0 ? '' : ` ${names.join('|')}`}\n`,
      );
    });
}
