import { heapJson } from '../json/json.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry, WITH_BOARD } from '../registry.ts';
import { renderCharges, renderHeaps } from '../render/heaps.ts';

/** `dmaheap list`: the heaps. */
export function listCommand({ program, shell }: Registry): void {
  const command = program
    .command('list')
    .summary('the heaps')
    .description('Lists the heaps of /dev/dma_heap: what is behind each, where, how much is free.')
    .option('--cgroup', 'which controller of cgroups each heap charges, and the switch that turns it on')
    .addHelpText(
      'after',
      examples(
        'dmaheap list',
        'dmaheap list --json | jq -r ".heaps[].name"',
        'dmaheap list --cgroup',
        'dmaheap list --board board.dtb --cmdline "cma=64M"',
      ),
    )
    .action(async (options: BoardOptions & { readonly cgroup?: boolean }) => {
      const sh = shell(command);
      const machine = await sh.machine('list', options);
      const { heaps, profile } = machine.view((kernel) => ({
        heaps: kernel.heaps(),
        profile: kernel.info().banner,
      }));
      await sh.answer(
        () => ({ schema: 'dmaheap.heaps/1', profile, heaps: heaps.map(heapJson) }),
        (ink) =>
          `${profile}\n\n${options.cgroup === true ? renderCharges(heaps, ink) : renderHeaps(heaps, ink)}`,
      );
    });
  addBootInputs(command, WITH_BOARD);
  addSourceInputs(command, WITH_BOARD);
}
