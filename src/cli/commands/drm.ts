/** `dmaheap drm import|export|release`: what the file of a DRM device does with buffers. */
import { VERBS } from '../../program/verbs/index.ts';
import { examples, type Registry } from '../registry.ts';
import { verbCommand } from './verb.ts';

export function drmCommand({ program, shell }: Registry): void {
  const parent = program
    .command('drm')
    .summary('import a buffer through the file of a DRM device')
    .description(
      "What a program asks of an open node of /dev/dri: import a buffer under a handle, export it again, release it. There is a node for each device with --importer drm, and for vgem and vkms where the kernel's configuration has them. Closing the node (dmaheap free) releases its handles.",
    )
    .addHelpText(
      'after',
      examples(
        'dmaheap boot board.dtb --config DRM_VGEM=y',
        'drm=$(dmaheap open /dev/dri/card0) && fd=$(dmaheap alloc system 64K)',
        'handle=$(dmaheap drm import $drm $fd) && dmaheap drm export $drm $handle',
      ),
    );
  const registry: Registry = { program: parent, shell };
  for (const [name, verb] of Object.entries(VERBS)) {
    if ('under' in verb) verbCommand(name, verb, name.replace(`${verb.under}-`, ''))(registry);
  }
}
