import { BootPanic } from '../failures.ts';
import { regionJson } from '../json/json.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry, WITH_BOARD } from '../registry.ts';
import { renderRegions } from '../render/regions.ts';
import type { Shell } from '../shell.ts';

/** Tells what had become of the regions when a boot died. As JSON they stand beside the error. @throws the error */
async function regionsOfPanic(sh: Shell, error: unknown): Promise<never> {
  if (error instanceof BootPanic && sh.options.json !== true) {
    sh.streams.out(renderRegions(error.outcome.regions ?? [], await sh.ink('out')));
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
    .action(async (options: BoardOptions) => {
      const sh = shell(command);
      const machine = await sh.machine('regions', options).catch((error) => regionsOfPanic(sh, error));
      const { regions, profile, warnings } = machine.view((kernel) => ({
        regions: kernel.regions(),
        warnings: kernel.warnings(),
        profile: kernel.info().banner,
      }));
      await sh.warn(warnings);
      await sh.answer(
        () => ({ schema: 'dmaheap.regions/1', profile, regions: regions.map(regionJson), warnings }),
        (ink) => `${profile}\n\n${renderRegions(regions, ink)}`,
      );
    });
  addBootInputs(command, WITH_BOARD);
  addSourceInputs(command, WITH_BOARD);
}
