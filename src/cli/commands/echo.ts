import { echo } from '../../program/echo.ts';
import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { examples, type Registry } from '../registry.ts';

/** `dmaheap echo VALUE PATH`: writes to a file of /sys or /proc. */
export function echoCommand({ program, shell }: Registry): void {
  const command = completes(program.command('echo'), 'none', 'path')
    .summary('write a value to a file of /sys')
    .description(
      'Opens a file that the emulated kernel shows, writes the value in one write(2) without a line break, and closes it. Allocating and freeing pages of a CMA area by its debugfs files is what it is for.',
    )
    .argument('<value>', 'what is written')
    .argument('<path>', 'an absolute path')
    .addHelpText(
      'after',
      examples(
        "dmaheap echo 16 '/sys/kernel/debug/cma/video-cma@60000000/alloc'",
        "dmaheap echo 16 '/sys/kernel/debug/cma/video-cma@60000000/free'",
      ),
    )
    .action(async (value: string, path: string) => {
      const sh = shell(command);
      const session = await sh.session('echo');
      const { ret: written } = await makeCalls(sh, session, ({ did }) =>
        did(`echo: ${path}`, (caller) => echo(caller, path, value)),
      );
      await sh.answer(
        () => ({ schema: 'dmaheap.echo/1', path, written }),
        () => '',
      );
    });
}
