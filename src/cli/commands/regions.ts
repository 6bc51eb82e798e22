import { BootPanic } from '../failures.ts';
import { regionJson } from '../json/json.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { REGION_COLUMNS, renderRegions } from '../render/regions.ts';
import type { Shell } from '../shell.ts';
import type { ListWishes } from '../terminal/list-table.ts';
import { addListOptions, type ListOptions, listWishes } from '../words/list-options.ts';
import { BOARD_HELP, WITH_BOARD } from '../words/with-board.ts';

/** Tells what had become of the regions when a boot died. As JSON they stand beside the error. @throws the error */
async function regionsOfPanic(sh: Shell, error: unknown, wishes: ListWishes): Promise<never> {
  if (error instanceof BootPanic && sh.options.json !== true) {
    sh.streams.out(renderRegions(error.outcome.regions ?? [], await sh.ink('out'), sh.page, wishes));
  }
  throw error;
}

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
      const machine = await sh
        .machine('regions', options)
        .catch((error) => regionsOfPanic(sh, error, wishes));
      const { regions, profile, warnings } = machine.view((kernel) => ({
        regions: kernel.regions(),
        warnings: kernel.warnings(),
        profile: kernel.info().banner,
      }));
      const head = wishes.headings === false ? '' : `${profile}\n${sh.assumedMark}\n`;
      await sh.warn(warnings);
      await sh.answer(
        () => ({ schema: 'dmaheap.regions/1', profile, regions: regions.map(regionJson), warnings }),
        (ink) => `${head}${renderRegions(regions, ink, sh.page, wishes)}`,
      );
    });
  addListOptions(command, REGION_COLUMNS);
  addBootInputs(command, WITH_BOARD).addHelpText('after', BOARD_HELP);
  addSourceInputs(command, WITH_BOARD);
}
