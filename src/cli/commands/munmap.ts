import { makeCalls } from '../calls.ts';
import { UsageError } from '../failures.ts';
import { examples, type Registry } from '../registry.ts';

/** `dmaheap munmap N`: takes a mapping away. */
export function munmapCommand({ program, shell }: Registry): void {
  const command = program
    .command('munmap')
    .summary('take a mapping away')
    .description('Unmaps what mmap mapped. The last reference to a buffer frees it.')
    .argument('<mapping>', 'its number, as mmap printed it; map:N means the same')
    .addHelpText('after', examples('dmaheap munmap 1'))
    .action(async (word: string) => {
      const sh = shell(command);
      const digits = word.replace(/^map:/, '');
      if (!/^\d{1,9}$/.test(digits)) {
        throw new UsageError(`"${word}" is not a mapping`, 'A mapping is digits, as mmap printed them: 1');
      }
      const mapping = Number(digits);
      const session = await sh.session('munmap');
      await makeCalls(sh, session, ({ must }) => must(`munmap: ${mapping}`, { call: 'munmap', mapping }));
      await sh.answer(
        () => ({ schema: 'dmaheap.munmap/1', mapping }),
        () => '',
      );
    });
}
