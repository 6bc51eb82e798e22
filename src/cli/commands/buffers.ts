import { bufferJson } from '../json/json.ts';
import { examples, type Registry } from '../registry.ts';
import { renderBuffers } from '../render/buffers.ts';

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
    .action(async () => {
      const sh = shell(command);
      const session = await sh.session('buffers');
      const { buffers, profile } = session.view((kernel) => ({
        buffers: kernel.buffers(),
        profile: kernel.info().banner,
      }));
      await sh.answer(
        () => ({ schema: 'dmaheap.buffers/1', profile, buffers: buffers.map(bufferJson) }),
        (ink) => renderBuffers(buffers, ink, sh.task),
      );
    });
}
