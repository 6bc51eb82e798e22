import { regionJson } from '../json/json.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { REGION_COLUMNS, renderRegions } from '../render/regions.ts';
import { addListOptions, type ListOptions, listWishes } from '../words/list-options.ts';
import { BOARD_HELP, WITH_BOARD } from '../words/with-board.ts';

/** `dmaheap regions`: the reserved-memory nodes and what became of them. */
export function regionsCommand({ program, shell }: Registry): void {
  const command = program
    .command('regions')
    .summary('the reserved-memory nodes, and why one is no heap')
    .description(
      'Lists every /reserved-memory node and the default CMA area: where it lies, what became of it, which heaps it has, and why it has none.',
    )
    .addHelpText(
      'after',
      examples(
        'dmaheap regions',
        'dmaheap regions --board board.dtb --coherent off',
        `dmaheap regions --json | jq '.regions[] | select(.why) | {name, why}'`,
      ),
    )
    .action(async (options: BoardOptions & ListOptions) => {
      const sh = shell(command);
      const wishes = listWishes(options, sh.options.json);
      const machine = await sh.machine('regions', options);
      const { regions, profile } = machine.view((kernel) => ({
        regions: kernel.regions(),
        profile: kernel.info().banner,
      }));
      const head = wishes.headings === false ? '' : `${profile}\n\n`;
      await sh.answer(
        () => ({ schema: 'dmaheap.regions/1', profile, regions: regions.map(regionJson) }),
        (ink) => `${head}${renderRegions(regions, ink, sh.page, wishes)}`,
      );
    });
  addListOptions(command, REGION_COLUMNS);
  addBootInputs(command, WITH_BOARD).addHelpText('after', BOARD_HELP);
  addSourceInputs(command, WITH_BOARD);
}
