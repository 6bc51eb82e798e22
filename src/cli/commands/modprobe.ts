import type { HeapView } from '../../kernel/views/views.ts';
import { makeCalls } from '../calls.ts';
import { heapJson } from '../json/json.ts';
import { examples, type Registry } from '../registry.ts';
import { renderHeaps } from '../render/heaps.ts';

/** `dmaheap modprobe MODULE`: the heaps of a module that boot did not load. */
export function modprobeCommand({ program, shell }: Registry): void {
  const command = program
    .command('modprobe')
    .summary("load a heap's module")
    .description(
      'Loads system_heap, coherent_heap or cma_heap, where boot was told to leave it out (--fault module=cma_heap): its heaps appear, with the next minors, and are printed. One that is loaded stays as it is. No heap can be unloaded, as in Linux.',
    )
    .argument('<module>', 'system_heap, coherent_heap or cma_heap')
    .option('-r, --remove', 'unload it, which Linux refuses')
    .addHelpText(
      'after',
      examples('dmaheap boot board.dtb --fault module=cma_heap', 'dmaheap modprobe cma_heap'),
    )
    .action(async (module: string, { remove = false }: { remove?: boolean }) => {
      const sh = shell(command);
      const session = await sh.session('modprobe');
      const heaps = await makeCalls(sh, session, ({ kernel, must }): readonly HeapView[] => {
        const before = new Set(kernel.heaps().map(({ minor }) => minor));
        const call = remove ? 'delete_module' : 'modprobe';
        must(`modprobe${remove ? ' -r' : ''}: ${module}`, { call, module });
        return kernel.heaps().filter(({ minor }) => !before.has(minor));
      });
      await sh.answer(
        () => ({ schema: 'dmaheap.modprobe/1', module, heaps: heaps.map(heapJson) }),
        (ink) => (heaps.length === 0 ? '' : renderHeaps(heaps, ink, sh.page)),
      );
    });
}
