import { nameBuffer } from '../../program/allocate.ts';
import { DMA_BUF_NAME_LEN } from '../../uapi/dma-buf.ts';
import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { examples, type Registry } from '../registry.ts';
import { readDescriptor } from '../words/arguments.ts';

/** `dmaheap name FD NAME`: DMA_BUF_SET_NAME. */
export function nameCommand({ program, shell }: Registry): void {
  const command = completes(program.command('name'), 'fd')
    .summary('name a buffer (DMA_BUF_SET_NAME)')
    .description(
      `Names a buffer, with at most ${DMA_BUF_NAME_LEN - 1} bytes. bufinfo and fdinfo show the name.`,
    )
    .argument('<fd>', 'a descriptor')
    .argument('<name>', 'its name')
    .addHelpText('after', examples('dmaheap name 4 frame-0'))
    .action(async (word: string, name: string) => {
      const sh = shell(command);
      const fd = readDescriptor(word);
      const session = await sh.session('name');
      await makeCalls(sh, session, ({ did }) => did(`name: ${fd}`, (caller) => nameBuffer(caller, fd, name)));
      await sh.answer(
        () => ({ schema: 'dmaheap.name/1', fd, name }),
        () => '',
      );
    });
}
