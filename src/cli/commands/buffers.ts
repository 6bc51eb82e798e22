import { mustBeTask } from '../caller.ts';
import { bufferJson } from '../json/json.ts';
import { examples, type Registry } from '../registry.ts';
import { bufferColumns, renderBuffers } from '../render/buffers.ts';
import { addListOptions, type ListOptions, listWishes } from '../words/list-options.ts';

/** `dmaheap buffers`: every dma-buf. */
export function buffersCommand({ program, shell }: Registry): void {
  const command = program
    .command('buffers')
    .summary('the buffers')
    .description(
      "Lists every buffer: its descriptors, heap, size and where it starts. Descriptors of other tasks than the command's are shown as TASK:FD.",
    )
    .addHelpText(
      'after',
      examples('dmaheap buffers', `dmaheap buffers --json | jq '[.buffers[].size] | add'`),
    )
    .action(async (options: ListOptions) => {
      const sh = shell(command);
      const wishes = listWishes(options, sh.options.json);
      const session = await sh.session('buffers');
      const { buffers, profile } = session.view((kernel) => {
        if (sh.options.task !== undefined) mustBeTask(kernel, sh.task, 'buffers');
        return { buffers: kernel.buffers(), profile: kernel.info().banner };
      });
      await sh.answer(
        () => ({ schema: 'dmaheap.buffers/1', profile, buffers: buffers.map(bufferJson) }),
        (ink) => renderBuffers(buffers, ink, sh.task, sh.page, wishes),
      );
    });
  addListOptions(command, bufferColumns(''));
}
