import { KERNELS } from '../../profile/kernels.ts';
import { NAMING_A_KERNEL } from '../help-topics.ts';
import { examples, type Registry } from '../registry.ts';
import { kernelsJson, kernelsText } from '../render/kernels.ts';

/** `dmaheap kernels`: which Linux can be spoken for, and what stands behind it. */
export function kernelsCommand({ program, shell }: Registry): void {
  const command = program
    .command('kernels')
    .summary('the kernels that --kernel names, and what stands behind each')
    .description(
      'Lists the kernels that --kernel names: what each was recorded from, or that it is unverified; then what differs between them, with the function of the kernel that decides it and what shows it.',
    )
    .addHelpText(
      'after',
      `${NAMING_A_KERNEL}\n` +
        examples(
          'dmaheap kernels',
          "dmaheap kernels --json | jq -r '.kernels[] | select(.unverified) | .release'",
          'dmaheap boot board.dtb --kernel 6.12.105',
        ),
    )
    .action(async () => {
      const sh = shell(command);
      const { KERNEL_DIFFERENCES } = await import('../../profile/kernel-differences.ts');
      await sh.answer(
        () => kernelsJson(KERNELS, KERNEL_DIFFERENCES),
        (ink) => kernelsText(KERNELS, KERNEL_DIFFERENCES, ink, sh.page),
      );
    });
}
