import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { examples, type Registry } from '../registry.ts';
import { readDescriptor } from '../words/arguments.ts';
import { readOffset, readWhence, whenceName } from '../words/call-words.ts';

/** `dmaheap lseek FD OFFSET WHENCE`. */
export function lseekCommand({ program, shell }: Registry): void {
  const command = completes(program.command('lseek'), 'fd')
    .summary('lseek(2): prints the position')
    .description(
      "lseek(2). On a buffer only offset 0 with SEEK_SET or SEEK_END works: it tells the buffer's size.",
    )
    .argument('<fd>', 'a descriptor')
    .argument('<offset>', 'bytes; -- before a negative one', readOffset)
    .argument('<whence>', 'SEEK_SET, SEEK_CUR, SEEK_END, or a number', readWhence)
    .addHelpText('after', examples('dmaheap lseek 4 0 SEEK_END', 'dmaheap lseek -- 4 -1 SEEK_END'))
    .action(async (word: string, offset: bigint, whence: number) => {
      const sh = shell(command);
      const fd = readDescriptor(word);
      const session = await sh.session('lseek');
      const ret = await makeCalls(sh, session, ({ must }) =>
        must(`lseek: ${fd} ${offset} ${whenceName(whence)}`, { call: 'lseek', fd, offset, whence }),
      );
      await sh.answer(
        () => ({ schema: 'dmaheap.lseek/1', fd, offset, whence: whenceName(whence), ret }),
        () => `${ret}\n`,
      );
    });
}
