import { examples, type Registry } from '../registry.ts';
import { readSeconds } from '../words/arguments.ts';

/** `dmaheap sleep SECONDS`: lets the emulated kernel's time pass. */
export function sleepCommand({ program, shell }: Registry): void {
  const command = program
    .command('sleep')
    .summary("let the emulated kernel's time pass")
    .description(
      "Advances the emulated kernel's clock, which stands still otherwise. It matters for the log, whose rate limits drop lines: 10 in 5 seconds. Returns at once.",
    )
    .argument('<seconds>', 'fractions allowed', readSeconds)
    .addHelpText('after', examples('dmaheap sleep 6'))
    .action(async (nanoseconds: number) => {
      const sh = shell(command);
      const session = await sh.session('sleep');
      const time = sh.transact(session, ({ kernel, call }) => {
        call({ call: 'sleep', nanoseconds });
        return kernel.printk.time;
      });
      await sh.answer(
        () => ({ schema: 'dmaheap.time/1', time }),
        () => '',
      );
    });
}
