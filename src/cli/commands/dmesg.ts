import { logJson } from '../json/json.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { droppedNote, ESTIMATES, renderLogLine, splitLog } from '../render/log.ts';
import { BOARD_HELP, WITH_BOARD } from '../words/with-board.ts';

/** `dmaheap dmesg`: the kernel log. */
export function dmesgCommand({ program, shell }: Registry): void {
  const command = program
    .command('dmesg')
    .summary('the kernel log')
    .description(
      "Prints the kernel log: the boot's lines about reserved memory, CMA and heaps, and those of calls. With --json the lines that a rate limit dropped are there too, marked.",
    )
    .option('-r, --raw', 'print the level before each line, as in <3>')
    .addHelpText(
      'after',
      examples('dmaheap dmesg', 'dmaheap dmesg --raw | grep "^<3>"', 'dmaheap dmesg --board board.yaml'),
    )
    .action(async (options: BoardOptions & { raw?: boolean }) => {
      const sh = shell(command);
      const machine = await sh.machine('dmesg', options);
      const { lines, gone, profile } = machine.view((kernel) => ({
        lines: [...kernel.printk.since()],
        gone: kernel.printk.dropped,
        profile: kernel.info().banner,
      }));
      const { shown, dropped } = splitLog(lines);
      await sh.answer(
        () => ({
          schema: 'dmaheap.log/1',
          profile,
          lines: lines.map(logJson),
          ...(gone > 0 && { no_longer_kept: gone }),
        }),
        (ink) => shown.map((line) => `${renderLogLine(line, options.raw, ink)}\n`).join(''),
      );
      if (shown.some(({ estimated }) => estimated === true)) sh.streams.err(`(${ESTIMATES})\n`);
      if (dropped > 0) sh.streams.err(`(${droppedNote(dropped)})\n`);
      if (gone > 0) sh.streams.err(`(${gone} old lines, after the boot's, are no longer kept)\n`);
    });
  addBootInputs(command, WITH_BOARD).addHelpText('after', BOARD_HELP);
  addSourceInputs(command, WITH_BOARD);
}
