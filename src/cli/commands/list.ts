import { heapJson } from '../json/json.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { HEAP_COLUMNS, renderHeaps } from '../render/heaps.ts';
import { addListOptions, type ListOptions, listWishes } from '../words/list-options.ts';
import { BOARD_HELP, WITH_BOARD } from '../words/with-board.ts';

/** `dmaheap list`: the heaps. */
export function listCommand({ program, shell }: Registry): void {
  const command = program
    .command('list')
    .summary('the heaps')
    .description('Lists the heaps of /dev/dma_heap: what is behind each, where, how much is free.')
    .addHelpText(
      'after',
      examples(
        'dmaheap list',
        'dmaheap list --json | jq -r ".heaps[].name"',
        'dmaheap list --board board.dtb --cmdline "cma=64M"',
      ),
    )
    .action(async (options: BoardOptions & ListOptions) => {
      const sh = shell(command);
      const wishes = listWishes(options, sh.options.json);
      const machine = await sh.machine('list', options);
      const { heaps, profile, warnings } = machine.view((kernel) => ({
        heaps: kernel.heaps(),
        warnings: kernel.warnings(),
        profile: kernel.info().banner,
      }));
      const head = wishes.headings === false ? '' : `${profile}\n\n`;
      await sh.answer(
        () => ({ schema: 'dmaheap.heaps/1', profile, heaps: heaps.map(heapJson), warnings }),
        (ink) => `${head}${renderHeaps(heaps, ink, sh.page, wishes)}`,
      );
    });
  addListOptions(command, HEAP_COLUMNS);
  addBootInputs(command, WITH_BOARD).addHelpText('after', BOARD_HELP);
  addSourceInputs(command, WITH_BOARD);
}
