import { Option } from 'commander';
import { UsageError } from '../failures.ts';
import { heapJson } from '../json/json.ts';
import { addBootInputs, type BoardOptions } from '../read/boot-inputs.ts';
import { addSourceInputs } from '../read/source-inputs.ts';
import { examples, type Registry } from '../registry.ts';
import { CHARGE_COLUMNS, HEAP_COLUMNS, renderHeaps } from '../render/heaps.ts';
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
        'dmaheap list --cgroup',
        'dmaheap list --board board.dtb --cmdline "cma=64M"',
      ),
    )
    .action(async (options: BoardOptions & ListOptions & { readonly cgroup?: boolean }) => {
      const sh = shell(command);
      const asked = listWishes(options, sh.options.json);
      if (options.cgroup && sh.options.json)
        throw new UsageError('--json has charges: --cgroup would be ignored');
      const wishes = options.cgroup ? { ...asked, output: CHARGE_COLUMNS } : asked;
      const machine = await sh.machine('list', options);
      const { heaps, profile, warnings } = machine.view((kernel) => ({
        heaps: kernel.heaps(),
        warnings: kernel.warnings(),
        profile: kernel.info().banner,
      }));
      const head = wishes.headings === false ? '' : `${profile}\n${sh.assumedMark}\n`;
      await sh.answer(
        () => ({ schema: 'dmaheap.heaps/1', profile, heaps: heaps.map(heapJson), warnings }),
        (ink) => `${head}${renderHeaps(heaps, ink, sh.page, wishes)}`,
      );
    });
  addListOptions(command, HEAP_COLUMNS);
  command.addOption(
    new Option('--cgroup', `which controller each heap charges: -o ${CHARGE_COLUMNS.join(',')}`).conflicts(
      'output',
    ),
  );
  addBootInputs(command, WITH_BOARD).addHelpText('after', BOARD_HELP);
  addSourceInputs(command, WITH_BOARD);
}
