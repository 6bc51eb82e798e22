import { heapJson } from '../json/json.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry, WITH_BOARD } from '../registry.ts';
import { renderHeaps } from '../render/heaps.ts';

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
    .action(async (options: BoardOptions) => {
      const sh = shell(command);
      const machine = await sh.machine('list', options);
      const { heaps, profile, warnings } = machine.view((kernel) => ({
        heaps: kernel.heaps(),
        warnings: kernel.warnings(),
        profile: kernel.info().banner,
      }));
      await sh.answer(
        () => ({ schema: 'dmaheap.heaps/1', profile, heaps: heaps.map(heapJson), warnings }),
        (ink) => `${profile}\n\n${renderHeaps(heaps, ink)}`,
      );
    });
  addBootInputs(command, WITH_BOARD);
  addSourceInputs(command, WITH_BOARD);
}
